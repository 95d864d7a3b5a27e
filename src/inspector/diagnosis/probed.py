"""What a port speaks, by its answers to probes: in words, and as a finding with the bytes that prove it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from inspector.capture.live import probes
from inspector.capture.live.probe import FIREWALLED, REFUSED, Heard
from inspector.diagnosis.evidence import flags_evidence, opening_evidence
from inspector.diagnosis.greetings import greeting_of
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.thrift_port import client_commands
from inspector.diagnosis.words import count
from inspector.model.finding import Evidence, Finding
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER
from inspector.net.flows import FlowTable

RULE: Final = "probe"
SHOWN: Final = 16
"""Bytes of an answer that are given as evidence."""
NAMES: Final = {
    probes.HTTP: "HTTP/1",
    probes.HTTP2: "HTTP/2 without TLS",
    probes.TLS: "TLS",
    probes.SASL: "Thrift behind a SASL login",
    probes.REDIS: "Redis",
    probes.POSTGRES: "PostgreSQL",
    probes.KAFKA: "Kafka",
}
PROTOCOLS: Final = {probes.SASL: "thrift"}
"""Names in lists where they differ from the kind of the answer."""

ReadAs = Callable[[bytes, int, str], list[Message]]
"""Reads bytes that one side sent as a protocol: what the session offers as `read_bytes`."""


@dataclass(slots=True)
class Speech:
    """A protocol that the port speaks: its name in lists, its name for people, and what told so."""

    protocol: str
    title: str
    heard: Heard


@dataclass(slots=True)
class Verdict:
    """All that the probes came to: `state` is "open", "silent", REFUSED or FIREWALLED."""

    name: str
    state: str
    speeches: list[Speech] = field(default_factory=list)

    @property
    def title(self) -> str:
        """In one line."""
        if self.state == REFUSED:
            return f"{self.name} refuses connections: nothing listens there"
        if self.state == FIREWALLED:
            return f"{self.name} does not answer: firewalled, down or not there"
        if not self.speeches:
            return f"{self.name} accepts connections, but did not say a word"
        return f"{self.name} speaks {' and '.join(speech.title for speech in self.speeches)}"


def judge(name: str, heard: list[Heard], read: ReadAs) -> Verdict:
    """What answers the host and port in `name` gave."""
    if heard[0].ending in {REFUSED, FIREWALLED}:
        return Verdict(name, heard[0].ending)
    verdict = Verdict(name, "silent")
    for each in heard:
        speech = _speech(each, read)
        if speech is not None and speech.title not in {known.title for known in verdict.speeches}:
            verdict.state = "open"
            verdict.speeches.append(speech)
    verdict.speeches = _telling(verdict.speeches)
    return verdict


def _telling(found: list[Speech]) -> list[Speech]:
    """Without what another speech says better: what is unknown, what was said in clear by a server of TLS, the same in
    fewer words."""
    named = [speech for speech in found if speech.protocol != probes.OTHER] or found
    if any(speech.heard.inside is not None for speech in named):
        named = [speech for speech in named if speech.heard.inside is not None]
    if any(speech.protocol == "grpc" for speech in named):
        named = [speech for speech in named if speech.title != NAMES[probes.HTTP2]]
    return [each for each in named if not any(o is not each and o.title.startswith(each.title) for o in named)]


def _speech(each: Heard, read: ReadAs) -> Speech | None:
    """What one answer says of who sent it; None for no answer."""
    kind = each.kind
    if each.inside is not None:
        return _inside(each, kind, read)
    if not kind:
        return None
    if kind == probes.THRIFT:
        strict = ", also without a version" if each.probe in probes.OLD.values() else ""
        return Speech("thrift", f"Thrift {each.probe.form}{strict}", each)
    if kind == probes.HTTP2 and each.probe is probes.GRPC and _is_grpc(each, read):
        return Speech("grpc", "gRPC without TLS", each)
    if each.probe in probes.POSTS and b"application/x-thrift" in each.answer.partition(b"\r\n\r\n")[0].lower():
        return Speech("thrift", "Thrift over HTTP", each)
    if kind == probes.OTHER:
        greeting = greeting_of(each.answer)
        if greeting is not None:
            return Speech(greeting.name.lower(), greeting.name, each)
        return Speech(probes.OTHER, "a protocol that is not known here", each)
    return Speech(PROTOCOLS.get(kind, kind), NAMES[kind], each)


def _inside(each: Heard, kind: str, read: ReadAs) -> Speech:
    """TLS, and what was heard inside."""
    version, alpn = each.inside or ("", "")
    what = ""
    if kind == probes.HTTP2 or alpn == "h2":
        what = "gRPC" if _is_grpc(each, read) else "HTTP/2"
    elif kind == probes.THRIFT:
        what = f"Thrift {each.probe.form}"
    elif kind:
        what = NAMES.get(kind, "a protocol that is not known here")
    chosen = f", ALPN chose {alpn}" if alpn else ""
    return Speech("tls", f"TLS ({version}{chosen})" + (f" with {what} inside" if what else ""), each)


def _is_grpc(each: Heard, read: ReadAs) -> bool:
    """Whether the answer to the gRPC call is one: content-type application/grpc, or a grpc-status."""
    return any("grpc" in str(message.facts) for message in read(each.answer, SERVER, "http2"))


def finding_of(verdict: Verdict, heard: list[Heard], flow_table: FlowTable, messages: list[Message]) -> Finding:
    """The verdict as a finding, with the bytes of the recording that prove it."""
    chosen = verdict.speeches[-1].heard if verdict.speeches else heard[-1]
    scene = Scene(flow_table, messages)
    return Finding(
        rule=RULE,
        severity="note",
        flow=chosen.flow,
        title=verdict.title,
        see="\n".join(_line(each) for each in heard),
        why=_why(verdict),
        do=_do(verdict),
        evidence=[each for speech in verdict.speeches for each in _evidence(scene, speech)] or _ends(scene, heard),
        references=["RFC 9293 section 3.5 (establishing a connection)"],
    )


def _line(each: Heard) -> str:
    """One probe and what came back, for people."""
    sent = f" ({count(len(each.probe.data), 'byte')})" if each.probe.data else ""
    where = " inside TLS" if each.inside is not None else ""
    if each.answer:
        came = f"{count(len(each.answer), 'byte')}, {each.answer[:8].hex(' ')}" + (" …" if len(each.answer) > 8 else "")
    else:
        came = {"fin": "it hung up without a byte", "rst": "it reset the connection", "": "silence"}.get(
            each.ending, each.ending
        )
    return f"{each.probe.name[0].upper()}{each.probe.name[1:]}{sent}{where}: {came}."


def _why(verdict: Verdict) -> str:
    if verdict.state == REFUSED:
        return "The kernel of the machine answers SYN with RST: no process listens on this address and port."
    if verdict.state == FIREWALLED:
        return "Nothing answered SYN, not even with RST: a firewall drops it, or the machine is not there."
    lines = [f"{speech.heard.probe.name}: answered in {speech.title}." for speech in verdict.speeches]
    if not lines:
        return (
            "It may speak Thrift in a form that cannot be asked for without harm (framed JSON, zlib), or wait "
            "for more. What it is not: a server that greets, HTTP, HTTP/2 that begins with its settings, TLS, Redis, "
            "PostgreSQL, Kafka, or Thrift in the forms that were tried."
        )
    if any("without a version" in speech.title for speech in verdict.speeches):
        lines.append(
            "It takes calls without a version word: it is not strict, so that any stray HTTP request is a method name "
            "of 1.1 GB to it. Servers in Java allocate that much."
        )
    return "\n".join(line[0].upper() + line[1:] for line in lines)


def _do(verdict: Verdict) -> str:
    host, _, port = verdict.name.rpartition(":")
    if verdict.state in {REFUSED, FIREWALLED}:
        return f"On the server, see who listens:\nss -ltnp 'sport = :{port}'"
    spoken = [speech.protocol for speech in verdict.speeches]
    commands = {
        "http": f"curl -v http://{verdict.name}/",
        "http2": f"curl -v --http2-prior-knowledge http://{verdict.name}/",
        "grpc": f"grpcurl -plaintext {verdict.name} list",
        "tls": f"openssl s_client -connect {verdict.name}",
        "resp": f"redis-cli -h {host} -p {port}",
        "pgsql": f"psql -h {host} -p {port}",
        "kafka": f"kcat -b {verdict.name} -L",
        "ssh": f"ssh -p {port} {host}",
        "mysql": f"mysql -h {host} -P {port}",
    }
    lines = [commands[name] for name in spoken if name in commands]
    if "thrift" in spoken:
        return "\n".join(client_commands(host.strip("[]"), int(port)))
    if lines:
        return "\n".join(["Use a client for it:", *lines])
    return f"On the server, see who listens:\nss -ltnp 'sport = :{port}'"


def _evidence(scene: Scene, speech: Speech) -> list[Evidence]:
    """The first bytes of the answer, as they were on the wire."""
    flow = scene.flow_table.flow(speech.heard.flow)
    first = next((m for m in scene.messages if m.flow == flow.number and m.side == CLIENT), None)
    answered = scene.first(flow.number, SERVER)
    end = min(SHOWN, flow.buffers[SERVER].size)
    if answered is None or not end:
        return []
    case = Case(scene, flow, first or answered, answered)
    return opening_evidence(case, SERVER, 0, end, f"the answer begins: {speech.title}", answered)


def _ends(scene: Scene, heard: list[Heard]) -> list[Evidence]:
    """How the conversations without an answer ended."""
    found: list[Evidence] = []
    for each in heard:
        flow = scene.flow_table.flow(each.flow)
        packet = flow.rst_packets[SERVER] or flow.fin_packets[SERVER] or flow.synack_packet or flow.syn_packet
        found += flags_evidence(scene.flow_table, packet, f"{each.probe.name}: no answer")
    return found
