"""The processes behind a connection, as captures name them: a comment on the packet that opens it.

One line that Wireshark shows under "Packet comments": `client curl (pid 12), server nginx (pid 3)`.
"""

import re
from typing import Final, NamedTuple

_END: Final = re.compile(r"(client|server) (.{1,64}?) \(pid (\d{1,10})\)(?:, |$)")


class Process(NamedTuple):
    """A program and the number that the system gave it."""

    name: str
    pid: int

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})"


Processes = tuple[Process | None, Process | None]
"""The client's and the server's."""


def said(client: str, server: str) -> str:
    """The comment for two processes, each "name (pid n)" or ""; "" for none."""
    return ", ".join(f"{who} {name}" for who, name in (("client", client), ("server", server)) if name)


def processes_in(comments: list[str]) -> Processes:
    """What the comments of a packet say; other comments say nothing."""
    found: dict[str, Process] = {}
    for comment in comments:
        if comment.startswith(("client ", "server ")):
            for who, name, pid in _END.findall(comment):
                found.setdefault(who, Process(name, int(pid)))
    return found.get("client"), found.get("server")
