"""One file per protocol; each ends in `PROTOCOL = Protocol(...)` and is found by itself."""
