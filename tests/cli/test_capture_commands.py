"""ifaces, doctor, and what capture, tap and live refuse before they touch the network."""

import json
import sys

import pytest

from conftest import Run

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /sys and /proc")


@linux
def test_ifaces_lists_the_loopback_first(run: Run) -> None:
    result = run("ifaces")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split() == ["interface", "state", "mtu", "packets", "capture", "addresses"]
    assert lines[1].startswith("lo ")
    assert "127.0.0.1" in lines[1]
    assert lines[-1].startswith("may capture: ")


@linux
def test_ifaces_as_json(run: Run) -> None:
    document = json.loads(run("ifaces", "--json").out)
    assert document["schema"] == "ifaces/1"
    assert document["interfaces"][0]["name"] == "lo"
    assert document["interfaces"][0]["loopback"] is True
    assert all(each["may_capture"] == document["may_capture"] for each in document["interfaces"])


def test_doctor_looks_at_everything_that_matters(run: Run) -> None:
    result = run("doctor")
    document = json.loads(run("doctor", "--json").out)
    names = {check["name"] for check in document["checks"]}
    assert {"core", "rights", "dumpcap", "tcpdump", "terminal", "size", "colours", "clipboard"} <= names
    missing = [check for check in document["checks"] if check["matters"] and not check["good"]]
    assert result.code == (1 if missing else 0)
    assert all(name in result.out for name in names)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["capture", "-a", "hours:1"], "duration:SECONDS"),
        (["capture", "-r", "x"], "-r reads a file"),
        (["capture", "-w", "/no/such/folder/x", "-c", "1"], "cannot be written"),
        (["tap", "80"], "TARGET"),
        (["tap", "http", "80"], "HOST:PORT"),
        (["live"], "needs a terminal"),
    ],
)
def test_usage_is_checked_first(run: Run, words: list[str], said: str) -> None:
    result = run(*words)
    assert result.code == 2
    assert said in result.err
