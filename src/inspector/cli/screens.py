"""Starts the screens."""

from inspector.cli.options import Source


def run_screens(source: Source | None, display_filter: str | None) -> int:
    """Open the screens on a capture, or the start screen without one; returns the exit code."""
    from inspector.session import Options
    from inspector.tui import run_tui

    if source is None:
        from inspector.cli.watching import watch_from_start

        return watch_from_start()
    return run_tui(
        source.path, Options(decode_as=source.decode_as, thrift=source.thrift, proto=source.proto), display_filter
    )
