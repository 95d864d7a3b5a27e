"""Options that several commands share."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import click
from click.shell_completion import CompletionItem

from inspector.cli.colour import CHOICES
from inspector.model.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])

LEVELS: Final = {
    "message": "message",
    "packet": "packet",
    "flow": "flow",
    "msg": "message",
    "pkt": "packet",
    "conn": "flow",
}
_MODULES: Final = "inspector.thrift_modules"
"""Where --thrift-module is kept for `source`: every command that reads captures has it."""
_TYPE: Final = "inspector.message_type"
"""Where --type is kept likewise."""
_PORT: Final = re.compile(r"(?:(?:tcp|udp)\.port\s*==\s*|port\s+)(\d+)")
_FLOW: Final = re.compile(r"flow\s+(\d+)")


@dataclass(slots=True)
class Source:
    """What to open and how to read it."""

    path: str
    decode_as: dict[str, str] = field(default_factory=dict)
    thrift: list[Path] = field(default_factory=list)
    proto: list[Path] = field(default_factory=list)
    quiet: bool = False
    thrift_modules: list[str] = field(default_factory=list)
    message_type: str = ""


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
    """How to read the capture: `-d`, `--thrift`, `--proto`, `-q`, `--color`."""
    for option in reversed(_READING):
        command = option(command)
    return command


def capturing(command: Command) -> Command:
    """What to capture and until when, as `settings`: `-i`, `-f`, `-a`, `-s`, `-B`, `--source`."""

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
        from inspector.capture.live.interfaces import loopback_name
        from inspector.capture.live.settings import Settings

        settings = Settings(interface=",".join(interfaces) or loopback_name(), bpf=bpf, source=way or "")
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
        expose_value=False,
        callback=lambda ctx, _, said: ctx.meta.__setitem__(_MODULES, said),
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
        metavar="TYPE",
        default="",
        expose_value=False,
        callback=lambda ctx, _, said: ctx.meta.__setitem__(_TYPE, said),
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


def source(
    path: str | None,
    read: str | None,
    decode_as: tuple[str, ...],
    thrift: tuple[Path, ...],
    proto: tuple[Path, ...],
    quiet: bool,
) -> Source:
    """The shared options as one value. Raises UsageError when no file or two files are named."""
    if read is not None and path is not None:
        raise UsageError(f"two captures are named: {path} and {read}")
    chosen = read if read is not None else path
    if chosen is None:
        raise UsageError("which capture? Name a FILE, or - for standard input")
    context = click.get_current_context(silent=True)
    modules = list(context.meta.get(_MODULES, ())) if context is not None else []
    message_type = str(context.meta.get(_TYPE, "")) if context is not None else ""
    return Source(chosen, parse_decode_as(decode_as), list(thrift), list(proto), quiet, modules, message_type)


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
