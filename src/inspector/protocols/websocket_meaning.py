"""What the messages of a WebSocket are to the two programs, and which of them answer which.

Spec: RFC 6455 1.9 and 11.5 (subprotocols). Each family of subprotocols has a file of its own.
"""

from typing import Final

MAX_JSON: Final = 1 << 18
"""Bytes of a JSON message that are looked into for its row."""
MAX_ABOUT: Final = 80
"""Characters of what a message is about."""


class Meaning:
    """What one message is in its subprotocol.

    `name` is that of the subprotocol, `message` what it calls this message, `key` the id in it that pairs messages,
    `about` the operation, method, topic or event, and `rest` what else a row shows. A message that `asks` waits under
    that key for those that answer; one that `answers` belongs to the other side's message under that key, which is
    done with it when `final`.
    """

    __slots__ = ("about", "answers", "asks", "final", "key", "message", "name", "rest")

    def __init__(self, name: str, message: str, key: str = "", about: str = "") -> None:
        self.name = name
        self.message = message
        self.key = key
        self.about = about
        self.rest = ""
        self.asks = ""
        self.answers = ""
        self.final = True

    def asking(self, key: str) -> "Meaning":
        """This message waits for answers under `key`."""
        self.asks = key
        return self

    def answering(self, key: str, final: bool = True) -> "Meaning":
        """This message answers the one that waits under `key`; more answers may follow unless it is `final`."""
        self.answers = key
        self.final = final
        return self

    @property
    def words(self) -> str:
        """For a row: "subscribe 1 subscription Readings"."""
        parts = [self.message, self.key, self.about[:MAX_ABOUT], self.rest[:MAX_ABOUT]]
        return " ".join(part for part in parts if part)


def is_id(value: object) -> bool:
    """Whether a JSON value can be an id."""
    return isinstance(value, int | str)


def text_of(value: object) -> str:
    """A JSON value that should be text, "" when it is none."""
    return value if isinstance(value, str) else ""
