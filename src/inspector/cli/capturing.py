"""Captures, and prints messages as they are seen."""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import click

from inspector.capture.live.errors import CaptureFailedError
from inspector.capture.live.recording import Recording
from inspector.cli.colour import painter
from inspector.cli.output import Output
from inspector.engine.detect import protocols
from inspector.engine.live import LiveDecoder
from inspector.export.live import LiveRows
from inspector.export.words import plural
from inspector.session import Options, Session, load_schemas

POLL: Final = 0.05
"""Seconds between two looks at the growing file."""
LINGER: Final = 0.4
"""Seconds that the capture goes on after the command ended: its last packets are still on their way."""
STDOUT: Final = "-"


@dataclass(slots=True)
class Request:
    """What to do with the packets: write them to `write` ("": nowhere, "-": standard output), print their messages."""

    options: Options
    write: str = ""
    jsonl: bool = False
    color: str = "auto"
    quiet: bool = False
    command: tuple[str, ...] = ()


class Place:
    """The file that packets are written to; one that nobody named is removed at the end."""

    def __init__(self, write: str) -> None:
        self.kept = bool(write)
        if write:
            self.path = write
            try:
                self.file: IO[bytes] = Path(write).open("wb")  # noqa: SIM115 (outlives this call)
            except OSError as error:
                raise click.UsageError(f"{write}: cannot be written: {(error.strerror or '').lower()}") from None
        else:
            handle, self.path = tempfile.mkstemp(prefix="inspector-", suffix=".pcapng")
            self.file = os.fdopen(handle, "wb")

    def close(self) -> None:
        """Close it, and remove it when nobody wants it."""
        self.file.close()
        if not self.kept:
            Path(self.path).unlink(missing_ok=True)


class Follower:
    """Prints the messages of a capture that goes on."""

    def __init__(self, path: str, request: Request) -> None:
        protocols()  # what takes a moment is done before there is traffic
        self.decoder = LiveDecoder(path, load_schemas(request.options), request.options.decode_as)
        self.rows = LiveRows(self.decoder, painter(request.color, sys.stdout))
        self.output = Output()
        self.request = request
        self.printed = 0

    def look(self) -> bool:
        """Print what is new; False when there were no new packets."""
        before = self.decoder.packets
        self._print_all(finished=False)
        return self.decoder.packets > before

    def finish(self) -> None:
        """Print all that is left."""
        while self.look():
            pass
        self._print_all(finished=True)

    def _print_all(self, finished: bool) -> None:
        messages = self.decoder.finish() if finished else self.decoder.poll(time.monotonic())
        for message in messages:
            if self.request.jsonl:
                self.output.record(self.rows.record(message))
            else:
                self.output.line(self.rows.line(message))
        self.printed += len(messages)
        self.output.close()


def follow(recording: Recording, place: Place, request: Request) -> int:
    """Print messages until the capture ends, by itself, by Ctrl+C or with the command; returns the exit code."""
    stop = _until_interrupted()
    follower = Follower(place.path, request)
    command = _start(request.command)
    end = 0.0
    try:
        while recording.running and not stop:
            busy = follower.look()
            if command is not None and command.poll() is not None:
                end = end or time.monotonic() + LINGER
                if time.monotonic() >= end:
                    break
            if not busy:
                time.sleep(POLL)
    finally:
        recording.stop()
        if command is not None and command.poll() is None:
            command.terminate()
    follower.finish()
    _tell_end(recording, place, request, follower)
    if command is not None:
        _tell_why(place.path, request, command)
    if recording.status.error:
        raise CaptureFailedError(recording.status.error)
    return 0


def pass_on(recording: Recording, request: Request) -> int:
    """The packets go to standard output: only wait."""
    stop = _until_interrupted()
    command = _start(request.command)
    while recording.running and not stop:
        time.sleep(POLL)
        if command is not None and command.poll() is not None:
            time.sleep(LINGER)
            break
    recording.stop()
    if not request.quiet:
        click.echo(f"inspector: {_counts(recording)}", err=True)
    return 0


def _until_interrupted() -> list[int]:
    """A list that is no longer empty once the user wants to stop."""
    stop: list[int] = []

    def note(number: int, _: object) -> None:
        stop.append(number)

    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGTERM, note)
    return stop


def _start(words: tuple[str, ...]) -> "subprocess.Popen[bytes] | None":
    """Run the command; what it prints goes to stderr, as stdout is for messages."""
    if not words:
        return None
    try:
        return subprocess.Popen(list(words), stdout=sys.stderr.fileno())  # noqa: S603
    except OSError as error:
        raise click.UsageError(f"{words[0]}: {(error.strerror or str(error)).lower()}") from None


def _counts(recording: Recording) -> str:
    status = recording.status
    return f"{plural(status.packets, 'packet')} captured, {status.dropped} dropped by the kernel"


def _tell_end(recording: Recording, place: Place, request: Request, follower: Follower) -> None:
    if request.quiet:
        return
    flows = plural(len(follower.decoder.flows), "flow")
    click.echo(f"inspector: {_counts(recording)}; {plural(follower.printed, 'message')} in {flows}", err=True)
    if place.kept:
        click.echo(f"inspector: written to {place.path}; open it with: inspector {shlex.quote(place.path)}", err=True)


def _tell_why(path: str, request: Request, command: "subprocess.Popen[bytes]") -> None:
    """What went wrong between the command and the server."""
    from inspector.export.diagnosis import finding_lines

    click.echo(f"inspector: {shlex.join(request.command)} ended with {command.wait()}", err=True)
    if request.jsonl:
        return
    session = Session.open(path, request.options)
    findings = session.findings()
    output = Output()
    for finding in findings:
        output.lines(["", *finding_lines(session, finding, painter(request.color, sys.stdout))])
    if not findings:
        output.lines(["", "Nothing wrong was found."])
    output.close()
