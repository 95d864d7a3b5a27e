"""Asks a port what it speaks, and prints what came back."""

import ipaddress
import re
import socket
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from inspector.cli.colour import painter
from inspector.cli.output import Output
from inspector.export.words import plural, printable
from inspector.model.errors import UsageError
from inspector.model.sides import SERVER

if TYPE_CHECKING:
    from inspector.capture.live.probe import Heard
    from inspector.model.message import Message
    from inspector.session import Session

_TARGET: Final = re.compile(r"(\[[0-9a-fA-F:.%\w]+\]|[^\s:/\\\[\]]+):(\d{1,5})")
_SILENCE: Final = {"fin": "closed without a byte", "rst": "reset without a byte", "": "silence"}
_NAMES: Final = {"http": "HTTP/1", "http2": "HTTP/2 (gRPC)", "tls": "TLS"}
_OPENINGS: Final = (
    (b"-", "Redis"),
    (b"E\0\0\0", "PostgreSQL"),
    (b"SSH-", "SSH"),
    (b"<", "HTTP, to judge by its page"),
    (b"220", "SMTP or FTP"),
)
"""How answers begin that no protocol here reads."""


def parse_target(word: str) -> tuple[str, int] | None:
    """HOST:PORT as host and port, None when the word is something else, such as a file."""
    found = _TARGET.fullmatch(word)
    if found is None or int(found[2]) > 65_535 or Path(word).exists():
        return None
    return found[1].strip("[]"), int(found[2])


def ask(host: str, port: int, allow_remote: bool, keep: str | None, color: str) -> int:
    """Probe a port and print the answers. Raises UsageError for a host that is not this machine without leave."""
    from inspector.capture.live.probe import probe
    from inspector.session import Session

    address = _resolve(host, port)
    if not allow_remote and not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        raise UsageError(f"{host}: is another machine; --allow-remote sends it a few harmless bytes")
    with TemporaryDirectory() as folder:
        path = Path(keep) if keep is not None else Path(folder) / "probe.pcapng"
        with path.open("wb") as out:
            heard = probe((address, port), out)
        _print(Session.open(str(path)), heard, f"{host}:{port}", keep, color)
    return 0


def _resolve(host: str, port: int) -> str:
    try:
        return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise UsageError(f"{host}: {(error.strerror or str(error)).lower()}") from None


def _print(session: "Session", heard: "list[Heard]", name: str, keep: str | None, color: str) -> None:
    paint = painter(color, sys.stdout)
    output = Output()
    firsts = {m.flow: m for m in reversed(session.messages) if m.side == SERVER and m.parent is None}
    spoken: list[str] = []
    for flow, each in enumerate(heard, 1):
        message = firsts.get(flow)
        what = _what(message, each.answer) if message is not None else ""
        if what and what not in spoken:
            spoken.append(what)
        came = printable(message.summary) if message is not None else _SILENCE[each.ending]
        sent = f", {plural(len(each.probe.data), 'byte')}" if each.probe.data else ""
        output.line(f"{each.probe.name}{sent}")
        output.line(f"    {came}")
    output.line("")
    output.line(paint("title", f"{name} speaks {' and '.join(spoken)}" if spoken else f"{name} did not say a word"))
    if not spoken:
        output.line(
            "It may speak another dialect of Thrift, HTTP, Kafka, or wait for more. What it is not: a server that "
            "greets, HTTP/2 that begins with its settings, or Thrift in the forms that were tried."
        )
    if keep is not None:
        output.line(f"The exchange is in {keep}: inspector open {keep}")
    output.close()


def _what(message: "Message", answer: bytes) -> str:
    """What an answer says of who sent it, "" when nothing."""
    from inspector.diagnosis.openings import dialect_of

    if message.protocol == "thrift":
        return "Thrift behind a SASL login" if message.kind == "sasl" else dialect_of(message)
    if message.protocol != "data":
        return _NAMES.get(message.protocol, message.protocol)
    return next((name for start, name in _OPENINGS if answer.startswith(start)), "")
