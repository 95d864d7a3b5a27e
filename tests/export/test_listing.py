"""Rows as text: safe, aligned, with severity told by a glyph."""

import pytest

from inspector.export.levels import Level, level_named
from inspector.export.listing import ending_words, flow_protocols
from inspector.export.words import Clock, Paint, plain_paint
from inspector.model.buffer import Buffer, Plain
from inspector.model.flow import Endpoint, Flow
from inspector.model.message import Message
from inspector.session import Session, bundled


def opened(name: str) -> Session:
    return Session.open(str(bundled("captures") / name))


def lines(session: Session, level: str, paint: Paint = plain_paint) -> list[str]:
    rows: Level = level_named(level, session)  # type: ignore[type-arg]
    times = session.capture.table.times
    writer = rows.lines(Clock("r", int(times.min()), int(times.max())), paint)
    return [writer.line(row) for row in rows.rows(None)]


@pytest.mark.parametrize("level", ["message", "packet", "flow"])
def test_columns_are_aligned(level: str) -> None:
    text = lines(opened("hms-curl-framed.pcap"), level)
    arrows = {"message": "→←", "packet": "→", "flow": "→"}[level]
    columns = {next(at for at, letter in enumerate(line) if letter in arrows) for line in text}
    assert len(text) > 4
    assert len(columns) == 1


def test_captured_text_cannot_move_the_cursor() -> None:
    session = opened("http-get.pcap")
    session.messages[0].summary = "GET /\x1b[2J\u202e HTTP/1.1"
    assert "GET /\\x1b[2J\\u202e HTTP/1.1" in lines(session, "message")[0]


def test_severity_has_a_glyph_and_a_style() -> None:
    session = opened("hms-curl-plain.pcap")
    assert " ! GET" in lines(session, "message")[0]
    styled = lines(session, "message", lambda style, text: f"<{style}>{text}</>")
    assert "<error>!</>" in styled[0]
    assert "<client>" in styled[0]


@pytest.mark.parametrize(
    ("fins", "rsts", "refused", "words"),
    [
        ((0, 0), (0, 0), False, "open"),
        ((7, 0), (0, 0), False, "client closed"),
        ((7, 8), (0, 0), False, "client closed, server closed"),
        ((7, 0), (0, 9), False, "client closed, server reset"),
        ((0, 0), (0, 2), True, "refused"),
    ],
)
def test_endings(fins: tuple[int, int], rsts: tuple[int, int], refused: bool, words: str) -> None:
    flow = Flow(1, "tcp", Endpoint("10.0.0.1", 1), Endpoint("10.0.0.2", 2))
    flow.fin_packets, flow.rst_packets, flow.refused = fins, rsts, refused
    assert ending_words(flow) == words


def test_datagrams_have_no_ending() -> None:
    assert ending_words(Flow(1, "udp", Endpoint("10.0.0.1", 1), Endpoint("10.0.0.2", 2))) == ""


def test_protocols_of_a_flow_in_order_of_appearance() -> None:
    buffer = Buffer("flow 1 client", Plain(b""))
    names = [(1, "tls"), (2, "http"), (1, "http"), (1, "tls")]
    messages = [Message(flow, 0, name, "", buffer, 0, 0, "") for flow, name in names]
    assert flow_protocols(messages) == {1: ["tls", "http"], 2: ["http"]}
