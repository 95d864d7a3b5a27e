"""The rules every message keeps, on the captures that live outside the project."""

import os
from pathlib import Path
from random import Random

import pytest

from inspector.engine.detect import choose
from inspector.engine.index import hints_for
from inspector.model.errors import CaptureError
from inspector.model.sides import Side
from streams import Recorded, Turn, check_cover, check_message, check_true_origins, cut, every, keys

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
MOST_BYTES = 60_000
"""Bytes of a flow that is fed again in small pieces."""
SUFFIXES = (".pcap", ".pcapng", ".pcap.gz", ".cap", ".pcapng.gz")
pytestmark = pytest.mark.shared


def files() -> list[Path]:
    return sorted(p for p in SHARED.glob("c*/**/*") if p.is_file() and p.name.endswith(SUFFIXES))


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(SHARED)))
def test_all_messages_keep_the_rules(path: Path) -> None:
    try:
        recorded = Recorded(path)
    except CaptureError:
        pytest.skip("no capture: another test holds what is said of it")
    for flow in recorded.flows:
        turns = recorded.turns(flow)
        messages = recorded.cut(flow, turns)
        check_cover(messages, [buffer.size for buffer in flow.buffers])
        for message in messages:
            check_true_origins(recorded, check_message(message), message.buffer)
        if flow.transport == "tcp" and sum(buffer.size for buffer in flow.buffers) <= MOST_BYTES:
            expected = keys(messages)
            for size in (1, 5, 700):
                assert keys(recorded.cut(flow, turns, every(size))) == expected


CHANGES = int(os.environ.get("INSPECTOR_CHANGES", "3"))
"""Random changes tried on every flow; a long run sets more."""


def size_of(turns: list[Turn], side: Side) -> int:
    """How many bytes a side sent, those never captured counted."""
    return sum(said if isinstance(said, int) else len(said) for who, said in turns if who == side)


def changed(turns: list[Turn], random: Random) -> list[Turn]:
    """The turns with a few bytes flipped, taken out, put in, lost or repeated."""
    turns = list(turns)
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(turns))
        side, said = turns[place]
        if isinstance(said, int) or not said:
            continue
        at = random.randrange(len(said))
        lost = random.randint(1, 50)
        changes: list[list[Turn]] = [
            [(side, said[:at] + random.randbytes(1) + said[at + 1 :])],
            [(side, said[:at] + said[at + lost :])],
            [(side, said[:at] + random.randbytes(lost) + said[at:])],
            [(side, said[:at]), (side, lost), (side, said[at + lost :])],
            [(side, said), (side, said[at:])],
            [(side, said[:at])],
        ]
        turns[place : place + 1] = random.choice(changes)
    return [turn for turn in turns if turn[1]]


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(SHARED)))
def test_changed_conversations_keep_the_rules_too(path: Path) -> None:
    try:
        recorded = Recorded(path)
    except CaptureError:
        pytest.skip("no capture: another test holds what is said of it")
    for flow in recorded.flows:
        original = recorded.turns(flow)
        if not original or flow.transport != "tcp" or sum(buffer.size for buffer in flow.buffers) > MOST_BYTES:
            continue
        for seed in range(CHANGES):
            turns = changed(original, Random(f"{path.name} {flow.number} {seed}"))
            messages = cut(turns, hints=hints_for(flow))
            sizes = [
                sum(said if isinstance(said, int) else len(said) for who, said in turns if who == s) for s in (0, 1)
            ]
            check_cover(messages, sizes)
            for message in messages:
                check_message(message)
            assert keys(cut(turns, every(17), hints=hints_for(flow))) == keys(messages), f"seed {seed}"


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(SHARED)))
def test_a_choice_made_early_is_the_choice_made_late(path: Path) -> None:
    try:
        recorded = Recorded(path)
    except CaptureError:
        pytest.skip("no capture: another test holds what is said of it")
    for flow in recorded.flows[:50]:
        hints = hints_for(flow)
        for side, buffer in enumerate(flow.buffers):
            said = buffer.read(0, min(300, buffer.size))
            chosen = ""
            for length in range(1, len(said) + 1):
                now = choose(said[:length], side, hints, "", over=False, final=False)
                assert now == chosen or not chosen, f"{chosen}, with more bytes {now}: {said[:length]!r}"
                chosen = now
