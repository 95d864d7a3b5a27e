"""Recorded Thrift traffic, held against tshark."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from inspector.model.message import Message
from inspector.session import Options, Session
from streams import check_message

SHARED = Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared"))
CAPTURES = SHARED / "captures"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CAPTURES.is_dir(), reason="the shared captures are not here"),
]

WITH_TSHARK = {
    "captures/hms_client_python.pcap": 9083,
    "captures/derived_hms_only_client_side.pcap": 9083,
    "captures/thriftpy_client_binary_buffered.pcap": 9251,
    "captures/thriftpy_client_binary_framed.pcap": 9253,
    "captures/thriftpy_client_binary_nonstrict_buffered.pcap": 9252,
    "captures/thriftpy_client_multiplexed.pcap": 9280,
    "corpus/arkime-arkime/thrift.pcap": 9000,
}

LOST_BY_TSHARK = {("captures/thriftpy_client_binary_nonstrict_buffered.pcap", "quebra()")}
"""Messages that tshark does not show: it takes the shortest old ones for no Thrift."""


def thrift_messages(path: Path, *idl: Path) -> list[Message]:
    """All Thrift messages of a capture; every message's tree is held to the rules."""
    session = Session.open(str(path), Options(thrift=list(idl)))
    for message in session.messages:
        check_message(message)
    return [message for message in session.messages if message.protocol == "thrift"]


def kinds(messages: list[Message]) -> dict[str, int]:
    found: dict[str, int] = {}
    for message in messages:
        found[message.kind] = found.get(message.kind, 0) + 1
    return found


@pytest.mark.parametrize("name", WITH_TSHARK)
def test_headers_and_values_agree_with_tshark(name: str) -> None:
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed")
    names = ["mtype", "seq_id", "method", "str_len", "fid", "i32", "i64", "i16", "i8", "double", "string", "frame_len"]
    names += ["exception.message", "exception.type", "num_list_item", "num_map_item", "num_set_item"]
    port = WITH_TSHARK[name]
    command = [tshark, "-n", "-r", str(SHARED / name), "-d", f"tcp.port=={port},thrift", "-Y", "thrift", "-T", "fields"]
    command += ["-E", "separator=\x1f", "-E", "aggregator=\x1e"]
    for field in names:
        command += ["-e", f"thrift.{field}"]
    output = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    theirs: dict[str, list[str]] = {field: [] for field in names}
    for line in output.rstrip("\n").split("\n"):
        for field, text in zip(names, line.split("\x1f"), strict=True):
            theirs[field] += text.split("\x1e") if text else []
    ours: dict[str, list[str]] = {field: [] for field in names}
    for message in thrift_messages(SHARED / name):
        if (name, message.summary) in LOST_BY_TSHARK:
            continue
        tree = check_message(message)
        # Of the fields of an exception tshark shows the values alone.
        inside = next((node.start for node in tree.walk() if node.name == "thrift.exception"), message.end)
        for leaf in tree.leaves():
            field = leaf.name.removeprefix("thrift.")
            if field in ours and (leaf.start < inside or field.startswith("exception.")):
                ours[field].append(as_tshark(field, leaf.value))
    assert ours["method"], "no messages"
    for field in names:
        if field == "string":
            # tshark leaves empty strings out, and the ends of long ones.
            assert [text[:20] for text in ours[field] if text] == [text[:20] for text in theirs[field] if text]
        else:
            assert ours[field] == theirs[field], field


def as_tshark(field: str, value: object) -> str:
    if field == "mtype":
        return f"0x{value:02x}"
    if field == "double" and isinstance(value, float):
        return f"{value:.15g}"
    return str(value)


def test_a_python_client_of_a_metastore() -> None:
    messages = thrift_messages(CAPTURES / "hms_client_python.pcap")
    assert kinds(messages) == {"call": 27, "reply": 25, "exception": 2}
    calls = [m for m in messages if m.kind == "call"]
    assert [m.answers for m in messages if m.kind != "call"] == calls
    summaries = [m.summary for m in messages]
    assert "get table fabrica.sensores" in summaries
    assert 'get table → NoSuchObjectException("fabrica.inexistente table not found")' in summaries
    assert "create table → done" in summaries
    assert "EXCEPTION unknown method" in next(s for s in summaries if "metodo_que_nao_existe" in s and "EXC" in s)
    assert not [m for m in messages if m.issue]
    labels = {node.label for m in messages for node in check_message(m).walk() if node.name == "thrift.field"}
    assert "serializationLib" in labels
    issues = {node.issue for m in messages for node in check_message(m).walk() if node.issue}
    assert issues == set()


def test_a_kerberos_client() -> None:
    messages = thrift_messages(CAPTURES / "hms_kerberos_client_java.pcap")
    assert kinds(messages) == {"sasl": 7, "call": 4, "reply": 4, "oneway": 1}
    assert [m.facts["thrift.sasl.status"] for m in messages if m.kind == "sasl"] == [
        "START",
        "OK",
        "OK",
        "OK",
        "OK",
        "COMPLETE",
        "COMPLETE",
    ]
    assert messages[0].facts["thrift.sasl.mechanism"] == "GSSAPI"
    assert messages[-1].summary == "shutdown"


def test_hive_server_2_with_a_plain_password() -> None:
    messages = thrift_messages(CAPTURES / "hs2_sasl_client_impyla.pcap")
    found = kinds(messages)
    assert found["sasl"] == 3
    assert found["call"] == found["reply"] + found["exception"]
    assert all(m.answers is not None for m in messages if m.kind in ("reply", "exception"))
    assert messages[1].facts["thrift.sasl.user"] == "pedro"


@pytest.mark.parametrize("name", ["hms_kerberos_curl_get", "hs2_sasl_curl_get"])
def test_a_sasl_server_answers_curl(name: str) -> None:
    messages = thrift_messages(CAPTURES / f"{name}.pcap")
    assert {m.summary for m in messages} == {'SASL ERROR "Invalid status 71"'}
    assert {m.side for m in messages} == {1}


FORMS = ["binary_buffered", "binary_framed", "binary_nonstrict_buffered", "compact_framed", "json_buffered"]
FORMS += ["header_compact", "binary_http", "binary_zlib"]


@pytest.mark.parametrize("form", FORMS)
def test_all_types_with_an_idl(form: str) -> None:
    path = CAPTURES / f"thriftpy_client_{form}.pcap"
    messages = thrift_messages(path, CAPTURES / "idl" / "sensor.thrift")
    assert kinds(messages) == {"call": 8, "reply": 7, "exception": 1, "oneway": 1}
    summaries = [m.summary for m in messages]
    assert summaries[:4] == ['ping(eco="olá")', 'ping → "pong: olá"', "soma(a=2147483647, b=-2147483648)", "soma → -1"]
    assert 'avisar(mensagem="atenção: porta aberta")' in summaries
    assert [m.answers is not None for m in messages if m.kind in ("reply", "exception")] == [True] * 8


def test_what_curl_sends_to_metastores_is_not_thrift() -> None:
    for name in ("hms_curl_get", "hms_probes_framed", "thriftnode_probe_framed_binary"):
        assert thrift_messages(CAPTURES / f"{name}.pcap") == []


@pytest.mark.parametrize(
    ("name", "port", "rows"), [("thriftpy_client_compact_framed", 9255, 5), ("hms_client_python_compact", 9085, 18)]
)
def test_compact_agrees_with_tshark_as_far_as_it_decodes(name: str, port: int, rows: int) -> None:
    """tshark 4.0 takes structs in lists for malformed and reads the rest of the stream wrongly: up to there, all."""
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed")
    path = CAPTURES / f"{name}.pcap"
    fields = ["mtype", "seq_id", "method", "fid", "str_len", "i32", "i64", "i16", "i8", "double", "string"]
    fields += ["num_list_item", "num_set_item", "num_map_item", "exception.message", "exception.type"]
    command = [tshark, "-n", "-r", str(path), "-d", f"tcp.port=={port},thrift", "-Y", "thrift", "-T", "fields"]
    command += ["-e", "frame.number", "-e", "_ws.col.Protocol", "-E", "separator=\x1f", "-E", "aggregator=\x1e"]
    for field in fields:
        command += ["-e", f"thrift.{field}"]
    output = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    ours = {m.packet: m for m in thrift_messages(path)}
    compared = 0
    for line in output.rstrip("\n").split("\n"):
        number, protocol, *texts = line.split("\x1f")
        if protocol != "THRIFT":
            break
        leaves = list(check_message(ours[int(number)]).leaves())
        for field, text in zip(fields, texts, strict=True):
            values = [as_tshark(field, leaf.value) for leaf in leaves if leaf.name == f"thrift.{field}"]
            assert [value for value in values if value] == (text.split("\x1e") if text else []), (number, field)
        compared += 1
    assert compared == rows
