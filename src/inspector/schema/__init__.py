"""Schemas that give names and types to bytes: `.thrift` files."""
