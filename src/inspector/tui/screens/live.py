"""A capture that goes on: its messages as they come, how it goes, and a look into any of them meanwhile."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message

from inspector.capture.live.recording import Drop
from inspector.model.errors import UsageError
from inspector.spool import Row
from inspector.tui.filtering import problem
from inspector.tui.keymap import LIVE, bindings
from inspector.tui.live_rows import LiveTable
from inspector.tui.live_status import Status
from inspector.tui.screens.base import KeyScreen
from inspector.tui.source import Source
from inspector.tui.text import Line, plural, printable
from inspector.tui.widgets.filter_bar import FilterBar
from inspector.tui.widgets.footer import KeyBar
from inspector.tui.widgets.text_pane import Bar, TextPane
from inspector.tui.widgets.virtual_table import VirtualTable

REFRESH: Final = 0.1
"""Seconds between two looks for new rows."""
NARROW: Final = 110
"""Columns below which the status is shorter."""


class LiveScreen(KeyScreen):
    """Lists messages as they are captured; Enter looks into one while the capture goes on."""

    KEYS_OF = LIVE
    BINDINGS = bindings(LIVE)
    CSS = """
    LiveScreen #list { height: 1fr; }
    LiveScreen #empty { height: 5; padding: 1 2; }
    LiveScreen.-some #empty { display: none; }
    LiveScreen #head { background: $panel; }
    LiveScreen #trouble { display: none; }
    LiveScreen.-trouble #trouble { display: block; }
    """

    class Look(Message):
        """Open what was captured so far at this message."""

        def __init__(self, source: Source, row: Row) -> None:
            super().__init__()
            self.source = source
            self.row = row

    class Again(Message):
        """Start the same capture once more."""

        def __init__(self, source: Source) -> None:
            super().__init__()
            self.source = source

    class Ended(Message):
        """The user leaves this capture."""

        def __init__(self, source: Source) -> None:
            super().__init__()
            self.source = source

    class Told(Message):
        """Something slow is done."""

        def __init__(self, text: str, severity: str = "") -> None:
            super().__init__()
            self.text = text
            self.severity = severity

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.table = LiveTable(source.rows)
        self.status = Status(source)
        self.frozen = False
        self.follows = True
        self.replaces = ""

    def compose(self) -> ComposeResult:
        yield Bar(id="small")
        yield Bar(id="head", classes="panes")
        yield Bar(id="trouble", classes="panes")
        yield FilterBar(id="filter", keys=("show these", "show all"))
        yield FilterBar(id="save", label="save as", placeholder="capture.pcapng", keys=("save", "not now"))
        yield TextPane(id="empty", classes="panes", scrolls=False)
        yield VirtualTable(id="list")
        yield KeyBar(LIVE)

    def on_mount(self) -> None:
        self.list = self.query_one("#list", VirtualTable)
        self.filter = self.query_one("#filter", FilterBar)
        self.saving = self.query_one("#save", FilterBar)
        self.filter.set(self.source.wanted)
        self.list.show(self.table, 0)
        self.list.focus()
        self.set_interval(REFRESH, self.look)
        self.look()

    def look(self) -> None:
        """Show what is new."""
        if self.table.rows is not self.source.rows:
            # another filter: the list begins anew
            self.table = LiveTable(self.source.rows)
            self.list.show(self.table, 0)
        count = len(self.source.rows)
        before = len(self.table)
        if not self.frozen:
            self.table.grow(count, self.source.drops, time.time_ns())
        if len(self.table) != before:
            if self.follows:
                self.list.cursor = len(self.table) - 1
                self.list.top = max(0, len(self.table) - self.list.page)
            self.list.resized()
        self.set_class(len(self.table) > 0, "-some")
        if not len(self.table):
            self.query_one("#empty", TextPane).show(self.status.waiting(), keep=True)
        self._show_heads(count)

    def _show_heads(self, count: int) -> None:
        right = self.status.behind()
        if self.frozen:
            right.append(("warning", f"paused, +{count - self.table.shown:,} new "))
        else:
            right.append(("dim", "following " if self.follows else "F follows "))
        self.query_one("#head", Bar).show(self.status.line(self.size.width < NARROW), right)
        trouble = self.source.error
        self.set_class(bool(trouble), "-trouble")
        self.query_one("#trouble", Bar).show([("error", f" ! {printable(trouble)}")])
        title: Line = [("pane", "Messages ")]
        if self.source.wanted:
            found = f"{count:,} of {plural(self.source.messages, 'message')} match {self.source.wanted} "
            title += [("", "── "), ("shown", printable(found))]
        if self.source.bpf:
            title += [("", "── "), ("pane", printable(f"capture filter {self.source.bpf} "))]
        self.list.set_title(title)

    # keys

    def action_move(self, by: int) -> None:
        """Move in the list; moving up stops following."""
        self._leave(by)
        self.list.move(by)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self._leave(by)
        self.list.move_page(by)

    def action_edge(self, by: int) -> None:
        """To the first row, or to the newest, which is followed from then on."""
        self.follows = by > 0
        if by > 0:
            self.frozen = False
            self.look()
        self.list.edge(by)

    def action_anomaly(self, by: int) -> None:
        """To the next row with something wrong, in either direction."""
        found = self.table.troubled(self.list.cursor, by)
        if found < 0:
            self.notify("No row with ! or ? near, in this direction.")
            return
        self.follows = False
        self.list.move_to(found)

    def _leave(self, by: int) -> None:
        if by < 0 and self.follows:
            self.follows = False
            self._show_heads(len(self.source.rows))

    def action_freeze(self) -> None:
        """Let the list stand still while the capture goes on, and move on again."""
        self.frozen = not self.frozen
        self.look()

    def action_capture(self) -> None:
        """End the capture; when it has ended, start the same once more."""
        if self.source.running:
            self.run_worker(self._stop, "stop", thread=True, exclusive=True)
        else:
            self.post_message(self.Again(self.source))

    def _stop(self) -> None:
        self.source.stop()
        self.post_message(self.Told(f"Stopped; the packets are in {self.source.path}"))

    def action_leave(self) -> None:
        """End the capture, and back to where it was started, or out."""
        self.post_message(self.Ended(self.source))

    @on(VirtualTable.Opened)
    def action_open(self) -> None:
        """Look into the message under the cursor."""
        if not len(self.table):
            return
        found = self.table.at(self.list.cursor)
        if isinstance(found, Drop):
            self.notify("These packets were never captured: there is nothing to look into.")
        else:
            self.post_message(self.Look(self.source, found))

    @on(VirtualTable.Moved)
    def _moved(self, event: VirtualTable.Moved) -> None:
        if event.row < len(self.table) - 1:
            self.follows = False

    # filter and save

    def action_filter(self) -> None:
        """Type a display filter."""
        self.filter.open()
        self.filter.set(self.source.wanted)

    def action_clear(self) -> None:
        """Show all messages."""
        self.filter.set("")
        self._apply("")

    def action_save(self) -> None:
        """Type where to keep the packets."""
        if not self.saving.text:
            stamp = time.strftime("%Y%m%d-%H%M%S")
            name = Path(self.source.name.split(" ")[0]).name.replace(":", "-")
            self.saving.set(f"{name}-{stamp}.pcapng")
        self.replaces = ""
        self.saving.open()
        self.saving.say([("dim", f"in {Path.cwd()}" if not self.source.running else "goes on being written")])

    @on(FilterBar.Changed)
    def _changed(self, event: FilterBar.Changed) -> None:
        if self.saving.has_class("-open"):
            self.replaces = ""
            self.saving.say([])
        else:
            self.run_worker(
                lambda: self._check(event.text), "filter", "filter", thread=True, exclusive=True, exit_on_error=False
            )

    def _check(self, text: str) -> bool:
        """Say what is wrong with a filter; whether it is one."""
        from inspector.export.names import compile_known

        try:
            if text.strip():
                compile_known(text)
        except UsageError as error:
            self.app.call_from_thread(self.filter.say, problem(error))
            return False
        self.app.call_from_thread(self.filter.say, [("note", "Enter shows what matches")])
        return True

    @on(FilterBar.Left)
    def _left(self, event: FilterBar.Left) -> None:
        if self.saving.has_class("-open"):
            self._save(event.kept)
        elif not event.kept:
            self.filter.close()
            self.list.focus()
            self.action_clear()
        else:
            self._apply(self.filter.text)

    def _apply(self, text: str) -> None:
        """Have the rows that match; a filter that is none stays to be mended."""

        def work() -> None:
            if self._check(text):
                if text.strip() != self.source.wanted:
                    self.source.look_for(text.strip())
                self.app.call_from_thread(self._applied)

        self.run_worker(work, "filter", "filter", thread=True, exclusive=True, exit_on_error=False)

    def _applied(self) -> None:
        self.filter.close()
        self.list.focus()
        self.follows, self.frozen = True, False
        self.look()

    def _save(self, wanted: bool) -> None:
        target = str(Path(self.saving.text.strip()).expanduser())
        if wanted and not self.saving.text.strip():
            return
        if wanted and Path(target).exists() and self.replaces != target:
            self.replaces = target
            self.saving.say([("warning", "there is such a file; Enter again replaces it")])
            return
        self.saving.close()
        self.list.focus()
        if wanted:
            self.run_worker(lambda: self._save_to(target), "save", "save", thread=True, exit_on_error=False)

    def _save_to(self, target: str) -> None:
        try:
            self.source.save(target)
        except OSError as error:
            self.post_message(self.Told(f"{target}: {error.strerror}", "error"))
            return
        later = "; what comes later is added when the capture ends" if self.source.running else ""
        self.post_message(self.Told(f"Saved as {target}{later}"))

    @on(Told)
    def _told(self, event: Told) -> None:
        self.notify(event.text, severity="error" if event.severity else "information", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        """The status has a short form, and the newest row stays at the bottom."""
        super().on_resize(event)
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        if self.follows:
            self.list.top = max(0, len(self.table) - self.list.page)
        self.list.resized()
        self.look()
