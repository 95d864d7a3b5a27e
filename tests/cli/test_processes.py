"""What only a process of its own can show: what is imported, broken pipes, terminals, completion."""

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import ROOT

HEAVY = ("textual", "rich", "scapy", "numpy", "thrift", "thriftpy2", "h2", "lark", "msgspec")
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", os.environ.get("PYTHONPATH", "")]), "TERM": "xterm"}


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize("words", [["--help"], ["ls", "--help"], ["completion", "bash"]], ids=" ".join)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    loaded = python(
        "import sys\nfrom inspector.cli.main import main\n"
        f"main({words!r})\nprint('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert loaded.splitlines()[-1] == "LOADED"


def test_lists_import_no_screens() -> None:
    loaded = python(
        "import sys\nfrom inspector.cli.main import main\nmain(['ls', 'captures/http-get.pcap'])\n"
        "print('LOADED', *[name for name in ('textual', 'rich', 'scapy') if name in sys.modules])"
    )
    assert loaded.splitlines()[-1] == "LOADED"


def test_help_begins_with_three_examples() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inspector", "--help"],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    examples = done.stdout[: done.stdout.index("Takes a network capture apart")]
    assert examples.count("\n    inspector ") == 3


@pytest.mark.parametrize("words", [["ls", "captures/http-large.pcap", "--jsonl", "--tree"], ["fields"]], ids=" ".join)
def test_a_reader_that_leaves_ends_us_quietly(words: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "inspector", *words],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait(60)
    assert said == b""
    assert code == 141


def through_terminal(*words: str, **environment: str) -> str:
    """What a command prints on a terminal."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "inspector", *words],
        cwd=ROOT, env={**ENVIRONMENT, **environment}, stdin=terminal, stdout=terminal, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    printed = b""
    try:
        while chunk := os.read(master, 65536):
            printed += chunk
    except OSError:
        pass  # how Linux says that the other end is closed
    finally:
        os.close(master)
    assert process.wait(60) == 0
    return printed.decode()


def test_a_terminal_gets_colour_unless_it_asks_not_to() -> None:
    words = ("ls", "captures/hms-curl-plain.pcap")
    assert "\x1b[" in through_terminal(*words, NO_COLOR="", FORCE_COLOR="")
    assert "\x1b[" not in through_terminal(*words, NO_COLOR="1")
    assert "\x1b[" not in through_terminal(*words, NO_COLOR="", FORCE_COLOR="", TERM="dumb")


def test_a_dumb_terminal_gets_a_list() -> None:
    assert "GET / HTTP/1.1" in through_terminal("captures/hms-curl-plain.pcap", TERM="dumb")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("inspector s", "plain,show"),
        ("inspector bytes --as th", "plain,thrift"),
        ("inspector ls x -Y 'thrift.meth", "plain,thrift.method"),
        ("inspector ls --level fl", "plain,flow"),
    ],
)
def test_bash_completes(line: str, expected: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys\nfrom inspector.cli.main import main\nsys.exit(main())"],
        cwd=ROOT, env={
            **ENVIRONMENT,
             "_INSPECTOR_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert expected in done.stdout.splitlines()


def test_progress_is_drawn_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from inspector.cli import progress

    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    line = progress.ProgressLine()
    line("decoding", 0.1)
    assert capsys.readouterr().err == ""
    now[0] += 1.5
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    line("decoding", 0.5)
    assert capsys.readouterr().err == "\r\x1b[Kdecoding 50%"
    line.done()
    assert capsys.readouterr().err == "\r\x1b[K"
    quiet = progress.ProgressLine(quiet=True)
    now[0] += 5
    quiet("decoding", 0.5)
    quiet.done()
    assert capsys.readouterr().err == ""


def test_the_package_runs_as_a_module() -> None:
    assert Path(ROOT / "src/inspector/__main__.py").exists()
    done = subprocess.run(
        [sys.executable, "-m", "inspector", "--version"],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("inspector ")
    assert "core" in done.stdout
