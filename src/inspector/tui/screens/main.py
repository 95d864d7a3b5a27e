"""The main screen: a list, and below it the layers, bytes and explanation of what the one cursor is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container

from inspector.engine.cursor import NOWHERE
from inspector.model.errors import UsageError
from inspector.tui import landing
from inspector.tui.desk import Desk
from inspector.tui.digest import quick
from inspector.tui.fields import Naming
from inspector.tui.filtering import Wish, compiled, everything, known_names, offered_names, outcome, problem
from inspector.tui.heads import banner_line, empty_list, head_line, level_title, pane_titles
from inspector.tui.keymap import MAIN, bindings
from inspector.tui.landing import Landing
from inspector.tui.levels import FLOWS, MESSAGES, PACKETS, LevelRows, rows_of
from inspector.tui.narrative import explain_lines, strip_line
from inspector.tui.screens.searching import Searching
from inspector.tui.screens.why import WhyScreen
from inspector.tui.study import Stop
from inspector.tui.values import INSPECTED, value_lines
from inspector.tui.views import DERIVED, FRAME, view
from inspector.tui.widgets.field_list import FieldList
from inspector.tui.widgets.filter_bar import FilterBar
from inspector.tui.widgets.footer import KeyBar
from inspector.tui.widgets.hex_view import HexView
from inspector.tui.widgets.lines import Lines
from inspector.tui.widgets.text_pane import Bar, TextPane
from inspector.tui.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from inspector.session import Session


MOST_ROWS = 10
"""Rows of the list in a high terminal; the style sheet allows fewer in a low one."""


class MainScreen(Searching):
    """Shows where the one cursor is: the row of the list, the field of its message, the byte of that."""

    KEYS_OF = MAIN
    BINDINGS = bindings(MAIN)
    CSS_PATH = "main.tcss"

    def __init__(self, session: Session, display_filter: str = "", message: int = -1) -> None:
        super().__init__()
        self.session = session
        self.naming = Naming(session.guide)
        self.digest = quick(session)
        self.desk = Desk(session)
        self.level = MESSAGES
        self.wish = Wish()
        self.choice = everything(session, self.digest)
        self.rows: LevelRows = rows_of(MESSAGES, session, self.digest, self.choice)
        self.stop = None
        self.study = None
        self.index = 0
        self.land: Landing = landing.root
        self.bytes_kinds = {FLOWS: DERIVED, MESSAGES: DERIVED, PACKETS: FRAME}
        self._known: frozenset[str] | None = None
        self._wished = Wish()
        self._first_filter = display_filter
        self._first_message = message

    def compose(self) -> ComposeResult:
        yield Bar(id="small")
        with Container(id="panes", classes="panes"):
            yield Bar(id="head")
            yield FilterBar(id="filter")
            yield FilterBar(id="find", label="find", placeholder="text, or bytes as 47 45 54", keys=("find", "leave"))
            yield VirtualTable(id="list")
            yield Bar(id="banner")
            with Container(id="lower"):
                yield FieldList(id="layers")
                with Container(id="right"):
                    with Container(id="bytes-box"):
                        yield HexView(id="bytes")
                        yield TextPane(id="values", scrolls=False)
                    yield TextPane(id="explain", titled=True)
            yield TextPane(id="strip", scrolls=False)
            yield KeyBar(MAIN)
        yield self.desk

    def on_mount(self) -> None:
        self.table = self.query_one("#list", VirtualTable)
        self.fields = self.query_one("#layers", FieldList)
        self.hex = self.query_one("#bytes", HexView)
        self.explain = self.query_one("#explain", TextPane)
        self.values = self.query_one("#values", TextPane)
        self.strip = self.query_one("#strip", TextPane)
        self.filter = self.query_one("#filter", FilterBar)
        self.finder = self.query_one("#find", FilterBar)
        self.add_class("-at-layers", "-values")
        self.table.focus()
        first = max(0, self._first_message)
        self.show_rows(self.rows, first)
        if len(self.rows):
            self.go(self.rows.stop(first), landing.root)
        self.desk.gather()
        if self._first_filter:
            self.filter.set(self._first_filter)
            self.filter.open()
            self.wishes(Wish(self._first_filter))
            self.table.focus()

    # the list

    def show_rows(self, rows: LevelRows, row: int) -> None:
        """Show the rows of this level, with the cursor of the list on one of them."""
        self.rows = rows
        self.table.show(rows, row)
        self.table.styles.height = min(len(rows), MOST_ROWS) + self.table.fixed
        if not len(rows):
            self.stop = self.study = None
            self.explain.show(
                [[("warning", empty_list(self.session, self.level, not self.wish.plain, self.choice.hint))]]
            )
        self.show_heads()

    def show_heads(self) -> None:
        """The lines around the list."""
        self.query_one("#head", Bar).show(*head_line(self.session, self.digest))
        self.table.set_title(level_title(self.level, "" if self.wish.plain else outcome(self.choice, self.wish)))
        flow = self.flow
        found = self.digest.findings_of(flow) + self.digest.findings_of(0) if flow else []
        banner = self.query_one("#banner", Bar)
        banner.show(*banner_line(found))
        banner.display = bool(found)

    @property
    def flow(self) -> int:
        """The conversation under the cursor, 0 outside all."""
        if self.stop is None:
            return 0
        if self.stop.message >= 0:
            return self.session.messages[self.stop.message].flow
        return self.session.packet_row(self.stop.packet).flow

    # the cursor

    def go(self, stop: Stop, land: Landing) -> None:
        """Put the cursor on another row's message, or on another field of this one."""
        if self.study is not None and self.study.stop == stop:
            self.desk.forget()
            self.stop = stop
            self.point(land(self.study))
            return
        before, self.stop, self.land = self.flow, stop, land
        if self.flow != before:
            self.show_heads()
        self.desk.ask(stop)

    @on(Desk.Studied)
    def _studied(self, event: Desk.Studied) -> None:
        if event.study.stop != self.stop:
            return
        self.study = event.study
        index = self.land(event.study)
        self.fields.show(event.study.outline, event.study.root, index, self.naming)
        self.point(index)

    @on(Desk.Failed)
    def _failed(self, event: Desk.Failed) -> None:
        if event.work == "study":
            self.explain.show([[("error", event.text)]])
            self.strip.show([[("error", event.text)]])
        else:
            self.notify(event.text, severity="error")

    @on(Desk.Gathered)
    def _gathered(self, event: Desk.Gathered) -> None:
        self.digest = event.digest
        if self.wish.plain:
            self.choice = everything(self.session, self.digest)
            self.keep_place()
        else:
            self.wishes(self.wish)

    def keep_place(self, land: Landing | None = None) -> None:
        """Make the rows again, with the cursor on the same field, or where `land` says."""
        rows = rows_of(self.level, self.session, self.digest, self.choice)
        here, index = self.stop, self.index
        row = rows.find(here) if here is not None else 0
        same = here is not None and len(rows) > 0 and self.level == FLOWS and rows.flow(row) == self.flow
        self.show_rows(rows, row)
        if not len(rows) or same:
            return
        stop = rows.stop(row)
        if here is None or stop.message != here.message:
            self.go(stop, land or landing.root)
        elif stop != here or land is not None:
            self.go(stop, land or landing.field(index))

    def point(self, index: int, keep_byte: bool = False) -> None:
        """Have every pane show one field."""
        if self.study is None or index == NOWHERE:
            return
        self.index = index
        self.fields.go(index, quiet=True)
        self.hex.show(view(self.session, self.study, index, self.bytes_kinds[self.level]), keep_byte)
        self.explain.show(explain_lines(self.session, self.study, index, self.naming))
        self.strip.show([strip_line(self.session, self.study, index, self.naming)])
        self.show_values()
        self.show_titles()

    def show_titles(self) -> None:
        """The titles of the lower panes."""
        lower = self.has_class("-narrow")
        made = pane_titles(self.study, self.index, self.hex.view, lower)
        for name, title in made.items():
            self.query_one(f"#{name}", Lines).set_title(title)

    def show_values(self) -> None:
        """The value inspector."""
        shown = self.hex.view
        if shown is not None and self.has_class("-values"):
            at = self.hex.byte
            raw = shown.buffer.read(at, min(at + INSPECTED, shown.size)) if at >= 0 else b""
            self.values.show(value_lines(raw, self.values.room))

    def on_resize(self, event: events.Resize) -> None:
        """Titles and values depend on the width."""
        super().on_resize(event)
        self.call_after_refresh(self.show_titles)
        self.call_after_refresh(self.show_values)

    # what the panes tell

    @on(VirtualTable.Moved)
    def _row_moved(self) -> None:
        self.follow()

    @on(VirtualTable.Opened)
    def _row_opened(self) -> None:
        self.action_open()

    @on(FieldList.Moved)
    def _field_moved(self) -> None:
        self.follow()

    @on(HexView.Picked)
    def _byte_picked(self, event: HexView.Picked) -> None:
        if self.study is None:
            return
        outline, shown = self.study.outline, event.view
        if event.again and outline.nodes[self.index].parent != NOWHERE:
            self.point(outline.parent(self.index), keep_byte=True)
            return
        at = (
            outline.at_packet_byte(shown.packet, event.offset)
            if shown.packet
            else outline.at(shown.buffer, event.offset)
        )
        if at != NOWHERE:
            self.point(at, keep_byte=True)
            return
        self.show_values()
        stop = landing.message_at(self.session, self.study, shown, event.offset)
        if stop is not None:
            self.row_to(stop, landing.stream_byte(shown, event.offset))

    @on(WhyScreen.Go)
    def _evidence(self, event: WhyScreen.Go) -> None:
        messages = self.session.messages
        index = event.message - 1
        # a message that stands for many, such as a call, may not hold the bytes itself
        if index >= 0 and event.packet in self.session.packets_of(messages[index]):
            stop, level = Stop(index, messages[index].packet), MESSAGES
        elif event.packet in self.digest.events:
            stop, level = Stop(-1, event.packet), MESSAGES
        else:
            stop, level = Stop(self.digest.message_in(self.session, event.packet), event.packet), PACKETS
        self.show_at(stop, level, landing.packet_byte(event.packet, event.offset))

    def show_at(self, stop: Stop, level: str, land: Landing) -> None:
        """Have a row of a level under the cursor, without the filter where that hides it."""
        self.level = level
        self.rows = rows_of(level, self.session, self.digest, self.choice)
        row = self.rows.find(stop)
        if not len(self.rows) or self.rows.stop(row) != stop:
            self.wish, self.choice = Wish(), everything(self.session, self.digest)
            self.filter.set("")
            self.filter.close()
            self.rows = rows_of(level, self.session, self.digest, self.choice)
            row = self.rows.find(stop)
        self.show_rows(self.rows, row)
        self.go(stop, land)

    # filters

    @property
    def known(self) -> frozenset[str]:
        """Every name that a filter may ask for."""
        if self._known is None:
            self._known = known_names(self.session)
            self.filter.suggest(offered_names(self.session, self._known))
        return self._known

    def wishes(self, wish: Wish) -> None:
        """Show what a wish leaves; says so when its text is no filter."""
        try:
            wanted = compiled(wish.text, self.known)
        except UsageError as error:
            self.filter.say(problem(error))
            return
        self.filter.say([("dim", "…")])
        self._wished = wish
        self.desk.choose(self.digest, wish, wanted)

    @on(Desk.Chosen)
    def _chosen(self, event: Desk.Chosen) -> None:
        if event.wish != self._wished:
            return
        self.wish, self.choice = event.wish, event.choice
        self.filter.say([("note" if self.choice.found else "warning", outcome(self.choice, self.wish))])
        self.keep_place()

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        if self.finder.has_class("-open"):
            return
        self.wishes(Wish(event.text, self.wish.flow))

    @on(FilterBar.Left)
    def _filter_left(self, event: FilterBar.Left) -> None:
        if self.finder.has_class("-open"):
            self.find_left(event.kept)
            return
        if not event.kept:
            self.filter.set("")
            self.wishes(Wish("", self.wish.flow))
        if not event.kept or not self.wish.text:
            self.filter.close()
        self.table.focus()
