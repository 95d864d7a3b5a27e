"""Captures that go on while screens look at them: each is a recording, and a process that decodes it."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from inspector.capture.live.recording import Drop, Recording, record, relay
from inspector.capture.live.settings import Settings
from inspector.capture.live.tap import parse_end
from inspector.following import Following
from inspector.model.errors import UsageError
from inspector.session import Options
from inspector.spool import Rows

PREFIX: Final = "inspector-live-"
"""What the files of captures begin with that nobody named."""
RING: Final = "ring"

Begin = Callable[[IO[bytes]], Recording]


class Watched:
    """One capture; `path` is where its packets are, `wanted` the display filter of its rows."""

    def __init__(self, watcher: "Watcher", name: str, bpf: str, place: "Place", begin: Begin) -> None:
        self.watcher = watcher
        self.name = name
        self.bpf = bpf
        self.begin = begin
        self.place = place
        self.wanted = watcher.wanted
        with place.open() as file:
            # the process that decodes takes longer to be ready than the one that captures
            self.following = Following(place.path, watcher.options, self.wanted)
            try:
                self.recording = begin(file)
            except Exception:
                self.following.close()
                place.forget()
                raise
        self.over = False
        self.issue = ""

    @property
    def path(self) -> str:
        """Where the packets are."""
        return self.place.path

    @property
    def rows(self) -> Rows:
        """The messages so far that match."""
        return self.following.rows

    @property
    def packets(self) -> int:
        """Packets captured."""
        return max(self.recording.status.packets, self.following.packets)

    @property
    def decoded(self) -> int:
        """Packets decoded."""
        return self.following.packets

    @property
    def messages(self) -> int:
        """Messages decoded, matching or not."""
        return self.following.messages

    @property
    def dropped(self) -> int:
        """Packets that the kernel had no room for."""
        return self.recording.status.dropped

    @property
    def drops(self) -> list[Drop]:
        """When packets were dropped, and how many."""
        return self.recording.status.drops

    @property
    def ring(self) -> float:
        """The part of the kernel's buffer in use, 0 to 1."""
        return self.recording.status.ring

    @property
    def lag(self) -> float:
        """Seconds from the wire to the newest row."""
        return self.following.lag

    @property
    def running(self) -> bool:
        """Whether it still captures."""
        return self.recording.running

    @property
    def error(self) -> str:
        """Why it broke off."""
        if not self.over and self.recording.failure:
            return self.recording.failure
        if not self.over and not self.following.running and not self.following.issue:
            return "the decoding process was ended by something else; / and Enter decode again"
        return self.recording.status.error or self.following.issue or self.issue

    def look_for(self, wanted: str) -> None:
        """Show the messages that match the display filter `wanted`, from the first on."""
        before, self.wanted = self.following, wanted
        self.following = Following(self.path, self.watcher.options, wanted)
        before.close()
        if self.over:
            self.following.finish()

    def save(self, target: str) -> None:
        """Keep the capture at `target` from now on; packets still to come are added when it ends. Raises OSError."""
        # the process reports between two writes: so much of the file is whole blocks
        status = self.recording.status
        whole = status.bytes if self.running and status.source == RING and status.bytes else None
        self.place.save(target, whole)
        if not self.running:
            self._settle()

    def again(self) -> "Watched":
        """Capture the same once more, into another file. Raises NoRightError, CaptureFailedError."""
        return self.watcher.start(self.name, self.bpf, self.begin)

    def stop(self) -> None:
        """End the capture, then decode what is left."""
        if not self.over:
            self.over = True
            self.recording.stop()
            self.following.finish()
            self._settle()

    def close(self) -> None:
        """End the capture and the decoding."""
        if not self.over:
            self.over = True
            self.recording.stop()
            self._settle()
        self.following.close()

    def _settle(self) -> None:
        try:
            self.place.settle()
        except OSError as error:
            self.issue = f"{self.place.target}: {error.strerror}; all packets are in {self.place.path}"


class Place:
    """The file that packets are kept in, whatever happens to the screens, and where the user wants it."""

    def __init__(self, path: str, name: str) -> None:
        self.named = path != ""
        self.path = path
        self.target = ""
        self.copied = 0
        if not path:
            stamp = time.strftime("%Y%m%d-%H%M%S")
            handle, self.path = tempfile.mkstemp(prefix=f"{PREFIX}{name}-{stamp}-", suffix=".pcapng")
            os.close(handle)

    def open(self) -> IO[bytes]:
        """For writing. Raises UsageError."""
        try:
            return Path(self.path).open("wb")
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be written: {(error.strerror or '').lower()}") from None

    def forget(self) -> None:
        """Nothing was captured."""
        if not Path(self.path).stat().st_size:
            Path(self.path).unlink()

    def save(self, target: str, whole: int | None) -> None:
        """Copy the first `whole` bytes to `target` (None: all). Raises OSError."""
        if Path(target).exists() and Path(target).samefile(self.path):
            return
        with Path(self.path).open("rb") as source, Path(target).open("wb") as out:
            left = os.fstat(source.fileno()).st_size if whole is None else whole
            while left > 0 and (part := source.read(min(left, 1 << 20))):
                left -= out.write(part)
            self.copied = out.tell()
        self.target = target

    def settle(self) -> None:
        """The file is whole: add to the copy what came since, and keep only that. Raises OSError."""
        if not self.target:
            return
        with Path(self.path).open("rb") as source, Path(self.target).open("ab") as out:
            source.seek(self.copied)
            shutil.copyfileobj(source, out)
        if not self.named:
            Path(self.path).unlink()
        self.path, self.target, self.named = self.target, "", True


class Watcher:
    """Starts captures, with what was said on the command line, and remembers them; all end with `close`."""

    def __init__(self, options: Options, settings: Settings, write: str = "", wanted: str = "") -> None:
        self.options = options
        self.settings = settings
        self.write = write
        self.wanted = wanted
        self.started: list[Watched] = []

    def capture(self, interface: str, bpf: str) -> Watched:
        """Capture on an interface. Raises UsageError, NoRightError, CaptureFailedError."""
        settings = replace(self.settings, interface=interface, bpf=bpf)
        return self.start(interface, bpf, lambda file: record(settings, file))

    def relay(self, listen: str, target: str) -> Watched:
        """Relay what comes to `listen` to `target`. Raises UsageError, NoRightError, CaptureFailedError."""
        parse_end(listen)
        parse_end(target)
        return self.start(f"{listen} to {target}", "", lambda file: relay(listen, target, file))

    def start(self, name: str, bpf: str, begin: Begin) -> Watched:
        """Begin a capture in a file of its own. Raises UsageError, NoRightError, CaptureFailedError."""
        place = Place(self._path(), name.split(" ", 1)[0].replace("/", "-").replace(":", "-"))
        watched = Watched(self, name, bpf, place, begin)
        self.started.append(watched)
        return watched

    def _path(self) -> str:
        """Where the next capture goes: never over an earlier one of this run."""
        count = len(self.started)
        path = Path(self.write)
        return str(path.with_stem(f"{path.stem}-{count + 1}")) if self.write and count else self.write

    def close(self) -> None:
        """End all captures."""
        for watched in self.started:
            watched.close()


def kept_captures() -> list[Path]:
    """Captures of earlier runs that nobody named, newest first."""
    found = Path(tempfile.gettempdir()).glob(f"{PREFIX}*.pcapng")
    mine = [path for path in found if os.access(path, os.R_OK) and path.stat().st_size]
    return sorted(mine, key=lambda path: -path.stat().st_mtime)
