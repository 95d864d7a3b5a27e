"""A capture whose messages come when a test says so, and what starts such captures."""

from inspector.capture.live.recording import Drop
from inspector.model.errors import InspectorError
from inspector.session import Options, Progress, Session, bundled_captures
from inspector.spool import Row

CAPTURE = next(path for path in bundled_captures() if path.stem == "http-keepalive")
SECOND = 10**9


def opener(path: str, progress: Progress) -> Session:
    return Session.open(path, Options(), progress)


class Growing:
    """Grows by requests of one client, one a second from the beginning of 1970."""

    def __init__(self, name: str = "lo", bpf: str = "tcp port 80") -> None:
        self.name = name
        self.bpf = bpf
        self.wanted = ""
        self.path = str(CAPTURE)
        self.rows: list[Row] = []
        self.packets = self.decoded = self.messages = self.dropped = 0
        self.drops: list[Drop] = []
        self.ring = 0.0
        self.lag = 0.1
        self.running = True
        self.error = ""
        self.saved: list[str] = []

    def stop(self) -> None:
        self.running = False

    def save(self, target: str) -> None:
        if target.startswith("/no/"):
            raise OSError(2, "No such file or directory")
        self.saved.append(target)

    def look_for(self, wanted: str) -> None:
        self.wanted = wanted
        self.rows = [row for row in self.rows if not wanted or row.number % 2]

    def again(self) -> "Growing":
        return Growing(self.name, self.bpf)

    def grow(self, count: int) -> None:
        for _ in range(count):
            number = self.messages + 1
            self.rows.append(
                Row(
                    number,
                    number * SECOND,
                    4,
                    1,
                    0,
                    50000,
                    80,
                    "http",
                    10,
                    "",
                    f"GET /{number}",
                    True,
                    "client curl (pid 7), server nginx (pid 8)",
                )
            )
            self.messages += 1
            self.packets += 3
            self.decoded += 3

    def lose(self, packets: int, time: int) -> None:
        self.dropped += packets
        self.drops.append(Drop(time, packets))


class Starting:
    """Starts captures that a test made; `refused` is raised instead when there is one."""

    def __init__(self) -> None:
        self.begun: list[Growing] = []
        self.refused: InspectorError | None = None

    def capture(self, interface: str, bpf: str) -> Growing:
        return self._begin(Growing(interface, bpf))

    def relay(self, listen: str, target: str) -> Growing:
        return self._begin(Growing(f"{listen} to {target}", ""))

    def _begin(self, source: Growing) -> Growing:
        if self.refused is not None:
            raise self.refused
        self.begun.append(source)
        return source
