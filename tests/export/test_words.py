"""Values and times as text that is safe to print."""

import pytest

from inspector.export.words import Clock, byte_words, packets_words, plural, printable, shorten, value_words


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("olá 界", "olá 界"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\tb\r\n", "a\\tb\\r\\n"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\x85\x9b31m", "\\x85\\x9b31m"),
        ("\U000e0001", "\\U000e0001"),
        ("\ud800", "\\ud800"),
    ],
)
def test_nothing_moves_the_cursor(text: str, safe: str) -> None:
    assert printable(text) == safe


@pytest.mark.parametrize(
    ("value", "raw", "words"),
    [
        (7, b"\x07", "7"),
        (True, b"\x01", "true"),
        (None, b"\x0d\x0a", "0d 0a"),
        (None, b"GET /", '"GET /"'),
        (b"\x00\x01", b"", "00 01"),
        (2.5, b"", "2.5"),
        ("a\nb", b"", "a\\nb"),
    ],
)
def test_values(value: object, raw: bytes, words: str) -> None:
    assert value_words(value, raw) == words


def test_long_values_say_how_long_they_are() -> None:
    assert shorten("x" * 300) == "x" * 200 + "… (300 characters)"
    assert byte_words(bytes(100)).endswith("… (100 bytes)")
    assert byte_words(b"x" * 300) == '"' + "x" * 200 + '"… (300 bytes)'


def test_counts() -> None:
    assert [plural(1, "byte"), plural(0, "byte")] == ["1 byte", "0 bytes"]
    assert packets_words([]) == "no packet"
    assert packets_words([4]) == "packet 4"
    assert packets_words([4, 5, 6]) == "packets 4 to 6"
    assert packets_words([4, 6]) == "packets 4, 6"
    assert packets_words(list(range(1, 40, 2))) == "20 packets, 1, 3, 5, 7, 9, 11, 13, 15, …"


SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def test_relative_times_are_aligned_to_the_last() -> None:
    clock = Clock("r", START, START + 123 * SECOND)
    assert clock.write(START + 1_234_567_899) == "  1.234567"
    assert clock.write(START - 5_000) == " -0.000005"


def test_delta_times_are_since_the_line_before() -> None:
    clock = Clock("d", START, START + SECOND)
    assert [clock.write(START + each * SECOND).strip() for each in (0, 1, 3)] == ["0.000000", "1.000000", "2.000000"]


def test_absolute_times(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Clock("u", START, START).write(START + 123_456_789) == "2023-11-14 22:13:20.123456"
