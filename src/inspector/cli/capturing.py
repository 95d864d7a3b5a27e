"""Captures, and waits for what ends that: the user, a limit, or the command whose traffic it is."""

import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import click

from inspector.capture.live.recording import Recording, follow_file, record
from inspector.capture.live.settings import Settings
from inspector.cli.options import Reading
from inspector.export.words import plural

POLL: Final = 0.05
"""Seconds between two looks at the growing file."""
LINGER: Final = 0.4
"""Seconds that the capture goes on after the command ended: its last packets are still on their way."""
PATIENCE: Final = 5.0
"""Seconds for a command to end when it is asked to."""
STDOUT: Final = "-"
FAILED: Final = 1
"""Exit code for a command that failed: the capture did not."""


@dataclass(slots=True)
class Request:
    """What to do with the packets: write them to `write` ("": nowhere, "-": standard output), print their messages."""

    how: Reading
    write: str = ""
    jsonl: bool = False
    command: tuple[str, ...] = ()

    @property
    def only_packets(self) -> bool:
        """Whether nobody wants to see messages."""
        return self.how.quiet and bool(self.write) and not self.jsonl and not self.command


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
        """Close it, and remove it when nobody wants it, or nothing was captured."""
        state = os.fstat(self.file.fileno())
        self.file.close()
        if not self.kept or (stat.S_ISREG(state.st_mode) and not state.st_size):
            Path(self.path).unlink(missing_ok=True)


class Command:
    """The command whose traffic is captured, if there is one."""

    def __init__(self, request: Request) -> None:
        self.words = request.command
        self.quiet = request.how.quiet
        self.process: subprocess.Popen[bytes] | None = None
        self.stopped = False

    def start(self) -> None:
        """Run it; what it prints goes to stderr, as stdout is for messages. Raises UsageError."""
        if self.words:
            try:
                self.process = subprocess.Popen(list(self.words), stdout=sys.stderr.fileno())  # noqa: S603
            except OSError as error:
                raise click.UsageError(f"{self.words[0]}: {(error.strerror or str(error)).lower()}") from None

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """The capture is over: end it, too."""
        if self.process is not None and self.process.poll() is None:
            self.stopped = True
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def exit_code(self) -> int:
        """What its end means for ours."""
        return FAILED if self.process is not None and self.process.returncode and not self.stopped else 0

    def tell_end(self) -> None:
        """Say how it ended."""
        if self.process is not None and (not self.quiet or self.exit_code):
            how = "was stopped with the capture" if self.stopped else f"ended with {self.process.returncode}"
            click.echo(f"inspector: {shlex.join(self.words)} {how}", err=True)


def check_command(words: tuple[str, ...]) -> None:
    """Raise UsageError for a command that is not there, before anything is captured."""
    if words and shutil.which(words[0]) is None:
        raise click.UsageError(f"{words[0]}: no such command")


def capture(settings: Settings, request: Request, stdout: IO[bytes]) -> int:
    """Capture as the request wants it; returns the exit code. Raises InspectorError."""
    stop = until_interrupted()
    if request.write == STDOUT:
        return pass_on(record(settings, stdout), request, stop)
    if settings.files or settings.next_size or settings.next_duration:
        with Path(os.devnull).open("wb") as nowhere:
            return pass_on(record(settings, nowhere), request, stop)
    place = Place(request.write)
    try:
        recording = record(settings, place.file)
        if not request.how.quiet:
            how = "" if recording.status.source == "ring" else f" by {recording.status.source}"
            only = f", filter {settings.bpf}" if settings.bpf else ""
            click.echo(f"inspector: capturing on {recording.status.started}{only}{how}; Ctrl+C stops", err=True)
        return pass_on(recording, request, stop) if request.only_packets else follow(recording, place, request, stop)
    finally:
        place.close()


def follow_tail(path: str, request: Request) -> int:
    """Print the messages of a file that grows, or of standard input. Raises InspectorError."""
    if request.write and path != STDOUT and Path(request.write).exists() and Path(request.write).samefile(path):
        raise click.UsageError(f"{path}: is the capture being followed; choose another name for -w")
    stop = until_interrupted()
    place = Place(request.write)
    try:
        recording = follow_file(path, place.file)
        if not request.how.quiet:
            click.echo(f"inspector: following {path if path != STDOUT else 'standard input'}; Ctrl+C stops", err=True)
        return follow(recording, place, request, stop)
    finally:
        place.close()


def follow(recording: Recording, place: Place, request: Request, stop: list[int]) -> int:
    """Print messages until the capture ends, by itself, by Ctrl+C or with the command; returns the exit code.

    `stop` comes from `until_interrupted`.
    """
    # what decodes takes a moment to load: a capture alone does without
    from inspector.cli.follower import Follower, print_why

    command = Command(request)
    try:
        follower = Follower(place.path, request.how, request.jsonl)
        command.start()
        _wait(recording, stop, command, follower.look)
    finally:
        recording.stop()
    follower.finish()
    if not request.how.quiet:
        click.echo(f"inspector: {_counts(recording)}; {follower.counts()}", err=True)
        if place.kept:
            click.echo(
                f"inspector: written to {place.path}; open it with: inspector {shlex.quote(place.path)}", err=True
            )
    command.tell_end()
    if request.command and not request.jsonl:
        print_why(place.path, request.how)
    recording.check()
    return command.exit_code


def pass_on(recording: Recording, request: Request, stop: list[int]) -> int:
    """Nobody wants to see messages: only wait."""
    command = Command(request)
    try:
        command.start()
        _wait(recording, stop, command, lambda: False)
    finally:
        recording.stop()
    if not request.how.quiet:
        for name in recording.status.files:
            click.echo(f"inspector: written to {name}", err=True)
        click.echo(f"inspector: {_counts(recording)}", err=True)
    command.tell_end()
    recording.check()
    return command.exit_code


def _wait(recording: Recording, stop: list[int], command: Command, look: Callable[[], bool]) -> None:
    """Look at what is new until the capture or the command ends, or the user stops both."""
    end = 0.0
    try:
        while recording.running and not stop:
            busy = look()
            if command.over:
                end = end or time.monotonic() + LINGER
                if time.monotonic() >= end:
                    break
            if not busy:
                time.sleep(POLL)
    finally:
        command.stop()


def until_interrupted() -> list[int]:
    """A list that is no longer empty once the user wants to stop."""
    stop: list[int] = []

    def note(number: int, _: object) -> None:
        stop.append(number)

    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGTERM, note)
    return stop


def _counts(recording: Recording) -> str:
    status = recording.status
    if status.source in {"file", "stdin"}:
        return f"{plural(status.packets, 'packet')} read"
    return f"{plural(status.packets, 'packet')} captured, {status.dropped} dropped by the kernel"
