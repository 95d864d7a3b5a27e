"""HTTP/1: framing, pairing, handing over, and what is said of messages that break the rules."""

import re

import pytest

from inspector.engine.stream import Clock, Context, Stream
from inspector.model.buffer import Buffer
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.protocols.base import Hints
from inspector.protocols.http_detect import find_head
from streams import SCHEMAS, Spoken, Turn, check_cover, check_message, cut

C, S = CLIENT, SERVER
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TLS_HELLO = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
ANSWERED = ["> 0-27 GET / HTTP/1.1", "< 0-40 HTTP/1.1 200 OK, answers 0"]


def post(headers: bytes, rest: bytes) -> list[Turn]:
    return [(C, b"POST / HTTP/1.1\r\n" + headers + b"\r\n\r\n" + rest)]


def lines(turns: list[Turn], ends: tuple[str, str] = ("fin", "fin")) -> list[str]:
    """One line for each message, held to the rules for all messages; bytes of no protocol show their protocol."""
    messages = cut(turns, ends=ends)
    sizes = [sum(said if isinstance(said, int) else len(said) for who, said in turns if who == side) for side in (C, S)]
    check_cover(messages, sizes)
    for message in messages:
        check_message(message)
    return [line(m) for m in messages]


def line(m: Message) -> str:
    kind = "" if m.protocol == "http" else f"{m.protocol} "
    answers = f", answers {m.answers.start}" if m.answers is not None else ""
    issue = f" [{m.issue}]" if m.issue is not None else ""
    return f"{'<' if m.side else '>'} {m.start}-{m.end} {kind}{m.summary}{answers}{'' if m.complete else ' …'}{issue}"


def of(turns: list[Turn], ends: tuple[str, str] = ("fin", "fin")) -> Message:
    """The first message."""
    return cut(turns, ends=ends)[0]


FRAMED: dict[str, tuple[list[Turn], list[str]]] = {
    "content length": ([(C, GET), (S, OK)], ANSWERED),
    "pipelined, one answer without a body because the method was HEAD": (
        [(C, GET + b"HEAD /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n"), (S, OK + OK[:-3] + b"\n" + OK)],
        [
            "> 0-27 GET / HTTP/1.1",
            "> 27-47 HEAD /b HTTP/1.1",
            "> 47-66 GET /c HTTP/1.1",
            "< 0-40 HTTP/1.1 200 OK, answers 0",
            "< 40-78 HTTP/1.1 200 OK, answers 27",
            "< 78-118 HTTP/1.1 200 OK, answers 47",
        ],
    ),
    "204 has no body whatever its length says": (
        [(C, GET * 2), (S, b"HTTP/1.1 204 No Content\r\nContent-Length: 10\r\n\r\n" + OK)],
        [
            "> 0-27 GET / HTTP/1.1",
            "> 27-54 GET / HTTP/1.1",
            "< 0-47 HTTP/1.1 204 No Content, answers 0",
            "< 47-87 HTTP/1.1 200 OK, answers 27",
        ],
    ),
    "304 has no body whatever its length says": (
        [(C, GET * 2), (S, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n" + OK)],
        [
            "> 0-27 GET / HTTP/1.1",
            "> 27-54 GET / HTTP/1.1",
            "< 0-49 HTTP/1.1 304 Not Modified, answers 0",
            "< 49-89 HTTP/1.1 200 OK, answers 27",
        ],
    ),
    "100 and then the real answer": (
        [
            (C, b"PUT / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"),
            (S, b"HTTP/1.1 100 Continue\r\n\r\n"),
            (C, b"abc"),
            (S, OK),
        ],
        [
            "> 0-62 PUT / HTTP/1.1",
            "< 0-25 HTTP/1.1 100 Continue, answers 0",
            "< 25-65 HTTP/1.1 200 OK, answers 0",
        ],
    ),
    "103 before the real answer": (
        [(C, GET), (S, b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK)],
        ["> 0-27 GET / HTTP/1.1", "< 0-37 HTTP/1.1 103 Early Hints, answers 0", "< 37-77 HTTP/1.1 200 OK, answers 0"],
    ),
    "chunks with extensions and trailers": (
        [(C, GET * 2), (S, CHUNKED + b'4;a="b"\r\nWiki\r\n0005\r\npedia\r\n0\r\nA: b\r\n\r\n' + OK)],
        [
            "> 0-27 GET / HTTP/1.1",
            "> 27-54 GET / HTTP/1.1",
            "< 0-86 HTTP/1.1 200 OK, answers 0",
            "< 86-126 HTTP/1.1 200 OK, answers 27",
        ],
    ),
    "chunk sizes and heads that end in a lone LF": (
        [(C, GET), (S, b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\nWik\r\n0\n\n")],
        ["> 0-27 GET / HTTP/1.1", "< 0-54 HTTP/1.1 200 OK, answers 0 [lines end in a lone LF]"],
    ),
    "an answer before the request ended": (
        [
            (C, b"POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc"),
            (S, b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"),
            (C, b"def" + GET),
            (S, OK),
        ],
        [
            "> 0-44 POST / HTTP/1.1",
            "< 0-38 HTTP/1.1 413 No, answers 0",
            "> 44-71 GET / HTTP/1.1",
            "< 38-78 HTTP/1.1 200 OK, answers 44",
        ],
    ),
    "an answer nobody asked for": ([(S, OK)], ["< 0-40 HTTP/1.1 200 OK"]),
    "more answers than requests": ([(C, GET), (S, OK + OK)], [*ANSWERED, "< 40-80 HTTP/1.1 200 OK"]),
    "empty lines before the start line": (
        [(C, b"\r\n\r\n\n" + GET), (S, b"\r\n" + OK)],
        ["> 0-32 GET / HTTP/1.1", "< 0-42 HTTP/1.1 200 OK, answers 0"],
    ),
    "an empty line behind a body and nothing more": (
        [(C, b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\r\n"), (S, OK)],
        [
            "> 0-41 POST / HTTP/1.1",
            "< 0-40 HTTP/1.1 200 OK, answers 0",
            "> 41-43 data 2 bytes  0d 0a [an empty line behind the message, which receivers may ignore (RFC 9112 2.2)]",
        ],
    ),
    "no phrase": (
        [(C, GET), (S, b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), (C, GET), (S, b"HTTP/1.1 200 \r\n\r\n")],
        [
            "> 0-27 GET / HTTP/1.1",
            "< 0-35 HTTP/1.1 200, answers 0",
            "> 27-54 GET / HTTP/1.1",
            "< 35-52 HTTP/1.1 200, answers 27",
        ],
    ),
    "0.9": (
        [(C, b"GET /old\r\n"), (S, b"<html>old</html>")],
        ["> 0-10 GET /old [HTTP/0.9: no version]", "< 0-16 HTTP/0.9 body, answers 0"],
    ),
    "0.9 answered with a status line": (
        [(C, b"GET /old\r\n"), (S, b"HTTP/1.0 400 Bad\r\n\r\nno")],
        ["> 0-10 GET /old [HTTP/0.9: no version]", "< 0-22 HTTP/1.0 400 Bad, answers 0"],
    ),
    "0.9 answered with a body that starts like a status line": (
        [(C, b"GET /old\r\n"), (S, b"HTML")],
        ["> 0-10 GET /old [HTTP/0.9: no version]", "< 0-4 HTTP/0.9 body, answers 0"],
    ),
    "joined in the middle of a body": (
        [(S, b"the rest of a body"), (C, GET), (S, OK)],
        ['< 0-18 data 18 bytes  "the rest of a body"', "> 0-27 GET / HTTP/1.1", "< 18-58 HTTP/1.1 200 OK, answers 0"],
    ),
}


@pytest.mark.parametrize("case", FRAMED)
def test_messages_are_framed_and_paired(case: str) -> None:
    turns, expected = FRAMED[case]
    assert lines(turns) == expected


HANDED_OVER: dict[str, tuple[list[Turn], list[str]]] = {
    "CONNECT accepted": (
        [(C, b"CONNECT a:443 HTTP/1.1\r\n\r\n"), (S, b"HTTP/1.1 200 OK\r\n\r\n"), (C, TLS_HELLO), (S, TLS_ALERT)],
        [
            "> 0-26 CONNECT a:443 HTTP/1.1",
            "< 0-19 HTTP/1.1 200 OK, answers 0",
            "> 26-36 tls Handshake: client_hello",
            "< 19-26 tls Alert: fatal handshake_failure",
        ],
    ),
    "CONNECT accepted, the client did not wait, and the answer's length means nothing": (
        [(C, b"CONNECT a:80 HTTP/1.1\r\n\r\n" + GET), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), (S, OK)],
        [
            "> 0-25 CONNECT a:80 HTTP/1.1",
            "< 0-38 HTTP/1.1 200 OK, answers 0",
            "> 25-52 GET / HTTP/1.1",
            "< 38-78 HTTP/1.1 200 OK, answers 25",
        ],
    ),
    "CONNECT refused, the client did not wait": (
        [(C, b"CONNECT a:443 HTTP/1.1\r\n\r\n" + GET), (S, b"HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno" + OK)],
        [
            "> 0-26 CONNECT a:443 HTTP/1.1",
            "< 0-40 HTTP/1.1 407 No, answers 0",
            "> 26-53 GET / HTTP/1.1",
            "< 40-80 HTTP/1.1 200 OK, answers 26",
        ],
    ),
    "CONNECT whose answer was not captured": (
        [(C, b"CONNECT a:443 HTTP/1.1\r\n\r\n" + TLS_HELLO)],
        ["> 0-26 CONNECT a:443 HTTP/1.1", "> 26-36 tls Handshake: client_hello"],
    ),
    "101 to something unnamed": (
        [(C, GET), (S, b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + TLS_ALERT), (C, TLS_ALERT)],
        [
            "> 0-27 GET / HTTP/1.1",
            "< 0-36 HTTP/1.1 101 Switching Protocols, answers 0",
            "< 36-43 tls Alert: fatal handshake_failure",
            "> 27-34 tls Alert: fatal handshake_failure",
        ],
    ),
}


@pytest.mark.parametrize("case", HANDED_OVER)
def test_bytes_behind_a_switch_belong_to_the_next_protocol(case: str) -> None:
    turns, expected = HANDED_OVER[case]
    assert lines(turns) == expected


def test_what_follows_a_switch_is_read_at_once_although_the_other_side_is_silent() -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    turns: list[Turn] = [(C, GET), (S, head + TLS_ALERT + TLS_ALERT), (C, TLS_ALERT)]
    order = [line(m) for m in cut(turns)]
    assert order[2:4] == [
        "< 36-43 tls Alert: fatal handshake_failure",
        "< 43-50 tls Alert: fatal handshake_failure",
    ]


def test_101_hands_over_at_the_exact_offset_on_both_sides() -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\r\n"
    messages = cut([(C, GET), (S, head + b"\x81\x02hi"), (C, b"\x81\x80abcd")])
    for side, offset in ((C, len(GET)), (S, len(head))):
        behind = [m for m in messages if m.side == side and m.start >= offset]
        assert behind[0].start == offset
        assert all(m.protocol != "http" for m in behind)


@pytest.mark.parametrize(
    ("headers", "rest", "expected"),
    [
        (b"Content-Length: 3\r\nContent-Length: 3", b"abc" + GET, ["> 0-60 POST / HTTP/1.1", "> 60-87 GET / HTTP/1.1"]),
        (b"Content-Length: 3, 3", b"abc" + GET, ["> 0-44 POST / HTTP/1.1", "> 44-71 GET / HTTP/1.1"]),
        (b"Content-Length: 003", b"abc" + GET, ["> 0-43 POST / HTTP/1.1", "> 43-70 GET / HTTP/1.1"]),
        (
            b"Content-Length: 3\r\nContent-Length: 4",
            b"abc" + GET,
            [
                "> 0-60 POST / HTTP/1.1 [conflicting Content-Length values 3, 4: the first is used]",
                "> 60-87 GET / HTTP/1.1",
            ],
        ),
        (
            b"Content-Length: 3, 4",
            b"abc" + GET,
            [
                "> 0-44 POST / HTTP/1.1 [conflicting Content-Length values 3, 4: the first is used]",
                "> 44-71 GET / HTTP/1.1",
            ],
        ),
        (
            b"Content-Length: 3\r\nTransfer-Encoding: chunked",
            b"3\r\nabc\r\n0\r\n\r\n" + GET,
            [
                "> 0-79 POST / HTTP/1.1 [both Content-Length and Transfer-Encoding: the coding counts (RFC 9112 6.3)]",
                "> 79-106 GET / HTTP/1.1",
            ],
        ),
        (
            b"Transfer-Encoding: gzip, Chunked",
            b"0\r\n\r\n" + GET,
            ["> 0-58 POST / HTTP/1.1", "> 58-85 GET / HTTP/1.1"],
        ),
        (
            b"Transfer-Encoding: gzip",
            GET,
            ["> 0-44 POST / HTTP/1.1 [transfer coding 'gzip' does not end in chunked]", "> 44-71 GET / HTTP/1.1"],
        ),
        (
            b"Transfer-Encoding: identity\r\nContent-Length: 3",
            b"abc" + GET,
            [
                (
                    "> 0-70 POST / HTTP/1.1"
                    " [transfer coding 'identity' does not exist any more and is ignored (RFC 9112 7)]"
                ),
                "> 70-97 GET / HTTP/1.1",
            ],
        ),
    ],
    ids=lambda value: value.decode()[:40] if isinstance(value, bytes) else "",
)
def test_disputed_lengths_are_decided_as_the_standard_says_and_reported(
    headers: bytes, rest: bytes, expected: list[str]
) -> None:
    assert lines(post(headers, rest)) == expected


@pytest.mark.parametrize("value", [b"-1", b"+3", b"0x3", b"3 3", b"", b"9" * 20, b"3.0", b"\xb3", b"\xd9\xa3"])
def test_a_length_that_is_no_number_is_reported(value: bytes) -> None:
    (message,) = cut(post(b"Content-Length: " + value, b""))
    assert message.issue is not None
    assert "is no usable number" in message.issue
    assert message.complete


def test_a_response_with_unusable_framing_goes_on_to_the_end() -> None:
    for header in (b"Content-Length: many", b"Transfer-Encoding: chunked, gzip"):
        head = b"HTTP/1.1 200 OK\r\n" + header + b"\r\n\r\n"
        messages = cut([(C, GET), (S, head + b"body")])
        assert messages[1].end == len(head) + 4
        assert messages[1].issue


HOW = {"fin": "the server closed the connection", "rst": "the server reset the connection", "": "the capture ends"}


@pytest.mark.parametrize("ending", HOW)
@pytest.mark.parametrize(
    ("response", "issue"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbody", "{} after 4 of 10 body bytes"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1" + b"0" * 17 + b"\r\n\r\nb",
            "{} after 1 of 1" + "0" * 17 + " body bytes",
        ),
        (CHUNKED + b"4\r\nWiki\r\n", "{} before the last chunk"),
        (CHUNKED + b"4\r\nWiki\r\nff\r\npart of it", "{} before the last chunk"),
        (CHUNKED + b"4\r\nWiki\r\nf", "{} before the last chunk"),
        (CHUNKED + b"fffffffffffffff\r\npart of it", "{} before the last chunk"),
        (CHUNKED + b"4\r\nWiki\r\n0\r\nA: b", "{} before the last chunk"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "the bytes end before the head does"),
        (b"HTTP/1.1 200 O", "the bytes end before the head does"),
    ],
)
def test_a_message_cut_short_keeps_all_its_bytes_and_says_how_it_ended(
    response: bytes, issue: str, ending: str
) -> None:
    _, message = cut([(C, GET), (S, response)], ends=("fin", ending), first=S)
    assert (message.protocol, message.start, message.end) == ("http", 0, len(response))
    assert message.issue == issue.format(HOW[ending])
    assert not message.complete
    assert message.answers is not None
    check_message(message)


@pytest.mark.parametrize("ending", HOW)
def test_a_body_up_to_the_end_is_whole_only_when_the_sender_closed(ending: str) -> None:
    _, message = cut([(C, GET), (S, b"HTTP/1.1 200 OK\r\n\r\nbody")], ends=("fin", ending), first=S)
    assert message.end == 23
    assert message.complete == (ending == "fin")
    assert message.issue == (None if ending == "fin" else f"{HOW[ending]}: the body may go on")


@pytest.mark.parametrize(
    ("head", "issue"),
    [
        (b"GET / HTTP/1.1\nHost: a\n\n", "lines end in a lone LF"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n  2\r\n\t3\r\n\r\n", "obsolete line folding"),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "a header name with characters that are not allowed"),
        (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", "a header name with characters that are not allowed"),
        (b"GET / HTTP/1.1\r\nHost a\r\n\r\n", "a line without a colon among the headers"),
        (b"GET / HTTP/1.1\r\n:a\r\n\r\n", "a line without a colon among the headers"),
        (b"GET / http/1.1\r\nHost: a\r\n\r\n", "HTTP is not written in capitals"),
        (b"GET / HTTP/1.1\r\nHost:\r\nX:\r\nUser-Agent:  \r\n\r\n", ""),
    ],
)
def test_heads_that_bend_the_rules_are_read_and_remarked_on(head: bytes, issue: str) -> None:
    messages = cut([(C, head), (S, OK)])
    assert [(m.start, m.end) for m in messages] == [(0, len(head)), (0, len(OK))]
    assert messages[1].answers is messages[0]
    assert re.match(re.escape(issue), messages[0].issue or "")
    assert (messages[0].issue is None) == (not issue)
    tree = check_message(messages[0])
    noted = [node for node in tree.walk() if node.issue is not None and node is not tree]
    assert bool(noted) == bool(issue)


@pytest.mark.parametrize(
    ("start", "method", "target", "version"),
    [
        (b"OPTIONS * HTTP/1.1", "OPTIONS", "*", "HTTP/1.1"),
        (b"GET http://a/b?c HTTP/1.1", "GET", "http://a/b?c", "HTTP/1.1"),
        (b"CONNECT [::1]:443 HTTP/1.0", "CONNECT", "[::1]:443", "HTTP/1.0"),
        (b"get /x HTTP/1.1", "get", "/x", "HTTP/1.1"),
        (b"FOO-bar! /x HTTP/1.1", "FOO-bar!", "/x", "HTTP/1.1"),
        (b"GET /a b HTTP/1.1", "GET", "/a b", "HTTP/1.1"),
        (b"GET  / HTTP/1.1", "GET", " /", "HTTP/1.1"),
        (b"GET / HTTP/3.7", "GET", "/", "HTTP/3.7"),
        (b"GET /\x00\xe9 HTTP/1.1", "GET", "/\x00é", "HTTP/1.1"),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1", "GET", "/" + "a" * 100_000, "HTTP/1.1"),
        (b"M-SEARCH * HTTP/1.1", "M-SEARCH", "*", "HTTP/1.1"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_request_lines(start: bytes, method: str, target: str, version: str) -> None:
    message = of([(C, start + b"\r\nHost: a\r\n\r\n")])
    assert (message.kind, message.end) == ("request", len(start) + 13)
    assert message.facts == {
        "http.request.method": method,
        "http.request.uri": target,
        "http.request.version": version,
        "http.host": "a",
    }
    assert message.summary == f"{method} {target} {version}"


@pytest.mark.parametrize(
    ("status", "version", "code", "phrase"),
    [
        (b"HTTP/1.1 200 OK", "HTTP/1.1", 200, "OK"),
        (b"HTTP/1.0 404 Not Found", "HTTP/1.0", 404, "Not Found"),
        (b"HTTP/1.1 299", "HTTP/1.1", 299, ""),
        (b"HTTP/1.1 299 ", "HTTP/1.1", 299, ""),
        (b"HTTP/1.1 999  \xe9 x", "HTTP/1.1", 999, " é x"),
    ],
)
def test_status_lines(status: bytes, version: str, code: int, phrase: str) -> None:
    message = of([(S, status + b"\r\nServer: s\r\n\r\n")])
    assert message.facts == {
        "http.response.version": version,
        "http.response.code": code,
        "http.response.phrase": phrase,
        "http.server": "s",
    }


@pytest.mark.parametrize(
    "said",
    [
        b"G\x00T / HTTP/1.1\r\n\r\n",
        b"POST /no-version\r\n",
        b"GET no-slash\r\n",
        b"\x00\x01\x02\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_request_is_left_to_others(said: bytes) -> None:
    assert all(m.protocol != "http" for m in cut([(C, said)]))


@pytest.mark.parametrize("status", [b"HTTP/1.1 2x0 OK", b"HTTP/1.1 20000000000 OK", b"HTTP/1.1  OK", b"HTTP/1.1"])
def test_a_status_line_without_a_code_is_data_with_the_reason(status: bytes) -> None:
    messages = cut([(C, GET), (S, status + b"\r\n\r\n")])
    assert (messages[1].protocol, messages[1].end) == ("data", len(status) + 4)
    assert messages[1].issue


LOST: dict[str, tuple[list[Turn], list[str]]] = {
    "in a head": (
        [(C, b"GET /a HTTP/1.1\r\nHo"), (C, 20), (C, b"\r\n\r\n" + GET), (S, OK + OK)],
        [
            "> 0-19 GET /a HTTP/1.1 … [the bytes end before the head does]",
            "> 19-39 data 20 bytes were never captured [20 bytes were never captured]",
            "> 39-43 data 4 bytes  0d 0a 0d 0a [after a hole: no message starts here]",
            "> 43-70 GET / HTTP/1.1",
            "< 0-40 HTTP/1.1 200 OK, answers 0",
            "< 40-80 HTTP/1.1 200 OK, answers 43",
        ],
    ),
    "in a body of known length": (
        [(C, GET * 2), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nabc"), (S, 14), (S, b"xyz" + OK)],
        [
            "> 0-27 GET / HTTP/1.1",
            "> 27-54 GET / HTTP/1.1",
            "< 0-59 HTTP/1.1 200 OK, answers 0 [14 bytes of the body were never captured]",
            "< 59-99 HTTP/1.1 200 OK, answers 27",
        ],
    ),
    "from a body into the next message": (
        [(C, GET), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nabc"), (S, 30), (S, b"xyz" + OK)],
        [
            "> 0-27 GET / HTTP/1.1",
            "< 0-59 HTTP/1.1 200 OK, answers 0 [17 bytes of the body were never captured]",
            "< 59-72 data 13 bytes were never captured [13 bytes were never captured]",
            '< 72-75 data 3 bytes  "xyz" [after a hole: no message starts here]',
            "< 75-115 HTTP/1.1 200 OK",
        ],
    ),
    "in a body up to the end": (
        [(C, GET), (S, b"HTTP/1.1 200 OK\r\n\r\nabc"), (S, 30), (S, b"xyz")],
        ["> 0-27 GET / HTTP/1.1", "< 0-55 HTTP/1.1 200 OK, answers 0 [30 bytes of the body were never captured]"],
    ),
    "in the data of a chunk": (
        [(C, GET), (S, CHUNKED + b"14\r\nabc"), (S, 14), (S, b"xyz\r\n0\r\n\r\n")],
        ["> 0-27 GET / HTTP/1.1", "< 0-78 HTTP/1.1 200 OK, answers 0 [14 bytes of the body were never captured]"],
    ),
    "in a chunk size": (
        [(C, GET), (S, CHUNKED + b"3\r\nabc\r\n1"), (S, 14), (S, b"xyz\r\n0\r\n\r\n" + OK), (C, GET), (S, OK)],
        [
            "> 0-27 GET / HTTP/1.1",
            "< 0-56 HTTP/1.1 200 OK, answers 0 … [the body ends at a hole before its last chunk]",
            "< 56-70 data 14 bytes were never captured [14 bytes were never captured]",
            "< 70-80 data 10 bytes  78 79 7a 0d 0a 30 0d 0a 0d 0a [after a hole: no message starts here]",
            "< 80-120 HTTP/1.1 200 OK",
            "> 27-54 GET / HTTP/1.1",
            "< 120-160 HTTP/1.1 200 OK, answers 27",
        ],
    ),
    "a whole answer: the next one answers the next request": (
        [(C, GET), (S, 40), (C, GET), (S, OK)],
        [
            "> 0-27 GET / HTTP/1.1",
            "< 0-40 data 40 bytes were never captured [40 bytes were never captured]",
            "> 27-54 GET / HTTP/1.1",
            "< 40-80 HTTP/1.1 200 OK, answers 27",
        ],
    ),
    "a whole request: its answer has none": (
        [(C, 27), (S, OK), (C, GET), (S, OK)],
        [
            "> 0-27 data 27 bytes were never captured [27 bytes were never captured]",
            "< 0-40 HTTP/1.1 200 OK",
            "> 27-54 GET / HTTP/1.1",
            "< 40-80 HTTP/1.1 200 OK, answers 27",
        ],
    ),
}


@pytest.mark.parametrize("case", LOST)
def test_bytes_never_captured(case: str) -> None:
    turns, expected = LOST[case]
    assert lines(turns) == expected


@pytest.mark.parametrize(
    ("body", "behind"),
    [
        (b"3\r\nabc\r\nzz\r\nmore\r\n", "no chunk size: the line starts with b'zz'"),
        (b"3\r\nabcd\r\n0\r\n\r\n", "no line end after the chunk data"),
        (b"1" + b"0" * 16 + b"\r\nabcd\r\n", "a chunk size of 17 hex digits"),
        (b"-1\r\nabcd\r\n", "no chunk size: the line starts with b'-1'"),
        (b"0x1\r\na\r\n0\r\n\r\n" + b"x" * 20_000, "no line end"),
    ],
)
def test_a_body_that_stops_making_sense_is_left_and_the_next_message_found(body: bytes, behind: str) -> None:
    turns: list[Turn] = [(C, GET * 2), (S, CHUNKED + body + OK)]
    messages = cut(turns)
    check_cover(messages, [54, len(CHUNKED + body + OK)])
    responses = [m for m in messages if m.side == S and m.protocol == "http"]
    if "0x1" not in body.decode():
        assert behind in (responses[0].issue or "")
        assert not responses[0].complete
    assert responses[-1].end - responses[-1].start == len(OK)
    assert responses[-1].answers is messages[1]


def test_facts_of_heads_are_those_people_list() -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nX-Other: no\r\nTransfer-Encoding: gzip\r\n"
        b"Transfer-Encoding: chunked\r\nServer:  nginx \r\n\r\n0\r\n\r\n"
    )
    assert of([(S, head)]).facts == {
        "http.response.version": "HTTP/1.1",
        "http.response.code": 200,
        "http.response.phrase": "OK",
        "http.content_type": "text/html; charset=utf-8",
        "http.transfer_encoding": "gzip, chunked",
        "http.server": "nginx",
    }


def test_trees_name_every_part_as_wireshark_does() -> None:
    request, response = cut([(C, GET), (S, CHUNKED + b"4;x\r\nWiki\r\n0\r\nA: b\r\n\r\n")])
    assert [leaf.name for leaf in check_message(request).leaves()] == [
        "http.request.method",
        "http.space",
        "http.request.uri",
        "http.space",
        "http.request.version",
        "http.line_end",
        "http.header.name",
        "http.header.colon",
        "http.header.padding",
        "http.host",
        "http.line_end",
        "http.head_end",
    ]
    tree = check_message(response)
    assert [child.name for child in tree.children][-3:] == [
        "http.file_data",
        "http.chunked_trailer_part",
        "http.head_end",
    ]
    body = next(node for node in tree.walk() if node.buffer is not None and node is not tree)
    assert body.buffer is not None
    assert body.buffer.data == b"Wiki"
    chunk = next(node for node in tree.walk() if node.name == "http.chunk")
    assert [(node.name, node.length) for node in chunk.children] == [
        ("http.chunk_size", 1),
        ("http.chunk_extension", 2),
        ("http.line_end", 2),
        ("http.chunk_data", 4),
        ("http.chunk_boundary", 2),
    ]


def test_chunk_data_that_ends_in_cr_before_a_lone_lf_is_whole() -> None:
    (response,) = cut([(S, CHUNKED + b"4\nabc\r\n0\n\n")])
    body = next(node for node in check_message(response).walk() if node.buffer not in {None, response.buffer})
    assert body.buffer is not None
    assert body.buffer.data == b"abc\r"


def test_text_bodies_are_shown_as_text() -> None:
    said = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n["ol\xc3\xa1"]'
    tree = check_message(of([(S, said)]))
    assert tree.children[-1].value == '["olá"]'


def test_a_request_after_a_refused_tunnel_with_a_body_of_its_own() -> None:
    turns: list[Turn] = [
        (C, b"CONNECT a:1 HTTP/1.1\r\nContent-Length: 5\r\n\r\n"),
        (S, b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"),
        (C, GET),
        (S, OK),
    ]
    assert [m.kind for m in cut(turns)] == ["request", "response"] * 2


@pytest.mark.parametrize(
    ("ends", "first", "issue"),
    [
        (("fin", "fin"), C, "the client closed the connection after 4 of 10 body bytes"),
        (("rst", "fin"), C, "the client reset the connection after 4 of 10 body bytes"),
        (("rst", ""), C, "the client reset the connection after 4 of 10 body bytes"),
        (("rst", "fin"), S, "the server closed the connection after 4 of 10 body bytes"),
        (("fin", "rst"), S, "the server reset the connection after 4 of 10 body bytes"),
        (("", ""), C, "the capture ends after 4 of 10 body bytes"),
    ],
)
def test_who_broke_a_body_off(ends: tuple[str, str], first: int, issue: str) -> None:
    turns: list[Turn] = [(C, GET), (S, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbody")]
    assert cut(turns, ends=ends, first=first)[1].issue == issue


def test_a_body_up_to_the_end_is_not_whole_when_the_client_reset_the_connection() -> None:
    turns: list[Turn] = [(C, GET), (S, b"HTTP/1.1 200 OK\r\n\r\nbody")]
    _, message = cut(turns, ends=("rst", "fin"), first=C)
    assert (message.complete, message.issue) == (False, "the client reset the connection: the body may go on")
    _, message = cut(turns, ends=("rst", "fin"), first=S)
    assert (message.complete, message.issue) == (True, None)


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n2f\r\n", b"\r\n0\r\n\r\n"),
        (b"Content-Length: 47\r\n\r\n", b""),
        (b"\r\n", b""),
    ],
    ids=["chunk", "length", "close"],
)
def test_what_is_in_a_body_appears_while_it_grows(head: bytes, tail: bytes) -> None:
    events = [b"data: one\n\n", b"data: two\n\n", b"data: three\n\n", b"data: four\n\n"]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + head
    assert len(b"".join(events)) == 47
    turns: list[Turn] = [(C, GET), (S, head + b"".join(events) + tail)]
    buffers = [Buffer(name, Spoken(turns, side)) for side, name in enumerate(("client", "server"))]
    context = Context(SCHEMAS, Clock())
    stream = Stream(context, 1, buffers, Hints())
    stream.feed(C, GET)
    stream.feed(S, head)
    for count, event in enumerate(events, 1):
        stream.feed(S, event[:-1])
        assert len(context.messages) == 1 + count
        stream.feed(S, event[-1:])
        assert [m.kind for m in context.messages[2:]] == ["event"] * count
        assert context.messages[1].end == len(head) + sum(map(len, events[:count]))


def test_a_chunk_that_is_cut_says_how_much_of_it_came() -> None:
    for said, issues in (
        (b"a\r\n0123", ["4 of 10 bytes of this chunk came"]),
        (b"4\r\nWiki", []),
        (b"4\r\nWiki\r\n5\r\npe", ["2 of 5 bytes of this chunk came"]),
    ):
        (message,) = cut([(S, CHUNKED + said)], ends=("", ""))
        tree = check_message(message)
        assert [f.issue for f in tree.walk() if f.name == "http.chunk_data" and f.issue] == issues
        assert message.end == len(CHUNKED + said)


def test_what_follows_a_chunk_that_has_no_line_end_is_no_part_of_it() -> None:
    messages = cut([(S, CHUNKED + b"4\r\nWikipedia\r\n0\r\n\r\n")], ends=("", ""))
    assert (messages[0].protocol, messages[0].start, messages[0].end) == ("http", 0, len(CHUNKED) + 7)
    assert "no line end after the chunk data" in str(messages[0].issue)
    check_cover(messages, [0, len(CHUNKED) + 19])


@pytest.mark.parametrize(
    ("side", "data", "expected"),
    [
        (C, b"tail\nGET / HTTP/1.1\r\n", 5),
        (C, b"tailGET / HTTP/1.1\r\n", 4),
        (C, b"a b PUT /x HTTP/1.0\nHost: a", 4),
        (C, b'"GET / HTTP/1.1" 200\nPOST / HTTP/1.1\r\n', 21),
        (C, b"no request HTTP/1.1\r\n", -1),
        (C, b"tailGET / HTTP/1.1", -1),
        (C, b"tailGET / HTTP/1.1\r", -1),
        (C, b"tailGET / HTTP/1.1\rx", -1),
        (C, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n", 0),
        (C, b"xGET /" + b"a" * 9000 + b" HTTP/1.1\r\n", -1),
        (C, b" HTTP/1." * 50_000, -1),
        (S, b"tailHTTP/1.1 200 OK\r\n", 4),
        (S, b"HTTP/1.1 oops HTTP/1.0 404\r\n", 14),
        (S, b"tailHTTP/1.1 20", -1),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_where_a_message_starts(side: int, data: bytes, expected: int) -> None:
    assert find_head(side, data, 0) == expected
    assert find_head(side, b"GET / HTTP/1.1\r\n" + data, 16) == (expected + 16 if expected >= 0 else -1)


def test_lengths_are_numbers_and_names_stay_as_they_were_sent() -> None:
    (message,) = cut([(S, b"HTTP/1.1 200 \r\nCONTENT-length: 002\r\nContent-Length: x\r\n\r\nok")])
    tree = check_message(message)
    assert [f.value for f in tree.walk() if f.name == "http.content_length"] == [2]
    assert [f.value for f in tree.walk() if f.name == "http.response.line"] == [
        "CONTENT-length: 002",
        "Content-Length: x",
    ]
    assert not any(f.name == "http.response.phrase" for f in tree.walk())
