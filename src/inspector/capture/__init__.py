"""Capture files: reading them as columns, writing pcapng, and scapy's tree for what we do not decode."""
