"""The filter language over a few named values."""

import re

import pytest

from inspector.model.errors import UsageError
from inspector.query import compile_filter

KNOWN = {
    "http",
    "http.host",
    "http.request.method",
    "http.request.uri",
    "http.response.code",
    "ip.addr",
    "in.use",
    "latency",
    "summary",
    "tcp",
    "tcp.port",
    "thrift",
    "thrift.payload",
}

VALUES: dict[str, list[object]] = {
    "http": [True],
    "http.request.method": ["GET"],
    "http.host": ["localhost:9083"],
    "http.response.code": [200],
    "in.use": [True],
    "ip.addr": ["127.0.0.1", "10.1.2.3"],
    "latency": [0.0025],
    "summary": ["GET / HTTP/1.1"],
    "tcp": [True],
    "tcp.port": [50018, 9083],
    "thrift.payload": [b"\x47\x45\x54\x20/"],
}


def holds(text: str) -> bool:
    return compile_filter(text, KNOWN).matches(lambda name: VALUES.get(name, []))


@pytest.mark.parametrize(
    "text",
    [
        "http",
        "http.host",
        "in.use",
        "!thrift",
        "not thrift",
        "not not http",
        "!!http",
        "http and tcp",
        "http && tcp",
        "thrift or tcp",
        "thrift||tcp",
        "thrift and thrift or http",
        "http or thrift and thrift",
        "(http or thrift) and not (thrift or http.request.uri)",
        'http.request.method == "GET"',
        "http.request.method==GET",
        "http.request.method eq 'GET'",
        "http.request.method in {POST, GET}",
        'http.request.method in {"POST" "GET"}',
        "http.response.code == 200",
        "http.response.code == 0xC8",
        "http.response.code == 2e2",
        "http.response.code != 404",
        "http.response.code > 199",
        "http.response.code gt 199.5",
        "http.response.code >= 200",
        "http.response.code ge 200",
        "http.response.code < 201",
        "http.response.code lt 201",
        "http.response.code <= 200",
        "http.response.code le 200",
        "http.response.code in {404, 200..299}",
        "http.response.code in {100 .. 200}",
        "tcp.port == 9083",
        "tcp.port != 443",
        "tcp.port > 50000",
        "ip.addr == 127.0.0.1",
        "ip.addr == 10.0.0.0/8",
        "ip.addr in {192.168.0.0/16, 10.1.0.0/16}",
        "in.use == true",
        "in.use != false",
        "in.use == 1",
        "latency < 0.01",
        "latency > .0001",
        "summary contains GET",
        'summary contains "T / H"',
        "summary matches ^get",
        "summary ~ ^get",
        r'summary matches r"http/\d"',
        r'summary matches "http/\d"',
        "http.host < m",
        "thrift.payload == 47:45:54:20:2f",
        "thrift.payload == 474554202f",
        'thrift.payload == "GET /"',
        "thrift.payload contains 54:20",
        'thrift.payload contains "T /"',
        "thrift.payload matches ^get",
        r'thrift.payload == "\x47ET /"',
    ],
)
def test_holds(text: str) -> None:
    assert holds(text)
    assert not holds(f"not ({text})")


@pytest.mark.parametrize(
    "text",
    [
        "thrift",
        "http.request.uri",
        "http.request.uri != x",
        "http.request.method == get",
        'http.response.code == "200"',
        "http.response.code == two",
        "http.response.code > two",
        "tcp.port != 9083",
        "tcp.port in {1..10}",
        "ip.addr == 11.0.0.0/8",
        "ip.addr != 127.0.0.1",
        "in.use == false",
        "summary contains get",
        "thrift.payload == 47",
        "thrift.payload > GET",
        "latency > 1",
    ],
)
def test_does_not_hold(text: str) -> None:
    assert not holds(text)


def test_numbers_in_text_compare_as_numbers() -> None:
    kept = compile_filter("time > 1700000000.5").matches
    assert kept(lambda _: ["1700000000.600000000"])
    assert not kept(lambda _: ["1700000000.400000000"])
    assert compile_filter("code == 200").matches(lambda _: ["200"])


def test_names_are_those_asked_for() -> None:
    assert compile_filter("http and (tcp.port == 1 or not thrift)").names == {"http", "tcp.port", "thrift"}


def test_families_are_known_by_their_beginning() -> None:
    assert compile_filter("tcp.options.sack", {"tcp"}, ["tcp.options."]).names == {"tcp.options.sack"}
    with pytest.raises(UsageError, match=r"unknown field tcp\.option"):
        compile_filter("tcp.option", {"tcp"}, ["tcp.options."])


@pytest.mark.parametrize(
    ("text", "reason", "caret", "length"),
    [
        ('http.methd == "GET"', "unknown field http.methd; did you mean http.request.method?", 0, 10),
        ("http and http.hots", "unknown field http.hots; did you mean http.host?", 9, 9),
        ("GET", 'unknown field GET; to look for a word: summary contains "GET"', 0, 3),
        ("http and", "it ends too early, a field or protocol name is expected", 8, 1),
        ("(http", "it ends too early, and, or or the end is expected", 5, 1),
        ("tcp.port ==", "it ends too early, a value is expected", 11, 1),
        ('http.host == "a', "the quote is not closed", 13, 1),
        ("tcp.port in 5", '"5" does not belong here, "{" is expected', 12, 1),
        ("http $ 2", '"$" does not belong here, an operator such as == or contains, or and/or, is expected', 5, 1),
        ('summary matches "("', "bad pattern: missing ), unterminated subpattern at position 0", 16, 3),
    ],
)
def test_errors_show_the_place(text: str, reason: str, caret: int, length: int) -> None:
    with pytest.raises(UsageError) as caught:
        holds(text)
    assert str(caught.value) == f"filter: {reason}\n  {text}\n  {' ' * caret}{'^' * length}"


@pytest.mark.parametrize("text", ["", "  ", "!" * 5000 + "http", "x" * 70_000], ids=["empty", "blank", "deep", "long"])
def test_hostile_filters_are_usage_errors(text: str) -> None:
    with pytest.raises(UsageError):
        holds(text)


def test_long_filters_are_fine() -> None:
    assert holds(" or ".join(["thrift"] * 2000 + ["http"]))
    assert holds("(" * 5000 + "http" + ")" * 5000)


def test_control_characters_do_not_reach_the_terminal() -> None:
    with pytest.raises(UsageError) as caught:
        compile_filter("http \x1b[2J")
    shown = str(caught.value)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", shown)
