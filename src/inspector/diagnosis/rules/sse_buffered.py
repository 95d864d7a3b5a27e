"""Server-sent events arrive in bursts: somebody on the way holds them back.

What you see
    A stream that should trickle comes in blocks: nothing for seconds, then many events at the same instant. A chat
    answer appears all at once instead of word by word.

Why it happens
    A proxy collects the response before it passes it on (nginx does by default), the server's own output buffer is
    not flushed after each event, or compression waits until it has enough to compress.

How we know (bytes)
    The times of the packets that carry the events: the first and the last event of the largest burst, and the silence
    before it. Events that share a packet left the last buffer together.

What to do
    Flush after every event. Behind nginx send "X-Accel-Buffering: no" or set proxy_buffering off; do not compress
    text/event-stream, or flush the compressor too; send "Cache-Control: no-cache, no-transform".

References
    WHATWG HTML section 9.2.7 (authoring notes); nginx documentation, proxy_buffering.
"""

from typing import Final

from inspector.diagnosis.event_streams import EventStream, event_streams, packet_evidence, seconds_between
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Finding
from inspector.model.message import Message

TOGETHER: Final = 0.005
"""Seconds between events that left a buffer together."""
PAUSE: Final = 0.5
"""Seconds of silence that people notice."""
MANY: Final = 3
"""Events in a burst: two may happen to come together."""
BURSTS: Final = 2
"""Bursts with a pause before them; a single one may be all there was to say."""


def find(scene: Scene) -> list[Finding]:
    """Streams whose events come in several bursts with silence between them."""
    found: list[Finding] = []
    for stream in event_streams(scene):
        bursts = _bursts(stream)
        late = [burst for burst in bursts[1:] if len(burst) >= MANY]
        if len(late) + (len(bursts[0]) >= MANY) >= BURSTS and sum(map(len, late)) * 2 >= len(stream.events) - 1:
            found.append(_finding(scene, stream, bursts, max(late, key=len)))
    return found


def _bursts(stream: EventStream) -> list[list[Message]]:
    """The events in groups that came together, as far as a pause of PAUSE lies between the groups."""
    bursts: list[list[Message]] = [[]]
    before: Message | None = None
    for event in stream.events:
        gap = seconds_between(before, event) if before is not None else 0.0
        if gap > TOGETHER:
            if gap < PAUSE:
                return [[]]
            bursts.append([])
        bursts[-1].append(event)
        before = event
    return bursts


def _finding(scene: Scene, stream: EventStream, bursts: list[list[Message]], largest: list[Message]) -> Finding:
    place = next(index for index, burst in enumerate(bursts) if burst is largest)
    silence = seconds_between(bursts[place - 1][-1], largest[0])
    coding = str(stream.response.facts.get("http.content_encoding", ""))
    packed = f" The response is compressed ({coding}): the compressor may be what waits." if coding else ""
    first, last = largest[0], largest[-1]
    evidence = packet_evidence(
        scene, first, 0, first.length, f"first of {len(largest)} events, after {duration(silence)} of silence"
    )
    evidence += packet_evidence(
        scene, last, 0, last.length, f"last of them, {duration(seconds_between(first, last))} later"
    )
    return Finding(
        rule="sse-buffered",
        severity="warning",
        flow=stream.flow.number,
        title=f"Events arrive in {count(len(bursts), 'burst')}, up to {len(largest)} at once",
        see=f"{count(len(stream.events), 'event')} of response {stream.response.number} came in "
        f"{count(len(bursts), 'burst')}. The largest, {len(largest)} events within "
        f"{duration(seconds_between(first, last))}, followed {duration(silence)} of silence.",
        why="Events that were written one by one arrive one by one. These waited in a buffer: of the server, a "
        f"compressor, or a proxy in front of it.{packed}",
        do="Flush after every event, and compress nothing.\nBehind nginx: send X-Accel-Buffering: no, or set\n"
        "proxy_buffering off;",
        evidence=evidence,
        references=["WHATWG HTML section 9.2.7 (authoring notes)", "nginx documentation, proxy_buffering"],
    )
