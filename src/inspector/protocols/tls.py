"""TLS records and alerts, unencrypted parts only. Spec: RFC 8446 5 and 6, RFC 5246 6 and 7."""

from typing import Final

from inspector.model.errors import DecodeError
from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.model.verdict import MORE, NONE, STRONG, Verdict
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader

HEADER: Final = 5
MAX_FRAGMENT: Final = 16384 + 2048
"""RFC 5246 6.2.3: ciphertext is at most 2^14 + 2048 bytes."""

CONTENT_TYPES: Final = {20: "change_cipher_spec", 21: "alert", 22: "handshake", 23: "application_data", 24: "heartbeat"}
HANDSHAKES: Final = {
    0: "hello_request", 1: "client_hello", 2: "server_hello", 4: "new_session_ticket", 8: "encrypted_extensions",
    11: "certificate", 12: "server_key_exchange", 13: "certificate_request", 14: "server_hello_done",
    15: "certificate_verify", 16: "client_key_exchange", 20: "finished", 24: "key_update",
}  # fmt: skip
ALERTS: Final = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
    40: "handshake_failure", 42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked",
    45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca",
    49: "access_denied",
    50: "decode_error", 51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
    86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 112: "unrecognized_name", 116: "certificate_required", 120: "no_application_protocol",
}  # fmt: skip
LEVELS: Final = {1: "warning", 2: "fatal"}


class State:
    """Whether a side's records are encrypted from here on, which their bytes alone do not tell."""

    def __init__(self) -> None:
        self.encrypted = False


class TlsConversation(Conversation):
    """One message per record."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.states = [State(), State()]

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        start = r.offset
        state = self.states[side]
        kind, first, second = read_record(r, state.encrypted)
        m = out.message(
            side, CONTENT_TYPES[kind], start, r.offset, _summary(kind, first, second, state.encrypted, r.offset - start)
        )
        m.context = state.encrypted
        m.facts["tls.record.content_type"] = kind
        if kind == 20:
            state.encrypted = True
        elif not state.encrypted and kind == 21:
            m.facts["tls.alert_message.level"] = first
            m.facts["tls.alert_message.desc"] = second
        elif not state.encrypted and kind == 22:
            m.facts["tls.handshake.type"] = first

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        if recognise(r.data[r.pos : r.pos + HEADER], side, self.hints).strength != STRONG:
            return None
        start = r.offset
        kind = r.data[r.pos]
        r.seek(r.end)
        m = out.message(side, CONTENT_TYPES[kind], start, r.offset, f"{CONTENT_TYPES[kind]}, cut short")
        m.issue = error.reason
        m.complete = False
        m.context = self.states[side].encrypted
        return m


def read_record(r: Reader, encrypted: bool) -> tuple[int, int, int]:
    """One record: its content type, and the first two bytes of what it holds where those are readable (else -1)."""
    if r.peek(1)[0] not in CONTENT_TYPES:
        raise r.malformed(f"{r.peek(1)[0]} is no TLS content type")
    kind = r.u8("tls.record.content_type")
    if r.peek(1)[0] != 3:
        raise r.malformed("the version does not start with 3")
    r.u16("tls.record.version")
    if int.from_bytes(r.peek(2), "big") > MAX_FRAGMENT:
        raise r.malformed(f"a record longer than {MAX_FRAGMENT} bytes")
    length = r.u16("tls.record.length")
    before = r.narrow(length)
    first = second = -1
    if kind == 21 and not encrypted and length == 2:
        first = r.u8("tls.alert_message.level")
        second = r.u8("tls.alert_message.desc")
    elif kind == 22 and not encrypted and length >= 4 and r.peek(1)[0] in HANDSHAKES:
        first = r.u8("tls.handshake.type")
        r.u24("tls.handshake.length")
        r.skip("tls.handshake.data", r.left)
    elif kind == 20 and length == 1:
        r.u8("tls.change_cipher_spec")
    elif kind == 23:
        r.skip("tls.app_data", length)
    else:
        r.skip("tls.record.opaque", length)
    r.widen(before)
    return kind, first, second


def _summary(kind: int, first: int, second: int, encrypted: bool, length: int) -> str:
    if kind == 21 and first >= 0:
        return f"Alert: {LEVELS.get(first, f'level {first}')} {ALERTS.get(second, str(second))}"
    if kind == 22 and first >= 0:
        return f"Handshake: {HANDSHAKES[first]}"
    name = CONTENT_TYPES[kind].replace("_", " ").capitalize()
    return f"{name}, encrypted, {length} bytes" if encrypted or kind == 23 else f"{name}, {length} bytes"


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """A record header: content type 20 to 23, version 3.0 to 3.4, a length that records may have."""
    if not prefix or prefix[0] not in CONTENT_TYPES or (len(prefix) > 1 and prefix[1] != 3):
        return Verdict("tls", NONE, "no TLS record header")
    if len(prefix) < HEADER:
        return Verdict("tls", MORE, "may become a TLS record header")
    length = int.from_bytes(prefix[3:5], "big")
    if prefix[2] > 4 or not 0 < length <= MAX_FRAGMENT or prefix[0] == 24:
        return Verdict("tls", NONE, "no TLS record header")
    name = CONTENT_TYPES[prefix[0]]
    return Verdict(
        "tls", STRONG, f"{prefix[:5].hex(' ')} is a record header: {name}, version 3.{prefix[2]}, {length} bytes follow"
    )


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """The record header and what it holds, as far as it is readable."""
    read_record(r, message.context is True)


PROTOCOL = Protocol(
    name="tls",
    title="TLS",
    spec="RFC 8446",
    recognise=recognise,
    conversation=TlsConversation,
    explain=explain,
    ports=(443, 8443),
)
