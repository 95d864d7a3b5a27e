"""The bytes of one message and where they came from, looked up for all its fields in a row."""

from json.encoder import encode_basestring as quoted

from inspector.export.records import OriginRecord
from inspector.model.buffer import HOLE, Buffer


class Segment:
    """Buffer bytes `start:end` that lie in one packet from packet byte `offset`, or that were made from `sources`."""

    __slots__ = ("end", "offset", "packet", "sources", "start")

    def __init__(self, start: int, end: int, packet: int, offset: int) -> None:
        self.start = start
        self.end = end
        self.packet = packet
        self.offset = offset
        self.sources: list[OriginRecord] = []


class Window:
    """Bytes `start:end` of `buffer` and their origins, cheapest when asked for in ascending order."""

    def __init__(self, buffer: Buffer, start: int, end: int) -> None:
        self.buffer = buffer
        self.name = buffer.name
        self.start = start
        self.end = end
        self._data: bytes | None = None
        self.segments: list[Segment] = segments(buffer, start, end)
        self.index = 0
        self._quoted = quoted(buffer.name)
        self._place = ""
        self._place_start = -1
        self._place_end = -1
        self._last: Segment | None = None
        self._carrier = ""
        self._last_end = -1
        self._end_text = ""
        self._end_there = ""

    def place(self, start: int, end: int) -> str:
        """The keys of a JSON object that say where `start:end` lies: start, end, buffer and origins."""
        if start == self._place_start and end == self._place_end:
            return self._place
        part = self.segments[self.index] if self.index < len(self.segments) else None
        if start >= end:
            place = f',"start":{start},"end":{end},"buffer":{self._quoted},"origins":[]'
        elif part is not None and part.packet and part.start <= start and end <= part.end:
            place = self._in_one(part, start, end)
        else:
            origins = ",".join([_written(origin) for origin in self.origins(start, end)])
            place = f',"start":{start},"end":{end},"buffer":{self._quoted},"origins":[{origins}]'
        self._place = place
        self._place_start = start
        self._place_end = end
        return place

    def _in_one(self, part: Segment, start: int, end: int) -> str:
        """The same for a range in one packet, as most are; mostly it begins where the one before ended."""
        shift = part.offset - part.start
        if part is not self._last:
            self._last = part
            self._carrier = f',"buffer":{self._quoted},"origins":[{{"packet":{part.packet},"start":'
            self._last_end = -1
        if start == self._last_end:
            low, low_there = self._end_text, self._end_there
        else:
            low, low_there = str(start), str(start + shift)
        high, high_there = str(end), str(end + shift)
        self._last_end = end
        self._end_text = high
        self._end_there = high_there
        return f',"start":{low},"end":{high}{self._carrier}{low_there},"end":{high_there},"exact":true}}]'

    def packets(self) -> list[int]:
        """Numbers of the packets that carried these bytes, ascending."""
        return packets_in(self.segments)

    @property
    def data(self) -> bytes:
        """The bytes, read when first asked for."""
        found = self._data
        if found is None:
            found = self.buffer.read(self.start, self.end)
            self._data = found
        return found

    def read(self, start: int, end: int) -> bytes:
        """Bytes `start:end` of the buffer."""
        return self.data[start - self.start : end - self.start]

    def origins(self, start: int, end: int) -> list[OriginRecord]:
        """The packet bytes that `start:end` came from, in order; holes and empty ranges have none."""
        found: list[OriginRecord] = []
        parts = self.segments
        count = len(parts)
        if not count or start >= end:
            return found
        index = self.index
        if parts[index].start > start:
            index = 0
        while index < count and parts[index].end <= start:
            index += 1
        if index == count:
            return found
        self.index = index
        before: list[OriginRecord] = found
        while index < count:
            part = parts[index]
            if part.start >= end:
                break
            if part.packet:
                low = start if start > part.start else part.start
                high = end if end < part.end else part.end
                shift = part.offset - part.start
                found.append(OriginRecord(part.packet, low + shift, high + shift, True))
            elif part.sources is not before:
                before = part.sources
                extend(found, before)
            index += 1
        return found


def _written(origin: OriginRecord) -> str:
    exact = "true" if origin.exact else "false"
    return f'{{"packet":{origin.packet},"start":{origin.start},"end":{origin.end},"exact":{exact}}}'


def extend(found: list[OriginRecord], more: list[OriginRecord]) -> None:
    """Append ranges that bytes were made from; one that goes on where the last ended, or overlaps it, makes it longer.

    Pieces of inflated bytes often share their source.
    """
    for origin in more:
        last = found[-1] if found else origin
        if not found or last.exact or last.packet != origin.packet or not last.start <= origin.start <= last.end:
            found.append(origin)
        elif origin.end > last.end:
            found[-1] = OriginRecord(last.packet, last.start, origin.end, False)


def segments(buffer: Buffer, start: int, end: int) -> list[Segment]:
    """The captured parts of `start:end` of `buffer` in order, followed back to packets."""
    found: list[Segment] = []
    pieces = buffer.pieces
    parent = buffer.parent
    starts = pieces.starts
    count = len(starts)
    index = max(pieces.at(start), 0)
    # Pieces that were made from the same bytes share one list, so that it is named once.
    last_source = (-1, -1)
    sources: list[OriginRecord] = []
    while index < count:
        low = starts[index]
        if low >= end:
            break
        high = starts[index + 1] if index + 1 < count else pieces.size
        low = max(low, start)
        high = min(high, end)
        if low < high:
            offset = pieces.offsets[index] + low - starts[index]
            if parent is None:
                packet = pieces.sources[index]
                if packet != HOLE:
                    found.append(Segment(low, high, packet, offset))
            elif buffer.exact:
                for part in segments(parent, offset, offset + high - low):
                    part.start += low - offset
                    part.end += low - offset
                    found.append(part)
            else:
                made = Segment(low, high, 0, 0)
                source = (pieces.offsets[index], pieces.ends[index])
                if source != last_source:
                    last_source = source
                    sources = made_from(parent, source[0], source[1])
                made.sources = sources
                found.append(made)
        index += 1
    return found


def packets(buffer: Buffer, start: int, end: int) -> list[int]:
    """Numbers of the packets that carried `start:end` of `buffer`, ascending."""
    if buffer.parent is not None:
        return packets_in(segments(buffer, start, end))
    found: set[int] = set()
    pieces = buffer.pieces
    index = max(pieces.at(start), 0)
    count = len(pieces.starts)
    while index < count and pieces.starts[index] < end:
        found.add(pieces.sources[index])
        index += 1
    found.discard(HOLE)
    return sorted(found)


def packets_in(parts: list[Segment]) -> list[int]:
    """Numbers of the packets that carried these parts, ascending."""
    if len(parts) == 1 and parts[0].packet:
        return [parts[0].packet]
    found: set[int] = set()
    for part in parts:
        found.add(part.packet)
        for origin in part.sources:
            found.add(origin.packet)
    found.discard(HOLE)
    return sorted(found)


def made_from(parent: Buffer, start: int, end: int) -> list[OriginRecord]:
    """The packet bytes that bytes made from `start:end` of `parent` came from."""
    found: list[OriginRecord] = []
    for part in segments(parent, start, end):
        if part.packet:
            last = part.offset + part.end - part.start
            found.append(OriginRecord(part.packet, part.offset, last, False))
        else:
            extend(found, part.sources)
    return found
