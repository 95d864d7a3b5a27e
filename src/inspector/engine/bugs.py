"""Bugs of decoders: told beside the bytes they happened at, which are kept."""

import os
from typing import Final

from inspector.model.errors import Malformed

DEBUG: Final = "INSPECTOR_DEBUG"
"""With "1" in this variable of the environment a bug ends the program and shows where it is."""


def told(bug: Exception, protocol: str, offset: int) -> Malformed:
    """A bug in a decoder as an error at the buffer offset where it was; raises it itself for who looks for bugs."""
    if os.environ.get(DEBUG) == "1":
        raise bug
    return Malformed(offset, f"the {protocol} decoder failed here, a bug: {type(bug).__name__}: {bug}")
