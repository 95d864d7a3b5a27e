"""Where to capture: the interfaces with their traffic and who may listen, a relay, and a capture filter."""

from __future__ import annotations

import sys
import time
from threading import Lock
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Input

from inspector.capture.live.bpf import compile_filter
from inspector.capture.live.interfaces import NetworkInterface, link_type_of, network_interfaces
from inspector.capture.live.orders import LINK_SLL2, SNAP_LENGTH
from inspector.capture.live.recording import ways_out
from inspector.capture.live.rights import capable_programs, refusal
from inspector.capture.live.settings import ANY
from inspector.capture.live.tap import parse_end
from inspector.model.errors import UsageError
from inspector.tui import clipboard, remembered
from inspector.tui.interfaces import ABOUT_FILTER, ABOUT_RELAY, RELAY, InterfaceRows, Traffic, failure_lines
from inspector.tui.keymap import PICKER, bindings
from inspector.tui.screens.base import KeyScreen
from inspector.tui.text import printable
from inspector.tui.widgets.filter_bar import FilterBar
from inspector.tui.widgets.footer import KeyBar
from inspector.tui.widgets.text_pane import Bar, TextPane
from inspector.tui.widgets.virtual_table import VirtualTable

ALL_AT_ONCE = sys.platform == "linux"
"""Whether a capture may listen on all interfaces."""
LOOK_EVERY: Final = 0.5
"""Seconds between two looks at the interfaces' counters."""
ENDS: Final = 2
"""What a relay is between."""


class PickerScreen(KeyScreen):
    """Lists interfaces; Enter captures on one, with the filter that is typed below."""

    KEYS_OF = PICKER
    BINDINGS = bindings(PICKER)
    CSS = """
    PickerScreen #list { height: auto; max-height: 60%; }
    PickerScreen #about { height: 1fr; }
    """
    compiling: ClassVar[Lock] = Lock()

    class Seen(Message):
        """The interfaces now."""

        def __init__(self, found: list[NetworkInterface]) -> None:
            super().__init__()
            self.found = found

    class Rights(Message):
        """Why nothing here may capture ("" when something may), and which program would do it."""

        def __init__(self, refused: str, program: str) -> None:
            super().__init__()
            self.refused = refused
            self.program = program

    class Checked(Message):
        """What libpcap thinks of a filter, "" for nothing wrong."""

        def __init__(self, text: str, wrong: str) -> None:
            super().__init__()
            self.text = text
            self.wrong = wrong

    class Start(Message):
        """Capture on `interface` with `text` as filter, or relay between the two ends in `text` when it is ""."""

        def __init__(self, interface: str, text: str) -> None:
            super().__init__()
            self.interface = interface
            self.text = text

    def __init__(self, bpf: str = "") -> None:
        super().__init__()
        self.traffic = Traffic()
        self.filters = remembered.filters()
        self.refused: str | None = None
        self.found: list[NetworkInterface] = []
        self.looked = 0.0
        self.bpf = bpf
        self.failed = ""
        self.at = ""

    def compose(self) -> ComposeResult:
        yield Bar(id="small")
        yield Bar(id="head", classes="panes")
        yield VirtualTable(id="list")
        yield FilterBar(id="filter", label="capture filter", placeholder="everything", keys=("start", "back"))
        yield TextPane(id="about", classes="panes", titled=True)
        yield KeyBar(PICKER)

    def on_mount(self) -> None:
        self.list = self.query_one("#list", VirtualTable)
        self.filter = self.query_one(FilterBar)
        self.about = self.query_one("#about", TextPane)
        self.query_one("#head", Bar).show([("title", " inspector "), ("strong", " Where to capture?")])
        self.list.set_title([("pane", "Interfaces ")])
        self.filter.add_class("-open")
        self.list.focus()
        self.set_interval(LOOK_EVERY, self.look)
        self.look()
        self.run_worker(self._ask_rights, "rights", "rights", thread=True, exit_on_error=False)

    def look(self) -> None:
        """Look at the interfaces beside the thread that draws."""
        self.run_worker(self._look, "look", "look", thread=True, exclusive=True, exit_on_error=False)

    def _look(self) -> None:
        found = network_interfaces()
        if ALL_AT_ONCE:
            packets = sum(each.packets for each in found)
            found.append(NetworkInterface(ANY, "up", addresses=["all interfaces at once"], packets=packets))
        self.post_message(self.Seen(found))

    def _ask_rights(self) -> None:
        refused, program = refusal(), ""
        if refused:
            program = next((name for name, may in capable_programs().items() if may), "")
        self.post_message(self.Rights("" if program else refused, program))

    @on(Seen)
    def _seen(self, event: Seen) -> None:
        now = time.monotonic()
        self.traffic.add(event.found, now - self.looked)
        first, self.looked, self.found = not self.found, now, event.found
        names = [*(each.name for each in self.found), ""]
        gone = first or self.at not in names
        self._show(0 if gone else names.index(self.at))
        if gone:
            self._chosen(0)

    def _show(self, cursor: int) -> None:
        rows = InterfaceRows(self.found, self.traffic, self.filters, self.refused)
        self.list.show(rows, cursor)
        self.list.styles.height = len(rows) + self.list.fixed

    @on(Rights)
    def _rights(self, event: Rights) -> None:
        self.refused = event.refused
        if event.refused:
            self.failed = f"{event.refused}\n{ways_out()}"
        elif event.program:
            self.query_one("#head", Bar).show(
                [("title", " inspector "), ("strong", " Where to capture?")],
                [("dim", f"{event.program} captures for this user ")],
            )
        self._show(self.list.cursor)
        self._tell()

    @on(VirtualTable.Moved)
    def _moved(self, event: VirtualTable.Moved) -> None:
        self._chosen(event.row)

    def _chosen(self, row: int) -> None:
        """The cursor is on an interface: offer the filter used there last."""
        name = self._interface(row)
        self.at = name
        self.filter.name_it("capture filter" if name else "relay from, to")
        self.filter.query_one(Input).placeholder = "everything" if name else "9083 localhost:9084"
        text = self.filters.get(name or RELAY, "")
        self.filter.set(self.bpf if name and self.bpf else text)
        self._changed(FilterBar.Changed(self.filter.text))
        self._tell()

    def _interface(self, row: int) -> str:
        return self.found[row].name if row < len(self.found) else ""

    def _tell(self) -> None:
        """What the row is about, or how to go on without the right."""
        if not self.at:
            self.about.set_title([("pane", "Relay ")])
            self.about.show(ABOUT_RELAY)
        elif self.failed:
            self.about.set_title([("pane", "Why not ")])
            self.about.show(failure_lines(self.failed))
        else:
            self.about.set_title([("pane", "Capture filter ")])
            self.about.show(ABOUT_FILTER)

    def fail(self, text: str) -> None:
        """A capture could not be started."""
        self.failed = text
        self.about.set_title([("error", "Why not ")])
        self.about.show(failure_lines(text))
        self.list.focus()

    # the filter

    @on(FilterBar.Changed)
    def _changed(self, event: FilterBar.Changed) -> None:
        text, name = event.text, self.at
        if not name:
            wrong = ends_problem(text) if text.strip() else ""
            self.post_message(self.Checked(text, wrong))
            return
        # a name of a host may take the resolver seconds
        self.run_worker(lambda: self._check(name, text), "check", "check", thread=True, exclusive=True)

    def _check(self, name: str, text: str) -> None:
        wrong = ""
        with self.compiling:
            try:
                compile_filter(text, LINK_SLL2 if name == ANY else link_type_of(name), SNAP_LENGTH)
            except UsageError as error:
                wrong = str(error).removeprefix(f"-f {text}: ")
        self.post_message(self.Checked(text, wrong))

    @on(Checked)
    def _checked(self, event: Checked) -> None:
        if event.text != self.filter.text:
            return
        if event.wrong:
            self.filter.say([("error", f"! {printable(event.wrong)}")])
        elif event.text.strip():
            self.filter.say([("note", "ok")])
        else:
            self.filter.say([("dim", "everything" if self.at else "two ends, as in 9083 localhost:9084")])

    @on(FilterBar.Left)
    def _left(self, event: FilterBar.Left) -> None:
        self.list.focus()
        if event.kept:
            self.action_open()

    # keys

    @on(VirtualTable.Opened)
    def action_open(self) -> None:
        """Start there."""
        if not self.found:
            return
        name, text = self.at, self.filter.text.strip()
        wrong = "" if name else ends_problem(text)
        if wrong:
            self.filter.say([("error", f"! {wrong}")])
            self.action_filter()
            return
        self.post_message(self.Start(name, text))

    def action_filter(self) -> None:
        """Type the filter."""
        field = self.filter.query_one(Input)
        field.focus()
        field.action_select_all()

    def action_copy(self) -> None:
        """Copy the ways to go on."""
        text = self.failed or ways_out()
        self.app.copy_to_clipboard(text)
        kept = clipboard.save(text)
        self.notify(f"Copied; also in {kept}" if kept else "Copied", markup=False)

    def action_leave(self) -> None:
        """Back to the captures, or out of the program."""
        if len(self.app.screen_stack) > ENDS:
            self.app.pop_screen()
        else:
            self.app.exit(0)

    def action_move(self, by: int) -> None:
        """Move in the list."""
        self.list.move(by)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self.list.move_page(by)

    def action_edge(self, by: int) -> None:
        """Move to an end."""
        self.list.edge(by)


def ends_problem(text: str) -> str:
    """What is wrong with the two ends of a relay, "" for nothing."""
    words = text.split()
    if len(words) != ENDS:
        return "write two ends: the port to listen on, and the server, as in 9083 localhost:9084"
    try:
        for word in words:
            parse_end(word)
    except UsageError as error:
        return str(error)
    return ""
