"""Names of processes in comments of packets, and back."""

import json
from pathlib import Path

import pytest

from conftest import Run
from inspector.capture.blocks import interface_block, section_block
from inspector.capture.live.segments import SYN, Conversation
from inspector.capture.processes import Process, Processes, processes_in, said

CURL, NGINX = Process("curl", 12), Process("nginx: worker, (x)", 3)


@pytest.mark.parametrize(
    ("client", "server"),
    [(CURL, NGINX), (CURL, None), (None, NGINX), (None, None)],
    ids=["both", "one", "other", "none"],
)
def test_what_is_said_is_read_again(client: Process | None, server: Process | None) -> None:
    text = said(str(client or ""), str(server or ""))
    assert processes_in(["not this", text]) == (client, server)


@pytest.mark.parametrize(
    ("comments", "found"),
    [
        ([], (None, None)),
        (["the client curl (pid 12) said so"], (None, None)),
        (["client curl"], (None, None)),
        (["client curl (pid x)"], (None, None)),
        (["client " + "a" * 5_000_000], (None, None)),
        (["client curl (pid 12)", "client wget (pid 13)"], (CURL, None)),
    ],
    ids=["none", "prose", "no number", "no digits", "long", "two"],
)
def test_other_comments_say_nothing(comments: list[str], found: Processes) -> None:
    assert processes_in(comments) == found


def test_flows_have_their_processes(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "a.pcapng"
    syn = Conversation(("127.0.0.1", 50_000), ("127.0.0.1", 80)).segment(
        0, SYN, 10**18, comments=["client curl (pid 12), server nginx (pid 3)"]
    )
    path.write_bytes(section_block([]) + interface_block(101, 0, "lo", "") + syn)
    row = json.loads(run("ls", str(path), "--level", "flow", "--jsonl").out)
    assert row["processes"] == [{"name": "curl", "pid": 12}, {"name": "nginx", "pid": 3}]
    assert "curl (pid 12) → nginx (pid 3)" in run("ls", str(path), "--level", "flow").out
    assert "server process: nginx (pid 3)" in run("show", str(path), "1", "--level", "flow").out
