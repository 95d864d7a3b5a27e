"""Starts a capture and the screens over it."""

import os
import shlex
import tempfile
import time
from pathlib import Path
from typing import IO

import click

from inspector.capture.live.recording import Recording, record, relay
from inspector.capture.live.settings import Settings
from inspector.capture.live.tap import parse_end
from inspector.following import Following, Row
from inspector.session import Options, Progress, Session


class Watched:
    """A recording and the process that decodes it, as the live screen asks for them."""

    def __init__(self, name: str, path: str, recording: Recording, options: Options) -> None:
        self.name = name
        self.path = path
        self.recording = recording
        self.following = Following(path, options)
        self.over = False

    @property
    def rows(self) -> list[Row]:
        return self.following.rows

    @property
    def packets(self) -> int:
        return self.recording.status.packets

    @property
    def dropped(self) -> int:
        return self.recording.status.dropped

    @property
    def ring(self) -> float:
        return self.recording.status.ring

    @property
    def lag(self) -> float:
        return self.following.lag

    @property
    def running(self) -> bool:
        return self.recording.running

    @property
    def error(self) -> str:
        return self.recording.status.error or self.following.issue

    def stop(self) -> None:
        """End the capture, then decode what is left."""
        if not self.over:
            self.over = True
            self.recording.stop()
            self.following.finish()


def watch(settings: Settings, write: str, options: Options) -> int:
    """Capture and show it. Raises NoRightError, CaptureFailedError."""
    path, file = _place(write, settings.interface)
    with file:
        try:
            recording = record(settings, file)
        except Exception:
            _forget(path)
            raise
        name = f"{settings.interface} {settings.bpf}".strip()
        return _show(Watched(name, path, recording, options), options)


def watch_tap(listen: str, target: str, write: str, options: Options) -> int:
    """Relay and show it. Raises UsageError, NoRightError, CaptureFailedError."""
    parse_end(listen)
    parse_end(target)
    path, file = _place(write, "tap")
    with file:
        try:
            recording = relay(listen, target, file)
        except Exception:
            _forget(path)
            raise
        return _show(Watched(f"{recording.status.started} to {target}", path, recording, options), options)


def _show(watched: Watched, options: Options) -> int:
    from inspector.tui.live import run_live

    def opener(path: str, progress: Progress) -> Session:
        return Session.open(path, options, progress)

    try:
        code = run_live(opener, watched)
    finally:
        watched.stop()
        status = watched.recording.status
        click.echo(f"inspector: {status.packets} packets captured, {status.dropped} dropped by the kernel", err=True)
        click.echo(f"inspector: kept in {watched.path}; open it with: inspector {shlex.quote(watched.path)}", err=True)
    return code


def _place(write: str, name: str) -> tuple[str, IO[bytes]]:
    """The file that packets are kept in, whatever happens to the screens."""
    if write:
        try:
            return write, Path(write).open("wb")
        except OSError as error:
            raise click.UsageError(f"{write}: cannot be written: {(error.strerror or '').lower()}") from None
    stamp = time.strftime("%Y%m%d-%H%M%S")
    handle, path = tempfile.mkstemp(prefix=f"inspector-{name}-{stamp}-", suffix=".pcapng")
    return path, os.fdopen(handle, "wb")


def _forget(path: str) -> None:
    if not Path(path).stat().st_size:
        Path(path).unlink()
