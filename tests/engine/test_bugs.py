"""A bug in one decoder: the bytes it happened at are kept, and everything else is decoded."""

from dataclasses import replace

import pytest

from inspector.engine import core_kind
from inspector.engine.bugs import DEBUG, told
from inspector.engine.detect import protocols
from inspector.engine.explain import explain
from inspector.engine.index import cut_bytes, in_order
from inspector.model.message import Message
from inspector.protocols.base import Sink
from inspector.protocols.http import HttpConversation
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader
from streams import SCHEMAS, check_cover, cut, every

GET = b"GET / HTTP/1.1\r\n\r\n"
CALL = bytes.fromhex("800100010000000470696e670000000100")


class Broken(HttpConversation):
    """Fails at every request."""

    def step(self, side: int, r: Reader, out: Sink) -> None:
        r.take("http.request.method", 3)
        raise ZeroDivisionError("no such luck")


@pytest.fixture(autouse=True)
def _bugs_are_told(monkeypatch: pytest.MonkeyPatch, _bugs_are_raised: None) -> None:
    monkeypatch.delenv(DEBUG)


def test_a_bug_names_decoder_and_place(monkeypatch: pytest.MonkeyPatch) -> None:
    error = told(KeyError("x"), "http", 7)
    assert (error.offset, error.reason) == (7, "the http decoder failed here, a bug: KeyError: 'x'")
    monkeypatch.setenv(DEBUG, "1")
    with pytest.raises(KeyError):
        told(KeyError("x"), "http", 7)


def test_explaining_keeps_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(message: Message, r: Reader, schemas: Schemas) -> None:
        r.take("http.request.method", 3)
        raise ZeroDivisionError("no such luck")

    (message,) = cut_bytes(GET, 0, "http", SCHEMAS)
    monkeypatch.setitem(protocols(), "http", replace(protocols()["http"], explain=broken))
    tree = explain(message, SCHEMAS)
    assert [(child.name, child.start, child.end) for child in tree.children] == [
        ("http.request.method", 0, 3),
        ("gap", 3, len(GET)),
    ]
    assert tree.children[1].issue == "the http decoder failed here, a bug: ZeroDivisionError: no such luck"


@pytest.mark.skipif(core_kind() == "compiled", reason="compiled conversations have no subclasses made in tests")
@pytest.mark.parametrize("size", [1, 5, 100])
def test_cutting_keeps_the_bytes_and_goes_on(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setitem(protocols(), "http", replace(protocols()["http"], conversation=Broken))
    messages = in_order(cut([(0, GET), (1, b"\x00ab"), (0, CALL)], every(size)))
    check_cover(messages, [len(GET) + len(CALL), 3])
    assert [m.protocol for m in messages] == ["data", "data", "thrift"]
    assert messages[0].issue == "the http decoder failed here, a bug: ZeroDivisionError: no such luck"
