"""What this machine, terminal and installation offer."""

import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass

from inspector import __version__
from inspector.capture.live.bpf import filter_compiler
from inspector.capture.live.interfaces import network_interfaces
from inspector.capture.live.recording import ways_out
from inspector.capture.live.rights import capable_programs, refusal

CLIPBOARDS = ("wl-copy", "xclip", "xsel", "pbcopy", "clip.exe")
LEAST = (60, 15)
"""Columns and rows that the screens need."""


@dataclass(slots=True)
class Check:
    """One thing looked at: `says` what was found, `advice` what to do where it is not `good`."""

    name: str
    good: bool
    says: str
    advice: str = ""
    matters: bool = True


def permission() -> str:
    """Who may capture here, in a few words."""
    refused = refusal()
    if not refused:
        return "yes"
    able = [name for name, may in capable_programs().items() if may]
    return f"by {able[0]}" if able else f"no: {refused}"


def interface_lines() -> list[str]:
    """The interfaces as a table, then who may capture."""
    allowed = permission()
    rows = [("interface", "state", "mtu", "packets", "capture", "addresses")]
    for each in network_interfaces():
        state = f"{each.state}, loopback" if each.loopback else each.state
        right = allowed.partition(":")[0]
        rows.append((each.name, state, str(each.mtu), str(each.packets), right, " ".join(each.addresses) or "-"))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    numbers = {2, 3}
    lines = [
        "  ".join(f"{row[i]:{'>' if i in numbers else '<'}{widths[i]}}" for i in range(5)) + f"  {row[5]}"
        for row in rows
    ]
    together = [f"any{'':<{widths[0] - 3}}  all of these in one capture"] if sys.platform == "linux" else []
    return [*lines, *together, "", f"may capture: {allowed}"]


def interfaces_document() -> str:
    """The same as JSON."""
    allowed = permission()
    found = [{**asdict(each), "may_capture": allowed} for each in network_interfaces()]
    head = {"schema": "ifaces/1", "tool": f"inspector {__version__}"}
    return json.dumps({**head, "interfaces": found, "may_capture": allowed}, indent=2)


def checks() -> list[Check]:
    """Everything that is looked at."""
    return [_core(), _rights(), *_programs(), _filters(), _terminal(), _size(), _colours(), _clipboard()]


def checks_document(found: list[Check]) -> str:
    """The checks as JSON."""
    head = {"schema": "doctor/1", "tool": f"inspector {__version__}"}
    return json.dumps({**head, "checks": [asdict(check) for check in found]}, indent=2)


def _core() -> Check:
    from inspector.engine import core_kind

    kind = core_kind()
    says = f"inspector {__version__}, {kind} core, Python {platform.python_version()} on {platform.system()}"
    return Check("core", True, says)


def _rights() -> Check:
    refused = refusal()
    if not refused:
        return Check("rights", True, "this user may capture")
    able = [name for name, may in capable_programs().items() if may]
    if able:
        return Check("rights", True, f"{able[0]} captures for this user ({refused})")
    return Check("rights", False, refused, ways_out())


def _programs() -> list[Check]:
    found = capable_programs()
    return [
        Check(
            name,
            name in found,
            "may capture" if found.get(name) else "installed" if name in found else "not found",
            matters=False,
        )
        for name in ("dumpcap", "tcpdump")
    ]


def _filters() -> Check:
    compiler = filter_compiler()
    advice = "install libpcap (package libpcap0.8) for capture filters, -f"
    return Check("filters", bool(compiler), f"compiled by {compiler or 'nobody'}", advice, matters=False)


def _terminal() -> Check:
    term = os.environ.get("TERM", "")
    good = sys.stdout.isatty() and term not in {"", "dumb"}
    where = "a terminal" if sys.stdout.isatty() else "no terminal: lists instead of screens"
    return Check("terminal", good, f"{where}, TERM={term or 'unset'}", matters=False)


def _size() -> Check:
    columns, rows = shutil.get_terminal_size()
    good = columns >= LEAST[0] and rows >= LEAST[1]
    return Check("size", good, f"{columns}x{rows}", f"the screens need {LEAST[0]}x{LEAST[1]}", matters=False)


def _colours() -> Check:
    if os.environ.get("NO_COLOR"):
        return Check("colours", True, "none, as NO_COLOR asks")
    deep = os.environ.get("COLORTERM", "") in {"truecolor", "24bit"}
    if deep:
        return Check("colours", True, "16 million")
    many = "256color" in os.environ.get("TERM", "")
    return Check("colours", True, "256" if many else "16, or COLORTERM does not tell")


def _clipboard() -> Check:
    found = [name for name in CLIPBOARDS if shutil.which(name)]
    says = f"by {found[0]}" if found else "by the terminal (OSC 52); what is copied is written to a file, too"
    return Check("clipboard", True, says)
