"""A packet-level protocol inspector for the terminal."""

import os

__version__ = "0.1.0"

# NumPy's linear algebra starts a thread for each core when it is imported; nothing here needs them
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
