"""A packet-level protocol inspector for the terminal."""

__version__ = "0.1.0"
