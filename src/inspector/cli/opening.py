"""Opens the capture that a command is about."""

import gc
import sys
from typing import Final

import click

from inspector.cli.options import Reading
from inspector.cli.progress import ProgressLine
from inspector.session import Session

ROWS_BETWEEN_COLLECTIONS: Final = 500_000
"""Objects made between runs of the cyclic collector: messages and trees hold no cycles worth looking for earlier."""

PARTLY: Final = 4
"""Exit code for a capture that is cut or could be decoded only in part."""


def open_session(path: str, how: Reading) -> Session:
    """Decode the capture; what is wrong with the file is said on stderr. Raises CaptureError and UsageError."""
    gc.set_threshold(ROWS_BETWEEN_COLLECTIONS, 50, 100)
    progress = ProgressLine(how.quiet)
    try:
        session = Session.open(path, how.options(), progress)
    finally:
        progress.done()
    if not how.quiet:
        for issue in session.issues:
            click.echo(f"inspector: {in_file(session, issue)}", err=True)
        sys.stderr.flush()
    return session


def in_file(session: Session, issue: str) -> str:
    """An issue that names its file."""
    return issue if session.path in issue else f"{session.path}: {issue}"


def exit_code(session: Session) -> int:
    """0, or PARTLY for a capture that could not be read whole."""
    return PARTLY if session.issues else 0
