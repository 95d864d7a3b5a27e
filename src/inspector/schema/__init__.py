"""Schemas that give names and types to bytes: `.thrift` and `.proto` files, descriptor sets."""
