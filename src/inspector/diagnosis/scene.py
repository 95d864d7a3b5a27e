"""What rules look at: the conversations that did not end in an answer of the kind that was asked for."""

from bisect import bisect_right
from functools import cached_property
from typing import Final

from inspector.diagnosis.ending import Ending, find_ending
from inspector.diagnosis.speech import speech_of
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.model.verdict import STRONG
from inspector.net.flows import FlowTable
from inspector.protocols.base import Hints
from inspector.protocols.http_detect import recognise as recognise_http

OPENING: Final = 16_384
"""Bytes of each side that rules and witnesses look at: more than any reader here takes before it decides."""

SPEECH: Final = 512
"""Bytes of each side that tell what they speak where no protocol claims them."""
MOST_ALIKE: Final = 100
"""Conversations with one server that begin and are answered alike which get a finding each."""
LOOKED_AT: Final = 16
"""Conversations with one server that are looked at for what it may be: more of them say the same."""


class Scene:
    """A capture as rules see it; `worked_out` is what several rules look at and only one needs to gather.

    `alike` says of a flow how many others like it are no cases of their own.
    """

    def __init__(self, flow_table: FlowTable, messages: list[Message]) -> None:
        self.flow_table = flow_table
        self.messages = messages
        self.worked_out: dict[str, object] = {}
        self.alike: dict[int, int] = {}
        self.firsts: dict[int, list[Message | None]] = {}
        self.lasts: dict[int, list[Message | None]] = {}
        for message in messages:
            if message.parent is None:
                flow, side = message.flow, message.side
                first = self.firsts.get(flow)
                if first is None:
                    first = self.firsts[flow] = [None, None]
                    self.lasts[flow] = [None, None]
                if first[side] is None:
                    first[side] = message
                self.lasts[flow][side] = message

    def first(self, flow: int, side: Side) -> Message | None:
        """The first message that a side sent in a flow."""
        return self.firsts.get(flow, [None, None])[side]

    def last(self, flow: int, side: Side) -> Message | None:
        """The last message that a side sent in a flow."""
        return self.lasts.get(flow, [None, None])[side]

    @cached_property
    def answers(self) -> list[Message]:
        """Messages that answer another one, in the order of the capture; rules look for them among all the others."""
        return [message for message in self.messages if message.answers is not None]

    @cached_property
    def cases(self) -> list["Case"]:
        """TCP conversations in which the client spoke and the server did not answer in the same protocol.

        Of those that are alike (a health check goes on for days) the first ones; `alike` counts the others.
        """
        found: list[Case] = []
        kept: dict[tuple[tuple[str, int], str, str], list[int]] = {}
        for flow in self.flow_table.flows:
            asked, answered = self.firsts.get(flow.number, [None, None])
            if asked is None or flow.transport != "tcp":
                continue
            if answered is None or answered.protocol != asked.protocol or answered.protocol == "data":
                server = (flow.server.address, flow.server.port)
                kind = (server, asked.summary, answered.summary if answered is not None else "")
                last = kept.setdefault(kind, [])
                if len(last) < MOST_ALIKE:
                    last.append(flow.number)
                    found.append(Case(self, flow, asked, answered))
                else:
                    self.alike[last[-1]] = self.alike.get(last[-1], 0) + 1
        return found

    @cached_property
    def spoken(self) -> dict[tuple[str, int], dict[str, Message]]:
        """What each server port was seen to speak: the first message that the server sent, by protocol."""
        found: dict[tuple[str, int], dict[str, Message]] = {}
        looked: dict[tuple[str, int], int] = {}
        for flow in self.flow_table.flows:
            message = self.first(flow.number, SERVER)
            if message is None:
                continue
            server = (flow.server.address, flow.server.port)
            name = message.protocol
            if name == "data":
                looked[server] = looked.get(server, 0) + 1
                if looked[server] > LOOKED_AT or flow.transport != "tcp":
                    continue
                name = speech_of(*(buffer.read(0, min(SPEECH, buffer.size)) for buffer in flow.buffers))
            if name:
                found.setdefault(server, {}).setdefault(name, message)
        return found

    @cached_property
    def silent(self) -> dict[tuple[str, int], list["Case"]]:
        """By server: conversations in which it received something and did not say a word, of each kind one."""
        found: dict[tuple[str, int], dict[tuple[bytes, str], Case]] = {}
        for case in self.cases:
            if case.answered is None and case.silent and case.whole and case.ending.acknowledged:
                kinds = found.setdefault(case.server, {})
                if len(kinds) < LOOKED_AT:
                    kinds.setdefault((case.opening[:8], case.ending.kind), case)
        return {server: list(kinds.values()) for server, kinds in found.items()}

    @cached_property
    def accepted(self) -> dict[tuple[str, int], list[Flow]]:
        """The flows that were accepted, by server."""
        found: dict[tuple[str, int], list[Flow]] = {}
        for flow in self.flow_table.flows:
            if flow.synack_packet:
                found.setdefault((flow.server.address, flow.server.port), []).append(flow)
        return found

    @cached_property
    def refused(self) -> dict[tuple[str, int], list[Flow]]:
        """The flows whose SYN was answered by RST, by server."""
        found: dict[tuple[str, int], list[Flow]] = {}
        for flow in self.flow_table.flows:
            if flow.refused:
                found.setdefault((flow.server.address, flow.server.port), []).append(flow)
        return found


class Case:
    """One conversation; everything beyond its first messages is worked out when a rule asks."""

    def __init__(self, scene: Scene, flow: Flow, asked: Message, answered: Message | None) -> None:
        self.scene = scene
        self.flow = flow
        self.server = (flow.server.address, flow.server.port)
        self.asked = asked
        self.answered = answered

    def _opening(self, side: Side) -> bytes:
        """The first bytes of a side, up to the first hole."""
        buffer = self.flow.buffers[side]
        holes = buffer.holes
        return buffer.read(0, min(OPENING, buffer.size, holes[0][0] if holes else OPENING))

    @cached_property
    def opening(self) -> bytes:
        """What the client said first."""
        return self._opening(CLIENT)

    @cached_property
    def answer(self) -> bytes:
        """What the server said first; empty too when its bytes were not captured (see `silent`)."""
        return self._opening(SERVER)

    @cached_property
    def silent(self) -> bool:
        """Whether the server sent not a single byte, as far as its packets tell."""
        return self.answered is None and self.flow.buffers[SERVER].size == 0

    @cached_property
    def whole(self) -> bool:
        """Whether the connection was captured from its handshake on."""
        return self.flow.syn_packet > 0 or self.flow.synack_packet > 0

    @cached_property
    def ending(self) -> Ending:
        """How it ended; only for a silent server."""
        return find_ending(self.scene.flow_table, self.flow)

    @cached_property
    def speaks_http(self) -> bool:
        """Whether the client opened with an HTTP/1 request."""
        if self.asked.protocol != "http":
            # whoever else claims these bytes may have been told to: look before the flow is put together
            h = self.scene.flow_table.headers
            row = self.asked.packet - 1
            if row < 0:
                return False
            start = int(h.start[row])
            payload = self.scene.flow_table.table.data(row + 1)[start : start + int(h.captured[row])]
            if recognise_http(payload[:64], CLIENT, Hints()).strength != STRONG:
                return False
        return recognise_http(self.opening, CLIENT, Hints()).strength == STRONG

    @cached_property
    def request_whole(self) -> bool:
        """Whether the client sent its first request to the end: a server may well wait for the rest of one."""
        return self.asked.complete if self.asked.protocol == "http" else b"\r\n\r\n" in self.opening

    @cached_property
    def request_line(self) -> str:
        """The first line that the client sent, for people."""
        line = self.opening.split(b"\n", 1)[0][:80].decode("latin-1").rstrip("\r")
        return "".join(c if c.isprintable() else "·" for c in line)

    @cached_property
    def spoken(self) -> dict[str, Message]:
        """What the same server port was seen to speak, in this flow or another."""
        return self.scene.spoken.get(self.server, {})

    @cached_property
    def refused_after(self) -> Flow | None:
        """The next connection to the same port, where it was refused."""
        refused = next_after(self.scene.refused.get(self.server, []), self.flow)
        accepted = next_after(self.scene.accepted.get(self.server, []), self.flow)
        return None if refused is None or (accepted is not None and accepted.number < refused.number) else refused

    @cached_property
    def later_accepted(self) -> bool:
        """Whether the same port accepted a connection after this one."""
        flows = self.scene.accepted.get(self.server, [])
        return bool(flows) and flows[-1].number > self.flow.number


def next_after(flows: list[Flow], flow: Flow) -> Flow | None:
    """The first of the flows, which are in order, that begins after `flow`."""
    at = bisect_right(flows, flow.number, key=flow_number)
    return flows[at] if at < len(flows) else None


def flow_number(flow: Flow) -> int:
    """The flow's number: flows are numbered in the order of their first packets."""
    return flow.number
