"""Options that several commands share."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click
from click.shell_completion import CompletionItem

from inspector.cli.colour import CHOICES
from inspector.model.errors import CaptureError, UsageError

if TYPE_CHECKING:
    from inspector.session import Options

Command = TypeVar("Command", bound=Callable[..., Any])

LEVELS: Final = {
    "message": "message",
    "packet": "packet",
    "flow": "flow",
    "msg": "message",
    "pkt": "packet",
    "conn": "flow",
}
_NUMBER: Final = re.compile(r"-?[\d,]{5,}|0x[0-9a-fA-F]+")
"""What people paste out of a log: Frame size (1195725856)."""
_PORT: Final = re.compile(r"(?:(?:tcp|udp)\.port\s*==\s*|port\s+)(\d+)")
_FLOW: Final = re.compile(r"flow\s+(\d+)")


@dataclass(slots=True)
class Reading:
    """How captures are to be read, and what is said of them: what the options of `reading` give.

    `file` is a capture named by `-r`. Every command that reads takes one as `how`.
    """

    file: str | None = None
    decode_as: dict[str, str] = field(default_factory=dict)
    thrift: list[Path] = field(default_factory=list)
    thrift_modules: list[str] = field(default_factory=list)
    proto: list[Path] = field(default_factory=list)
    message_type: str = ""
    quiet: bool = False
    color: str = "auto"

    def options(self) -> "Options":
        """The same for a session; it is imported here, since `--help` needs none."""
        from inspector.session import Options

        return Options(
            decode_as=self.decode_as,
            thrift=self.thrift,
            thrift_modules=self.thrift_modules,
            proto=self.proto,
            message_type=self.message_type,
        )

    def path(self, named: str | None) -> str:
        """The one capture that is named. Raises UsageError when none or two are."""
        if self.file is not None and named is not None:
            raise UsageError(f"two captures are named: {named} and {self.file}")
        chosen = self.file if self.file is not None else named
        if chosen is None:
            raise UsageError("which capture? Name a FILE, or - for standard input")
        if _NUMBER.fullmatch(chosen) and not Path(chosen).exists():
            raise CaptureError(f"{chosen}: no such file; what a number in a log means: inspector bytes --int {chosen}")
        return chosen

    def makes(self, instead: str) -> None:
        """Raises UsageError when `-r` is given to a command that makes a capture."""
        if self.file is not None:
            raise UsageError(f"-r reads a file; {instead}")


class FieldName(click.types.StringParamType):
    """Text in which the shell completes field names at the end."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from inspector.export.names import guide_records

        before, separator, last = re.match(r"(.*?)([\s,(]?)([\w.]*)$", incomplete, re.DOTALL).groups()  # type: ignore[union-attr]
        return [
            CompletionItem(before + separator + each.name, help=each.title)
            for each in guide_records()
            if each.name.startswith(last)
        ]


class ProtocolName(click.types.StringParamType):
    """The name of a protocol, checked when the session knows which there are."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from inspector.engine.detect import protocols

        return [CompletionItem(name) for name in sorted(protocols()) if name.startswith(incomplete)]


def reading(command: Command) -> Command:
    """How to read captures, as `how`: `-r`, `-d`, `--thrift`, `--proto` and their like, `-q`, `--color`."""

    @wraps(command)
    def with_reading(
        *args: object,
        read: str | None,
        decode_as: tuple[str, ...],
        thrift: tuple[Path, ...],
        thrift_module: tuple[str, ...],
        proto: tuple[Path, ...],
        message_type: str,
        quiet: bool,
        color: str,
        **others: object,
    ) -> object:
        how = Reading(read, parse_decode_as(decode_as), quiet=quiet, color=color, message_type=message_type)
        how.thrift, how.thrift_modules, how.proto = list(thrift), list(thrift_module), list(proto)
        return command(*args, how=how, **others)

    wrapped: Any = with_reading
    for option in reversed(_READING):
        wrapped = option(wrapped)
    return cast("Command", wrapped)


def capturing(command: Command) -> Command:
    """What to capture and until when, as `settings`; its interface is "" when none is named."""

    @wraps(command)
    def with_settings(
        *args: object,
        interfaces: tuple[str, ...],
        bpf: str,
        limits: tuple[str, ...],
        snap_length: int | None,
        buffer: int | None,
        way: str | None,
        **others: object,
    ) -> object:
        from inspector.capture.live.settings import Settings

        settings = Settings(interface=",".join(interfaces), bpf=bpf, source=way or "")
        for limit in limits:
            settings.limit(limit)
        settings.snap_length = snap_length or settings.snap_length
        settings.buffer = buffer << 20 if buffer is not None else settings.buffer
        return command(*args, settings=settings, **others)

    wrapped: Any = with_settings
    for option in reversed(_CAPTURING):
        wrapped = option(wrapped)
    return cast("Command", wrapped)


_CAPTURING: Final = (
    click.option(
        "-i",
        "interfaces",
        metavar="IFACE",
        multiple=True,
        help="Interface, the loopback when none is named; several, or any for all, go into one capture.",
    ),
    click.option(
        "-f", "bpf", metavar="FILTER", default="", help='Capture filter in libpcap\'s syntax: "tcp port 9083".'
    ),
    click.option("-a", "limits", metavar="COND", multiple=True, help="Stop at duration:S, packets:N or filesize:KB."),
    click.option(
        "-s", "snap_length", type=click.IntRange(min=1, max=262_144), metavar="BYTES", help="Cut packets there."
    ),
    click.option("-B", "buffer", type=click.IntRange(min=4, max=4096), metavar="MIB", help="Kernel buffer (16)."),
    click.option(
        "--source",
        "way",
        type=click.Choice(["ring", "scapy", "dumpcap", "tcpdump"]),
        default=None,
        help="Capture in this way only.",
    ),
)


_READING: Final = (
    click.option("-r", "read", metavar="FILE", type=click.Path(allow_dash=True), help="Same as FILE; - is stdin."),
    click.option(
        "-d",
        "decode_as",
        metavar="SEL==PROTO",
        multiple=True,
        help='Decode as: "tcp.port==9999,thrift", "port 9999=thrift", "flow 3=thrift", "file=thrift".',
    ),
    click.option(
        "--thrift",
        metavar="FILE|DIR",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Thrift IDL to take names from, besides the bundled ones; a file or a directory; repeatable.",
    ),
    click.option(
        "--thrift-module",
        metavar="MODULE",
        multiple=True,
        help="An installed Python module with a Thrift service to take names from; it is imported. Repeatable.",
    ),
    click.option(
        "--proto",
        metavar="FILE|DIR",
        multiple=True,
        type=click.Path(path_type=Path, exists=True),
        help=".proto files or descriptor sets to take names from, besides the bundled ones; repeatable.",
    ),
    click.option(
        "--type",
        "message_type",
        metavar="TYPE",
        default="",
        help="The type, package.Message, of protobuf outside gRPC: in HTTP bodies and WebSocket messages.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no remarks on stderr."),
    click.option("--color", type=click.Choice(CHOICES), default="auto", show_default=True, help="Colour the text."),
)

filtering = click.option(
    "-Y", "display_filter", metavar="FILTER", type=FieldName(), help="Show what matches, in Wireshark's filter syntax."
)
time_format = click.option(
    "-t",
    "time_format",
    type=click.Choice(["r", "a", "u", "d"]),
    default="r",
    help="Times: r since the first packet (default), a local, u UTC, d since the line before.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
level = click.option(
    "--level",
    type=click.Choice(list(LEVELS)),
    default="message",
    help="What is listed: message (default), packet or flow.",
)
depth = click.option(
    "--depth", type=click.IntRange(min=0), default=None, metavar="N", help="Levels of the tree to show."
)


def parse_decode_as(said: tuple[str, ...]) -> dict[str, str]:
    """`-d` in tshark's form or ours, by the selectors of Options.decode_as. Raises UsageError."""
    found: dict[str, str] = {}
    for text in said:
        separator = "," if "," in text else "="
        selector, _, protocol = text.rpartition(separator)
        selector = selector.strip().rstrip("=").rstrip()
        protocol = protocol.strip().lower()
        key = _selector(selector)
        if key is None or not protocol:
            raise UsageError(
                f'-d {text}: write "tcp.port==9999,thrift", "port 9999=thrift", "flow 3=thrift" or "file=thrift"'
            )
        found[key] = protocol
    return found


def _selector(text: str) -> str | None:
    if text == "file":
        return text
    if (port := _PORT.fullmatch(text)) is not None:
        return f"port {int(port[1])}"
    if (flow := _FLOW.fullmatch(text)) is not None:
        return f"flow {int(flow[1])}"
    return None
