"""The display-filter language: Wireshark's syntax over anything that can look up a field's values by name."""

from inspector.query.language import Filter, compile_filter
from inspector.query.none import why_none

__all__ = ["Filter", "compile_filter", "why_none"]
