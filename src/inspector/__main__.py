"""`python -m inspector`."""

import sys

from inspector.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
