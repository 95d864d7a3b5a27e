"""The h2 library as the strict peer: it plays both ends of a recorded connection and says where the rules are broken.

Each end's bytes go to a connection object that stands for the other end. What that one understands is then sent, in
memory, by the object that stands for the sender, so that both know the streams, windows and settings of the real ends.
"""

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from inspector.model.finding import Witness
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, SIDE_NAMES, Side, other
from inspector.protocols.http2_frames import HEADER

if TYPE_CHECKING:
    from h2.connection import H2Connection
    from h2.events import Event

PROTOCOL_ERROR: Final = 1
RST_STREAM: Final = 3
GOAWAY: Final = 7
"""Frame types (RFC 9113 6). GOAWAY is not shown to h2, which would take no frame after it; peers that leave gently
send more."""
MAX_HEADER_LIST: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class Objection:
    """What h2 said of `message`, as the end that received it, and the error code that it would have sent."""

    message: Message
    code: int
    says: str

    @property
    def witness(self) -> Witness:
        """The objection as a finding's witness."""
        reader = f"H2Connection as the {SIDE_NAMES[other(self.message.side)]}"
        return Witness("h2", version("h2"), f"{reader}: {self.says}")


def first_objection(frames: list[Message], settings_header: str | None) -> Objection | None:
    """What h2 objects to first in a connection recorded from its beginning; None when it has nothing to say.

    `frames` are the preface and frames of both sides in the order of the capture, `settings_header` is HTTP2-Settings
    where the connection began with an upgrade.
    """
    from h2.exceptions import ProtocolError

    ends = [_end(CLIENT, settings_header), _end(SERVER, settings_header)]
    reset: set[tuple[Side, int]] = set()
    for frame in frames:
        receiver = ends[other(frame.side)]
        # what a peer would rather not read it only advises (RFC 9113 6.5.2)
        receiver.decoder.max_header_list_size = MAX_HEADER_LIST
        try:
            events = receiver.receive_data(frame.buffer.read(frame.start, frame.end))
        except ProtocolError as error:
            return Objection(frame, int(error.error_code), f"{type(error).__name__}: {error}")
        for stream, code in _resets(receiver.data_to_send()):
            # what was on its way when the receiver gave the stream up is nobody's fault
            if (other(frame.side), stream) not in reset:
                return Objection(frame, code, f"answers RST_STREAM for stream {stream}, error code {code}")
        for event in events:
            malformed = _malformed(event)
            if malformed:
                return Objection(frame, PROTOCOL_ERROR, malformed)
        if frame.kind == "rst_stream":
            reset.add((frame.side, int.from_bytes(frame.buffer.read(frame.start + 5, frame.start + 9), "big")))
        try:
            for event in events:
                _send(ends[frame.side], event)
        except (ProtocolError, ValueError, TypeError, KeyError):
            # what may be received but not sent is beyond this library: from here on its two ends would disagree
            return None
        for end in ends:
            end.clear_outbound_data_buffer()
    return None


def _malformed(event: "Event") -> str:
    """What h2 has against the header fields that it understood, "" when they are sound (RFC 9113 8.2 and 8.3).

    Values of fields whose names end in -bin are left out: gRPC's ends agree by a setting of theirs to send any bytes.
    """
    from h2 import events
    from h2.exceptions import ProtocolError
    from h2.utilities import HeaderValidationFlags, validate_headers

    found: Any = event
    request = isinstance(event, events.RequestReceived | events.PushedStreamReceived)
    trailers = isinstance(event, events.TrailersReceived)
    response = isinstance(event, events.ResponseReceived | events.InformationalResponseReceived)
    if not request and not trailers and not response:
        return ""
    fields = [(name, b"" if name.endswith(b"-bin") else value) for name, value in found.headers]
    flags = HeaderValidationFlags(
        is_client=response,
        is_trailer=trailers,
        is_response_header=response,
        is_push_promise=isinstance(event, events.PushedStreamReceived),
    )
    try:
        for _ in validate_headers(fields, flags):
            pass
    except ProtocolError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _resets(answer: bytes) -> list[tuple[int, int]]:
    """Stream and error code of each RST_STREAM among the frames that h2 answers with."""
    found: list[tuple[int, int]] = []
    at = 0
    while at + HEADER <= len(answer):
        length = int.from_bytes(answer[at : at + 3], "big")
        if answer[at + 3] == RST_STREAM:
            stream = int.from_bytes(answer[at + 5 : at + HEADER], "big")
            found.append((stream, int.from_bytes(answer[at + HEADER : at + HEADER + 4], "big")))
        at += HEADER + length
    return found


def _end(side: Side, settings_header: str | None) -> "H2Connection":
    """A connection object that stands for one end, with no limits of its own.

    Header fields are checked apart, see `_malformed`: an end that refuses them would take no more frames.
    """
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.settings import Settings

    config = H2Configuration(
        client_side=side == CLIENT,
        validate_inbound_headers=False,
        validate_outbound_headers=False,
        normalize_inbound_headers=False,
        normalize_outbound_headers=False,
    )
    end = H2Connection(config)
    end.local_settings = Settings(client=side == CLIENT)
    end.decoder.max_header_list_size = MAX_HEADER_LIST
    if settings_header is None:
        end.initiate_connection()
    else:
        end.initiate_upgrade_connection(settings_header.encode() if side == SERVER else None)
    return end


def _send(end: "H2Connection", event: "Event") -> None:
    """Let `end` send what the other end understood of it."""
    from h2 import events

    found: Any = event
    if isinstance(event, events.DataReceived):
        padding = found.flow_controlled_length - len(found.data)
        end.send_data(found.stream_id, found.data, found.stream_ended is not None, padding - 1 if padding else None)
    elif isinstance(event, events.RequestReceived | events.ResponseReceived | events.TrailersReceived):
        end.send_headers(found.stream_id, found.headers, found.stream_ended is not None)
    elif isinstance(event, events.InformationalResponseReceived):
        end.send_headers(found.stream_id, found.headers)
    elif isinstance(event, events.WindowUpdated):
        end.increment_flow_control_window(found.delta, found.stream_id or None)
    elif isinstance(event, events.StreamReset):
        if found.remote_reset:
            end.reset_stream(found.stream_id, found.error_code)
    elif isinstance(event, events.RemoteSettingsChanged):
        end.update_settings({key: change.new_value for key, change in found.changed_settings.items()})
    elif isinstance(event, events.PushedStreamReceived):
        end.push_stream(found.parent_stream_id, found.pushed_stream_id, found.headers)


def client_reading(answer: bytes) -> Witness | None:
    """What h2 says as a client that reads these bytes first from its server; None while it waits for more."""
    from h2.exceptions import ProtocolError

    end = _end(CLIENT, None)
    try:
        end.receive_data(answer)
    except ProtocolError as error:
        return Witness("h2", version("h2"), f"H2Connection as the client: {type(error).__name__}: {error}")
    return None
