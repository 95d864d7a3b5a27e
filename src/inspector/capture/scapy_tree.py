"""The field tree of a whole packet as scapy reads it, for link and network layers that are not decoded here."""

import logging
import warnings
from functools import cache
from typing import Any, Final

from inspector.capture.limits import NO_PACKET
from inspector.model.field import Bits, Field, Value
from inspector.model.packet import Packet

MAX_LAYERS: Final = 64
"""Layers shown one below the other: tunnels in tunnels must not exhaust the stack."""

MAX_NESTED: Final = 8
"""Packets inside fields (DNS records, options) that are opened up, one inside the other."""

MAX_LABEL: Final = 200
"""Characters of a value's text."""


def scapy_tree(packet: Packet) -> Field:
    """All layers of `packet`, named after scapy's classes and fields in lower case (`arp.psrc`, `icmp.type`).

    Offsets are relative to the packet's data. Only ranges that scapy's own dissection proves are given: a layer whose
    fields cannot be told apart is one leaf, bytes that no layer covers are a gap. The leaves tile the packet.
    """
    data = packet.data
    root = Field("frame", None, 0, len(data))
    issue = ""
    try:
        _add_layers(root, _dissect(packet.link_type, data), data)
    except Exception as error:  # noqa: BLE001  scapy's dissectors raise anything on hostile bytes
        issue = f"scapy cannot read these bytes: {type(error).__name__}"
    at = root.children[-1].end if root.children else 0
    if at < len(data):
        gap = Field("gap", None, at, len(data))
        gap.issue = issue or _why_not(packet.link_type, at)
        root.children.append(gap)
    return root


def _why_not(link_type: int, at: int) -> str:
    if at:
        return "scapy explains no more bytes"
    if link_type == NO_PACKET:
        return "this record of the file carries no packet"
    return f"scapy knows no dissector for link type {link_type}"


@cache
def _scapy_layers() -> Any:
    """Scapy's table of link types, all layers loaded and their talk silenced."""
    for name in ("scapy", "scapy.runtime", "scapy.loading", "scapy.interactive"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import scapy.layers.all  # noqa: F401
        from scapy.config import conf
    return conf.l2types.num2layer


def _dissect(link_type: int, data: bytes) -> Any:
    kind = _scapy_layers().get(link_type)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(data) if kind is not None and data else None


def _add_layers(root: Field, layer: Any, data: bytes) -> None:
    """Append a field for each layer that covers the next bytes of `data`."""
    at = 0
    for _ in range(MAX_LAYERS):
        raw = _bytes_of(layer)
        if raw is None or data[at : at + len(raw)] != raw:
            break
        if raw:
            root.children.append(_layer(layer, raw, at, 0))
        at += len(raw)
        layer = layer.payload


def _bytes_of(layer: Any) -> bytes | None:
    """The very bytes that a layer was made from, its payload left out; None when that cannot be told."""
    if not layer:
        return None
    raw = getattr(layer, "raw_packet_cache", None)
    if isinstance(raw, bytes):
        return raw
    # A dissector that moves bytes into its payload (BOOTP) has its copy dropped by scapy.
    whole, tail = getattr(layer, "original", None), getattr(getattr(layer, "payload", None), "original", None)
    return whole.removesuffix(tail) if whole and tail and whole.endswith(tail) else None


def _layer(layer: Any, raw: bytes, start: int, depth: int) -> Field:
    name = type(layer).__name__.lower()
    found = Field(name, None, start, start + len(raw), _short(str(layer.name)))
    try:
        found.children = _fields(layer, name, raw, start, depth)
    except Exception as error:  # noqa: BLE001  scapy's dissectors raise anything on hostile bytes
        found.issue = f"scapy cannot tell the fields of this layer apart: {type(error).__name__}"
    return found


def _fields(layer: Any, name: str, raw: bytes, start: int, depth: int) -> list[Field]:
    """Read the layer's fields once more, one by one, to see which bytes each takes; [] when that does not add up."""
    found: list[Field] = []
    bits: list[tuple[Any, Value]] = []
    rest: Any = raw
    at = 0
    for part in layer.fields_desc:
        rest, value = part.getfield(layer, rest)
        if value is None and getattr(part, "isconditional", False):
            continue
        if isinstance(rest, tuple):
            bits.append((part, value))
            continue
        end = len(raw) - len(rest)
        if bits:
            bits.append((part, value))
            found.append(_bit_group(layer, name, bits, start + at, start + end))
            bits = []
        elif end > at:
            found.append(_field(layer, name, part, value, raw[at:end], start + at, depth))
        at = end
        if not rest:
            break
    return [] if bits or at != len(raw) else found


def _field(layer: Any, name: str, part: Any, value: Any, raw: bytes, start: int, depth: int) -> Field:
    found = Field(f"{name}.{part.name.lower()}", None, start, start + len(raw))
    if isinstance(value, bytes) and value == raw:
        return found
    if depth < MAX_NESTED:
        found.children = _packets(value, raw, start, depth + 1)
    if not found.children:
        found.value = _plain(value)
        found.label = _label(layer, part, value)
    return found


def _packets(value: Any, raw: bytes, start: int, depth: int) -> list[Field]:
    """The packets that are a field's value, when their bytes follow each other and make up the field."""
    found: list[Field] = []
    at = 0
    for packet in value if isinstance(value, list) else [value]:
        layer = packet
        while (own := _bytes_of(layer)) is not None and len(found) < MAX_LAYERS:
            if raw[at : at + len(own)] != own:
                return []
            if own:
                found.append(_layer(layer, own, start + at, depth))
            at += len(own)
            layer = layer.payload
    return found if at == len(raw) else []


def _bit_group(layer: Any, name: str, parts: list[tuple[Any, Value]], start: int, end: int) -> Field:
    """Fields that share bytes: one leaf named after all of them, with the bits of each."""
    names = [str(part.name).lower() for part, _ in parts]
    group = Field(f"{name}.{'_'.join(names)}", None, start, end)
    sizes = [int(part.size) for part, _ in parts]
    if sum(sizes) == (end - start) * 8 and not any(part.rev for part, _ in parts):
        shift = (end - start) * 8
        for (_part, value), own, size in zip(parts, names, sizes, strict=True):
            shift -= size
            number = _plain(value)
            if isinstance(number, int):
                group.bits.append(Bits(f"{name}.{own}", number, shift, size))
    texts = (f"{own} {_label(layer, part, value) or value}" for (part, value), own in zip(parts, names, strict=True))
    group.label = _short(", ".join(texts))
    return group


def _plain(value: Any) -> Value:
    """A value that can be compared and written as JSON, or None: flags and enumerations become numbers."""
    if isinstance(value, bytes) and value.isascii() and value.decode().isprintable():
        return value.decode()
    if isinstance(value, bool | float | str | bytes):
        return value
    return int(value) if hasattr(value, "__int__") else None


def _label(layer: Any, part: Any, value: Any) -> str:
    """What scapy prints for a value, "" when that says no more than the value."""
    text = str(part.i2repr(layer, value))
    return "" if text in {str(_plain(value)), repr(value)} and _plain(value) is not None else _short(text)


def _short(text: str) -> str:
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"
