"""Commands, exit codes and streams, run within the test."""

import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Run
from inspector.capture.open import open_capture
from inspector.cli.main import BROKEN_PIPE, BUG, INTERRUPTED
from inspector.session import Session

GET = "captures/http-get.pcap"
CUT = "captures/http-cut-file.pcap"
PLAIN = "captures/hms-curl-plain.pcap"
ROW = [
    "number", "time", "flow", "side", "protocol", "kind", "summary", "length", "packets", "layers",
    "parent", "answers", "latency", "severity", "issue", "facts",
]  # fmt: skip
HEAD = ["schema", "input", "warnings", "tool"]


def rows(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


# ls


def test_jsonl_has_the_keys_of_the_contract(run: Run) -> None:
    first, second = rows(run("ls", GET, "--jsonl").out)
    assert list(first) == ROW
    assert first["time"].partition(".")[2].isdigit()
    assert len(first["time"].partition(".")[2]) == 9
    assert (first["side"], second["side"]) == ("client", "server")
    assert second["answers"] == 1
    assert second["latency"] > 0
    assert second["layers"] == ["eth", "ip", "tcp", "http"]


def test_tree_adds_fields(run: Run) -> None:
    first = rows(run("ls", GET, "--jsonl", "--tree", "--raw").out)[0]
    assert list(first) == [*ROW, "fields"]
    assert first["fields"]["children"][0]["children"][0]["raw"] == "474554"


@pytest.mark.parametrize(("level", "key"), [("message", "messages"), ("packet", "packets"), ("flow", "flows")])
def test_one_document_holds_the_same_rows(run: Run, level: str, key: str) -> None:
    document = json.loads(run("ls", PLAIN, "--json", "--level", level).out)
    assert list(document) == [*HEAD, key]
    assert document[key] == rows(run("ls", PLAIN, "--jsonl", "--level", level).out)


def test_packet_rows(run: Run) -> None:
    fourth = rows(run("ls", PLAIN, "--jsonl", "--level", "pkt").out)[3]
    assert list(fourth) == [
        "number", "time", "flow", "side", "source", "destination", "protocol", "length", "captured", "summary",
        "layers", "comments",
    ]  # fmt: skip
    assert (fourth["number"], fourth["flow"], fourth["side"], fourth["captured"]) == (4, 1, "client", 144)


def test_flow_rows(run: Run) -> None:
    (flow,) = rows(run("ls", PLAIN, "--jsonl", "--level", "conn").out)
    assert list(flow) == [
        "number", "time", "transport", "client", "server", "client_known_by", "first_packet", "last_packet",
        "packets", "bytes", "ends", "protocols", "messages", "processes", "verdicts", "notes",
    ]  # fmt: skip
    assert (flow["bytes"], flow["ends"], flow["protocols"]) == ([78, 0], ["fin", "fin"], ["http"])
    assert flow["processes"] == [None, None]
    assert {each["protocol"] for each in flow["verdicts"] if each["chosen"]} == {"http"}


def test_fields_are_separated_by_tabs_and_joined_by_commas(run: Run) -> None:
    out = run("ls", PLAIN, "--fields", "number,http.request.method,http.header.name,nothing").out
    assert out == "1\tGET\tHost,User-Agent,Accept\t\n"


def test_a_filter_and_a_count_choose_rows(run: Run) -> None:
    keepalive = "captures/http-keepalive.pcap"
    assert run("ls", keepalive, "-Y", "http.response.code == 404", "--fields", "number").out == "6\n"
    assert run("ls", keepalive, "-c", "3", "--fields", "number").out == "1\n2\n3\n"
    assert run("ls", keepalive, "-Y", "thrift").out == ""


def test_files_may_be_named_by_r_too(run: Run) -> None:
    assert run("ls", "-r", GET).out == run("ls", GET).out
    both = run("ls", GET, "-r", PLAIN)
    assert (both.code, "two captures are named" in both.err) == (2, True)


def test_decode_as_in_both_forms(run: Run) -> None:
    for said in ("tcp.port==8080,thrift", "port 8080=thrift", "flow 1=thrift", "file=thrift"):
        kinds = {row["protocol"] for row in rows(run("ls", GET, "--jsonl", "-d", said).out)}
        assert "http" not in kinds, said


@pytest.mark.parametrize("said", ["8080=thrift", "tcp.port=thrift", "file", "file=", "port x=http", "file=nosuch"])
def test_bad_decode_as_is_a_usage_error(run: Run, said: str) -> None:
    assert run("ls", GET, "-d", said).code == 2


def test_writes_the_packets_of_what_matches(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "some.pcapng"
    result = run("ls", "captures/http-keepalive.pcap", "-Y", "number in {1..2}", "-w", str(target))
    assert result.code == 0
    assert "written to" in result.err
    wanted = {
        number
        for row in rows(run("ls", "captures/http-keepalive.pcap", "--jsonl", "-c", "2").out)
        for number in row["packets"]
    }
    before, after = open_capture(str(ROOT / "captures/http-keepalive.pcap")), open_capture(str(target))
    assert [after.packet(n).data for n in range(1, len(after.table) + 1)] == [
        before.packet(n).data for n in sorted(wanted)
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["ls"],
        ["ls", GET, "--tree"],
        ["ls", GET, "--json", "--jsonl"],
        ["ls", GET, "--fields", " , "],
        ["ls", GET, "--nosuch"],
        ["ls", GET, "-Y", "(("],
        ["ls", GET, "--level", "frame"],
        ["show", GET],
        ["show", "7"],
        ["show", GET, "3"],
        ["show", GET, "x"],
        ["show", GET, "0"],
        ["show", GET, "1:http.host"],
        ["show", GET, "99", "--level", "packet"],
        ["show", GET, "99", "--level", "flow"],
        ["show", "a", "b", "c"],
        ["explain", GET, "1:nosuch"],
        ["explain", GET, "1@9999"],
        ["bytes"],
        ["bytes", "47", "--int", "71"],
        ["bytes", "--int", "1e"],
        ["bytes", "--int", "4294967296"],
        ["show", GET, "1", "--as", "nosuch"],
        ["show", GET, "1", "--as", "http", "--level", "packet"],
        ["bytes", "4", "--as", "http"],
        ["bytes", "xyz", "--as", "http"],
        ["bytes", "", "--as", "http"],
        ["bytes", "47", "--as", "nosuch"],
        ["why"],
        ["why", GET, "--flow", "9"],
        ["completion", "tcsh"],
    ],
    ids=" ".join,
)
def test_usage_errors_are_told_in_a_few_lines(run: Run, words: list[str]) -> None:
    result = run(*words)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("inspector: ")
    assert "Traceback" not in result.err
    assert len(result.err.splitlines()) <= 3


@pytest.mark.parametrize("words", [["ls"], ["show", "1"], ["explain", "1"], ["why"], []], ids=str)
def test_what_is_no_capture_is_exit_code_3(run: Run, words: list[str]) -> None:
    command, *rest = words or ["open"]
    for path in ("captures/nothing.pcap", "pyproject.toml", "captures"):
        result = run(command, path, *rest)
        assert (result.code, result.out) == (3, ""), path
        assert len(result.err.splitlines()) == 1


def test_a_cut_capture_is_printed_and_is_exit_code_4(run: Run) -> None:
    for words in (["ls", CUT], ["show", CUT, "1"], ["explain", CUT, "1"], ["why", CUT], [CUT]):
        result = run(*words)
        assert result.code == 4
        assert result.out
        assert "file ends inside packet 10" in result.err
    assert run("ls", CUT, "-q").err == ""
    assert "file ends inside" in json.loads(run("show", CUT, "1", "--json").out)["warnings"][0]


# the other commands


def test_show_json_is_the_row_with_its_fields(run: Run) -> None:
    document = json.loads(run("show", GET, "2", "--json").out)
    assert list(document) == [*HEAD, *ROW, "fields"]
    row = rows(run("ls", GET, "--jsonl", "--tree").out)[1]
    assert {key: document[key] for key in row} == row


def test_show_of_packets_and_flows_as_json(run: Run) -> None:
    packet = json.loads(run("show", PLAIN, "4", "--level", "packet", "--json").out)
    assert packet["fields"]["buffer"] == "packet 4"
    assert packet["fields"]["origins"] == [{"packet": 4, "start": 0, "end": 144, "exact": True}]
    assert json.loads(run("show", PLAIN, "1", "--level", "flow", "--json").out)["client_known_by"]


def test_depth_and_hex(run: Run) -> None:
    assert len(run("show", PLAIN, "1", "--depth", "0").out.splitlines()) < 10
    assert "00000000  47 45 54 20" in run("show", PLAIN, "1", "--hex").out


def test_explain_a_field_a_byte_and_as_json(run: Run) -> None:
    by_name = run("explain", GET, "1:http.request.method")
    assert by_name.out == run("explain", GET, "1@0").out == run("explain", GET, "1:@0x2").out
    assert "RFC 9112" in by_name.out
    document = json.loads(run("explain", GET, "1:http.request.method", "--json").out)
    (explained,) = document["explanations"]
    assert explained["field"]["value"] == "GET"
    assert explained["field"]["children"] == []
    assert explained["text"]
    assert "RFC 9112" in explained["spec"]
    assert len(json.loads(run("explain", GET, "1", "--json").out)["explanations"]) > 10


def test_why_as_the_contract_has_it(run: Run) -> None:
    document = json.loads(run("why", PLAIN, "--json").out)
    finding = document["findings"][0]
    assert list(finding) == [
        "rule", "severity", "flow", "title", "see", "why", "evidence", "witness", "do", "references",
    ]  # fmt: skip
    assert list(finding["evidence"][0]) == ["message", "packet", "start", "end", "bytes", "reads_as"]
    assert list(finding["witness"]) == ["library", "version", "says"]
    assert finding["severity"] == "error"
    packet = Session.open(str(ROOT / PLAIN)).packet(finding["evidence"][0]["packet"]).data
    proof = finding["evidence"][0]
    assert packet[proof["start"] : proof["end"]].hex() == proof["bytes"]


def test_why_as_a_check(run: Run) -> None:
    assert run("why", PLAIN).code == 0
    assert run("why", PLAIN, "--exit-code").code == 1
    assert run("why", GET, "--exit-code").code == 0
    assert "Nothing wrong was found" in run("why", GET, "--flow", "1").out


def test_why_about_a_rule(run: Run) -> None:
    rule = json.loads(run("why", PLAIN, "--json").out)["findings"][0]["rule"]
    assert "Why it happens" in run("why", rule).out


def test_bytes_in_every_spelling(run: Run, tmp_path: Path) -> None:
    expected = run("bytes", "474554202f20485454502f312e310d0a0d0a", "--as", "http")
    assert expected.code == 0
    assert "GET / HTTP/1.1" in expected.out
    for words in (
        ["47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a 0d 0a"],
        ["47:45:54:20:2f:20:48:54:54:50:2f:31:2e:31:0d:0a:0d:0a"],
        ["0x47,0x45,0x54,0x20,0x2f,0x20,0x48,0x54,0x54,0x50,0x2f,0x31,0x2e,0x31,0x0d,0x0a,0x0d,0x0a"],
        ["4745 5420", "2f20 4854\n5450 2f31", "2e31 0d0a 0d0a"],
    ):
        assert run("bytes", *words, "--as", "http") == expected
    (tmp_path / "hex").write_text("4745 5420 2f20 4854 5450 2f31\n2e31 0d0a 0d0a\n")
    (tmp_path / "raw").write_bytes(b"GET / HTTP/1.1\r\n\r\n")
    assert run("bytes", f"@{tmp_path}/hex", "--as", "http") == expected
    assert run("bytes", f"@{tmp_path}/raw", "--as", "http") == expected
    assert run("bytes", f"@{tmp_path}/none", "--as", "http").code == 3


def test_bytes_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")))
    document = json.loads(run("bytes", "-", "--as", "http", "--side", "server", "--json", "--raw").out)
    assert list(document) == [*HEAD, "side", "messages", "fields"]
    assert document["messages"][0]["kind"] == "response"
    assert (document["fields"]["start"], document["fields"]["end"]) == (0, 38)
    assert document["fields"]["origins"] == []


def test_bytes_of_several_messages_have_one_tree(run: Run) -> None:
    two = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".hex() * 2
    document = json.loads(run("bytes", two, "--as", "http", "--json").out)
    assert [each["start"] for each in document["messages"]] == [0, 27]
    assert [child["name"] for child in document["fields"]["children"]] == ["http", "http"]
    assert "Method" in run("bytes", two, "--as", "http", "--explain").out


def test_bytes_that_end_too_early_are_exit_code_4(run: Run) -> None:
    result = run("bytes", "80010001000000", "--as", "thrift")
    assert result.code == 4
    assert "80" in result.out


CALL = "80010001 00000004 61636861 00000001 080001 00000005 00"
"""A call of `acha` whose first argument is 5."""


def test_bytes_take_names_from_idl_and_modules(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.thrift").write_text("service A { void acha(1: i32 numero) }")
    generated = 'class acha_args:\n    thrift_spec = (None, (1, 8, "num", None, None))\n'
    (tmp_path / "servico_gerado.py").write_text(generated)
    monkeypatch.syspath_prepend(str(tmp_path))
    for option, name in (
        (["--thrift", str(tmp_path / "a.thrift")], "numero"),
        (["--thrift", str(tmp_path)], "numero"),
        (["--thrift-module", "servico_gerado"], "num"),
    ):
        assert run("bytes", CALL, "--as", "thrift", *option).out.startswith(f"acha({name}=5)\n")


def test_fields_as_text_and_json(run: Run) -> None:
    lines = run("fields", "thrift.").out.splitlines()
    assert any(line.startswith("thrift.method\t") for line in lines)
    listed = json.loads(run("fields", "thrift.", "--json").out)["fields"]
    assert [each["name"] for each in listed] == [line.partition("\t")[0] for line in lines]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_code(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert result.code == 0
    assert "_INSPECTOR_COMPLETE" in result.out


def test_without_a_terminal_a_file_is_listed_with_its_findings(run: Run) -> None:
    result = run(PLAIN)
    assert result.out.startswith(run("ls", PLAIN).out)
    assert "! flow 1: HTTP sent to a Thrift port" in result.out


def test_without_a_terminal_and_a_file_the_bundled_captures_are_named(run: Run) -> None:
    out = run().out
    assert PLAIN in out
    assert "inspector FILE" in out


def test_a_capture_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (ROOT / GET).read_bytes()
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(content)))
    assert run("ls", "-").out == run("ls", GET).out


# colour


def test_colour_only_when_wanted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in run("ls", PLAIN).out
    assert "\x1b[" in run("ls", PLAIN, "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("ls", PLAIN).out
    assert "\x1b[" not in run("ls", PLAIN, "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("ls", PLAIN).out
    assert "\x1b[" in run("ls", PLAIN, "--color", "always").out


def test_json_is_never_coloured(run: Run) -> None:
    assert "\x1b[" not in run("ls", PLAIN, "--jsonl", "--color", "always").out


# what goes wrong around us


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), INTERRUPTED), (BrokenPipeError(), BROKEN_PIPE), (RuntimeError("oops"), BUG)],
    ids=["interrupt", "pipe", "bug"],
)
def test_no_traceback_whatever_happens(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def fail(*_: object) -> Session:
        raise error

    monkeypatch.setattr(Session, "open", fail)
    monkeypatch.setattr("inspector.cli.main._reader_gone", lambda: BROKEN_PIPE)
    result = run("ls", GET)
    assert result.code == code
    assert "Traceback" not in result.err


def test_debugging_shows_the_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_DEBUG", "1")
    with pytest.raises(Exception, match="no such file"):
        run("ls", "captures/nothing.pcap")


def test_numbers_out_of_logs_are_turned_back_into_bytes(run: Run) -> None:
    result = run("bytes", "--int", "1,195,725,856")
    assert result.code == 0
    assert result.out.startswith("47 45 54 20: the start of an HTTP request")
    assert "0x47455420 = 1,195,725,856 bytes in the first frame; servers accept 16,384,000" in result.out
    assert run("bytes", "47455420").out == result.out
    assert "the first letter of GET" in run("bytes", "--int", "71").out
    assert run("bytes", "--int=-2147418111").out.startswith("80 01 00 01: the start of a Thrift call")
    assert "decodes it" in run("bytes", "16030100c8").out


def test_first_bytes_as_json(run: Run) -> None:
    document = json.loads(run("bytes", "--int", "0x47455420", "--json").out)
    assert list(document) == ["schema", "input", "warnings", "tool", "bytes", "number", "known", "verdicts", "readers"]
    assert (document["bytes"], document["number"], document["known"]) == ("47455420", 1195725856, "an HTTP request")
    readers = {each["reader"]: each for each in document["readers"]}
    assert readers["HTTP/1"]["fits"]
    assert not readers["Thrift framed"]["fits"]


def test_bytes_are_compared_as_several_protocols(run: Run) -> None:
    words = ("bytes", "474554202f20485454502f312e310d0a0d0a", "--as", "http", "--as", "thrift")
    result = run(*words)
    assert result.code == 4
    head, *_ = result.out.split("\n\n")
    assert head.splitlines() == [
        "as http    18 of 18 bytes  GET / HTTP/1.1",
        "as thrift   4 of 18 bytes  a method name of 1195725856 bytes is longer than 1024",
    ]
    assert "Length of a string: 1195725856" in result.out
    document = json.loads(run(*words, "--json").out)
    assert [(each["protocol"], each["explained"], each["stop"]) for each in document["attempts"]] == [
        ("http", 18, None),
        ("thrift", 4, "a method name of 1195725856 bytes is longer than 1024"),
    ]
    assert document["attempts"][1]["fields"]["children"][0]["name"] == "thrift.str_len"


def test_a_message_is_shown_as_another_protocol_beside_itself(run: Run) -> None:
    result = run("show", GET, "1", "--as", "thrift")
    assert result.code == 0
    assert "as it is   88 of 88 bytes  GET /dados.json HTTP/1.1" in result.out
    assert "as thrift   4 of 88 bytes  a method name of 1195725856 bytes is longer than 1024" in result.out
    document = json.loads(run("show", GET, "1", "--as", "thrift", "--json").out)
    (attempt,) = document["attempts"]
    assert document["message"] == 1
    assert attempt["fields"]["children"][0]["origins"] == [{"packet": 4, "start": 66, "end": 70, "exact": True}]


@pytest.mark.parametrize("more", [(), ("--jsonl",), ("--level", "packet"), ("--level", "flow"), ("--fields", "number")])
def test_a_filter_that_matches_nothing_says_what_to_drop(run: Run, more: tuple[str, ...]) -> None:
    result = run("ls", GET, "-Y", "http and thrift", *more)
    assert (result.code, result.out) == (0, "")
    assert "`http` alone matches" in result.err
    assert "`thrift` alone matches 0 (there is no thrift here)" in result.err
    assert run("ls", GET, "-Y", "http and thrift", "-q", *more).err == ""


@pytest.mark.parametrize("command", ["why", "ls", "show", "explain", "open"])
@pytest.mark.parametrize("number", ["1195725856", "1,195,725,856", "0x47455420"])
def test_a_number_out_of_a_log_is_led_to_its_meaning(run: Run, command: str, number: str) -> None:
    result = run(command, number)
    assert result.code == 3
    assert f"inspector bytes --int {number}" in result.err
