"""What the keys of the main screen do."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from textual.widget import Widget

from inspector.engine.cursor import NOWHERE, Outline, next_in_flow, previous_in_flow
from inspector.tui import landing
from inspector.tui.clipboard import save
from inspector.tui.filtering import Choice, Wish, filter_for
from inspector.tui.landing import Landing, Move
from inspector.tui.levels import FLOWS, MESSAGES, PACKETS, FlowRows
from inspector.tui.screens.base import KeyScreen
from inspector.tui.screens.decode import DecodeScreen
from inspector.tui.screens.stream import StreamScreen
from inspector.tui.screens.why import WhyScreen
from inspector.tui.study import Stop
from inspector.tui.text import plural
from inspector.tui.views import kinds

if TYPE_CHECKING:
    from inspector.session import Session
    from inspector.tui.desk import Desk
    from inspector.tui.digest import Digest
    from inspector.tui.levels import LevelRows
    from inspector.tui.study import Study
    from inspector.tui.widgets.field_list import FieldList
    from inspector.tui.widgets.filter_bar import FilterBar
    from inspector.tui.widgets.hex_view import HexView
    from inspector.tui.widgets.text_pane import TextPane
    from inspector.tui.widgets.virtual_table import VirtualTable

PANES = ("list", "layers", "bytes", "explain")
LOWER = PANES[1:]
MOST_COPIED = 65_536
"""Bytes copied as hex; terminals refuse more."""


class Moves(KeyScreen, inherit_bindings=False):
    """Actions over the state of the main screen, which itself says how that state is shown."""

    session: Session
    digest: Digest
    level: str
    wish: Wish
    choice: Choice
    rows: LevelRows
    stop: Stop | None
    study: Study | None
    index: int
    land: Landing
    desk: Desk
    bytes_kinds: dict[str, str]
    table: VirtualTable
    fields: FieldList
    hex: HexView
    explain: TextPane
    filter: FilterBar

    @property
    def flow(self) -> int:
        """The conversation under the cursor, 0 outside all."""
        raise NotImplementedError

    def go(self, stop: Stop, land: Landing) -> None:
        """Put the cursor on a field of a message."""
        raise NotImplementedError

    def point(self, index: int, keep_byte: bool = False) -> None:
        """Put the cursor on a field of this message."""
        raise NotImplementedError

    def keep_place(self, land: Landing | None = None) -> None:
        """Make the rows again, with the cursor on the same field, or where `land` says."""
        raise NotImplementedError

    def wishes(self, wish: Wish) -> None:
        """Filter the lists."""
        raise NotImplementedError

    @property
    def known(self) -> frozenset[str]:
        """Every name that a filter may ask for."""
        raise NotImplementedError

    def show_titles(self) -> None:
        """Draw the titles of the panes again."""
        raise NotImplementedError

    def show_values(self) -> None:
        """Draw the value inspector again."""
        raise NotImplementedError

    # steps

    @property
    def waiting(self) -> bool:
        """Whether the message under the cursor is not explained yet."""
        return self.study is None or self.study.stop != self.stop

    def _walk(self, move: Move) -> None:
        """Make a move, or remember it until there is something to move in."""
        if self.waiting:
            self.land = landing.then(self.land, move)
        elif self.study is not None:
            self.point(move(self.study.outline, self.index))

    def action_step(self, by: int) -> None:
        """To the next field in byte order, or the one before."""
        step = Outline.next_step if by > 0 else Outline.previous_step
        if self.study is None or self.waiting or step(self.study.outline, self.index) != NOWHERE:
            self._walk(step)
        else:
            self._to_message(by, landing.first if by > 0 else landing.last)

    def action_inward(self) -> None:
        """Into the field."""
        self._walk(Outline.first_child)

    def action_outward(self) -> None:
        """Out of the field; out of a layer, to the one below it."""
        self._walk(outward)

    def action_sibling(self, by: int) -> None:
        """Over the field."""
        self._walk(Outline.next_sibling if by > 0 else Outline.previous_sibling)

    def action_sideways(self, by: int) -> None:
        """The arrow keys: bytes in Bytes, in and out everywhere else."""
        if self.pane == "bytes":
            self.hex.move_byte(by)
        elif by > 0:
            self.action_inward()
        else:
            self.action_outward()

    def action_message(self, by: int) -> None:
        """To the next message of this conversation, or the one before."""
        self._to_message(by, landing.root)

    def _to_message(self, by: int, land: Landing) -> None:
        if self.stop is None or not self.flow:
            return
        if self.level == FLOWS:
            walk = next_in_flow if by > 0 else previous_in_flow
            found = walk(self.session.messages, self.stop.message) if self.stop.message >= 0 else NOWHERE
            if found != NOWHERE:
                self.go(Stop(found, self.session.messages[found].packet), land)
            return
        rows, flow = self.rows, self.flow
        row = self.table.cursor + by
        while 0 <= row < len(rows):
            if rows.flow(row) == flow:
                self.row_to(rows.stop(row), land, row)
                return
            row += by

    def row_to(self, stop: Stop, land: Landing, row: int | None = None) -> None:
        """Put both cursors, of the list and of the panes, on a message."""
        self.table.move_to(self.rows.find(stop) if row is None else row, quiet=True)
        self.go(stop, land)

    def action_anomaly(self, by: int) -> None:
        """To the next thing that is wrong, or the one before: in this message, then in the list."""
        if self.study is not None and not self.waiting:
            outline = self.study.outline
            found = outline.next_issue(self.index) if by > 0 else outline.previous_issue(self.index)
            if found >= self.study.root:
                self.point(found)
                return
        if self.stop is None:
            return
        troubled = self.digest.troubled
        here = self.digest.place(self.stop)
        at = bisect_right(troubled, here) if by > 0 else bisect_left(troubled, here) - 1
        while 0 <= at < len(troubled):
            code = self.digest.codes[troubled[at]]
            if self.wish.plain or code in self.choice.codes:
                stop = Stop(code, self.session.messages[code].packet) if code >= 0 else Stop(-1, -code)
                self.row_to(stop, landing.first_issue if by > 0 else landing.last_issue)
                return
            at += by
        self.notify("No anomaly further on." if by > 0 else "No anomaly before this.", timeout=2)

    # moves in a pane

    @property
    def pane(self) -> str:
        """The pane that has the focus."""
        focused = self.focused
        return focused.id if focused is not None and focused.id in PANES else "list"

    def _focused(self) -> VirtualTable | FieldList | HexView | TextPane:
        panes: dict[str, VirtualTable | FieldList | HexView | TextPane]
        panes = {"list": self.table, "layers": self.fields, "bytes": self.hex, "explain": self.explain}
        return panes[self.pane]

    def action_move(self, by: int) -> None:
        """Down, or up."""
        self._focused().move(by)
        self.follow()

    def action_page(self, by: int) -> None:
        """Down by pages, or up."""
        self._focused().move_page(by)
        self.follow()

    def action_edge(self, by: int) -> None:
        """To the end, or the start."""
        self._focused().edge(by)
        self.follow()

    def follow(self) -> None:
        """Have all panes show what the cursors of list and layers are on now."""
        stop = self._stop_of_row() if len(self.rows) else self.stop
        if stop is not None and stop != self.stop:
            self.go(stop, landing.root)
        elif not self.waiting and self.fields.cursor != self.index:
            self.point(self.fields.cursor)

    def _stop_of_row(self) -> Stop | None:
        """What the row under the cursor stands for; in the list of conversations, any message of the one."""
        row = self.table.cursor
        if self.level == FLOWS and self.rows.flow(row) == self.flow:
            return self.stop
        return self.rows.stop(row)

    def action_pane(self, by: int) -> None:
        """The next pane, or the one before."""
        self._focus(PANES[(PANES.index(self.pane) + by) % len(PANES)])

    def action_show(self, name: str) -> None:
        """One of the lower panes; the one that has the focus already gives it back."""
        self._focus("list" if name == self.pane and not self.has_class("-narrow") else name)

    def _focus(self, name: str) -> None:
        if name in LOWER:
            self.remove_class(*(f"-at-{each}" for each in LOWER))
            self.add_class(f"-at-{name}")
        if self.has_class("-zoom"):
            self.remove_class(*(f"-zoom-{each}" for each in PANES))
            self.add_class(f"-zoom-{name}")
        self._widget(name).focus()
        self.show_titles()

    def _widget(self, name: str) -> Widget:
        return self.query_one(f"#{name}")

    def action_zoom(self) -> None:
        """One pane alone, and back."""
        self.remove_class(*(f"-zoom-{each}" for each in PANES))
        if self.toggle_class("-zoom").has_class("-zoom"):
            self.add_class(f"-zoom-{self.pane}")

    # looking

    def action_level(self, level: str) -> None:
        """Another list, with the cursor on the same bytes."""
        if level == self.level:
            self._focus("list")
            return
        before, self.level = self.level, level
        if level == PACKETS and self.study is not None:
            origins = self.study.origins(self.index)
            if origins and self.stop is not None:
                here = origins[0]
                self.stop = Stop(self.digest.message_in(self.session, here.packet), here.packet)
                self.keep_place(landing.packet_byte(here.packet, here.start))
                return
        if before == PACKETS and self.stop is not None and self.stop.message >= 0:
            self.stop = Stop(self.stop.message, self.session.messages[self.stop.message].packet)
        self.keep_place()

    def action_open(self) -> None:
        """Open a conversation, go into a message, fold a field."""
        if self.pane == "layers":
            self.fields.toggle()
        elif self.pane != "list" or self.stop is None:
            return
        elif isinstance(self.rows, FlowRows):
            self.action_level(MESSAGES)
        else:
            self._focus("layers")

    def action_fold_all(self) -> None:
        """Unfold everything, or fold it again."""
        self.fields.toggle_all()

    def action_view(self) -> None:
        """The next kind of bytes that the field has."""
        if self.study is not None and self.hex.view is not None:
            has = kinds(self.study, self.index)
            self.bytes_kinds[self.level] = has[(has.index(self.hex.view.kind) + 1) % len(has)]
            if len(has) == 1:
                self.notify("These bytes are in the packet only.", timeout=2)
            self.point(self.index)

    def action_values(self) -> None:
        """Show or hide the value inspector."""
        self.toggle_class("-values")
        self.call_after_refresh(self.show_values)

    def action_why(self) -> None:
        """The findings, and what first bytes are."""
        found = sorted(self.digest.findings, key=lambda finding: finding.flow != self.flow)
        if not found and not self.digest.complete:
            self.notify("Still looking for what is wrong.", timeout=3)
            return
        self.app.push_screen(WhyScreen(self.session, found, self.flow))

    def action_stream(self) -> None:
        """Both directions of the conversation."""
        if self.flow:
            self.app.push_screen(StreamScreen(self.session, self.flow))
        else:
            self.notify("This packet is part of no conversation.", timeout=2)

    def action_decode(self) -> None:
        """Read the message, then its conversation, as something else."""
        if self.flow:
            message = self.session.messages[self.stop.message] if self.stop and self.stop.message >= 0 else None
            self.app.push_screen(DecodeScreen(self.session, self.flow, message, self.desk.session_lock))
        else:
            self.notify("This packet is part of no conversation.", timeout=2)

    # finding

    def action_filter(self) -> None:
        """Type a filter; looking up the names that can be completed takes a moment the first time."""
        self.filter.open()
        self.call_after_refresh(lambda: self.known)

    def action_alike(self) -> None:
        """What holds the same in this field, besides what is filtered already."""
        if self.study is None:
            return
        text = filter_for(self.study.outline.nodes[self.index])
        if self.wish.text.strip():
            text = self.wish.text if text in self.wish.text else f"({self.wish.text}) and {text}"
        self.filter.set(text)
        self.filter.open()
        self._widget(self.pane).focus()
        self.wishes(Wish(text, self.wish.flow))

    def action_conversation(self) -> None:
        """This conversation only, and back."""
        self.wishes(Wish(self.wish.text, 0 if self.wish.flow else self.flow))

    def action_clear(self) -> None:
        """Show everything again."""
        self.filter.set("")
        self.filter.close()
        self.wishes(Wish())

    def action_copy(self) -> None:
        """Copy the bytes of the field."""
        if self.study is None:
            return
        node = self.study.outline.nodes[self.index]
        start = node.field.start
        raw = node.buffer.read(start, min(node.field.end, start + MOST_COPIED))
        self.app.copy_to_clipboard(raw.hex())
        path = save(raw.hex())
        where = f" and to {path}" if path is not None else ""
        self.notify(f"{plural(len(raw), 'byte')} of {node.name} as hex: to the terminal's clipboard{where}")

    # leaving

    def action_escape(self) -> None:
        """Out of the zoom, the filter, the pane."""
        if self.has_class("-zoom"):
            self.action_zoom()
        elif not self.wish.plain:
            self.action_clear()
        else:
            self._focus("list")

    def action_back(self) -> None:
        """Out of the zoom; else to the screen before, or out of the program."""
        if self.has_class("-zoom"):
            self.action_zoom()
        elif len(self.app.screen_stack) > 2:
            self.app.pop_screen()
        else:
            self.app.exit(0)


def outward(outline: Outline, index: int) -> int:
    """The field around, or the layer below a layer."""
    parent = outline.parent(index)
    return outline.previous_sibling(index) if parent == NOWHERE else parent
