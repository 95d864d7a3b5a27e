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
from inspector.export.diagnosis import finding_lines
from inspector.export.documents import head
from inspector.export.probed import ProbedBody, SpeechRecord, TriedRecord
from inspector.export.rows import finding_record
from inspector.model.errors import UsageError

if TYPE_CHECKING:
    from inspector.capture.live.probe import Heard
    from inspector.model.message import Message

_TARGET: Final = re.compile(r"(\[[0-9a-fA-F:.%\w]+\]|[^\s:/\\\[\]]+):(\d{1,5})")


def parse_target(word: str) -> tuple[str, int] | None:
    """HOST:PORT as host and port, None when the word is something else, such as a file."""
    found = _TARGET.fullmatch(word)
    if found is None or not 0 < int(found[2]) <= 65_535 or Path(word).exists():
        return None
    return found[1].strip("[]"), int(found[2])


def ask(host: str, port: int, *, allow_remote: bool, keep: str | None, as_json: bool, color: str) -> int:
    """Probe a port and print the answers. Raises UsageError for a host that is not this machine without leave."""
    from inspector.capture.live.probe import probe
    from inspector.diagnosis.probed import finding_of, judge
    from inspector.session import Session

    address = _resolve(host, port)
    if not allow_remote and not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        raise UsageError(f"{host}: is another machine; --allow-remote sends it a few harmless bytes")
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    with TemporaryDirectory() as folder:
        path = Path(keep) if keep is not None else Path(folder) / "probe.pcapng"
        with path.open("wb") as out:
            heard = probe((address, port), out)
        session = Session.open(str(path))
        verdict = judge(name, heard, _read)
        finding = finding_of(verdict, heard, session.flow_table, session.messages)
        output = Output()
        if as_json:
            tried = [_tried(each) for each in heard]
            spoken = [SpeechRecord(each.protocol, each.title, each.heard.flow) for each in verdict.speeches]
            body = ProbedBody([finding_record(finding)], verdict.state, spoken, tried)
            output.document(head("probe", name, []), body)
        else:
            paint = painter(color, sys.stdout)
            output.lines(finding_lines(session, finding, paint))
            if keep is not None:
                output.line("")
                output.line(f"The exchange is in {keep}: inspector open {keep}")
        output.close()
    return 0


def _read(data: bytes, side: int, protocol: str) -> "list[Message]":
    from inspector.session import read_bytes

    return [message for message, _ in read_bytes(data, side, protocol).found]


def _tried(each: "Heard") -> TriedRecord:
    inside = each.inside[0] if each.inside is not None else None
    return TriedRecord(
        each.probe.name, each.probe.data.hex(), each.answer.hex(), each.ending or "silence", each.flow, inside
    )


def _resolve(host: str, port: int) -> str:
    try:
        return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise UsageError(f"{host}: {(error.strerror or str(error)).lower()}") from None
