"""The filter line: what is typed, and under it what is wrong with it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from inspector.tui.text import Line
from inspector.tui.widgets.text_pane import Bar

_NAME: Final = re.compile(r"[A-Za-z_][\w.\-]*$")


class Names(Suggester):
    """Completes the name at the end of what is typed, from names in the order in which they are to be offered."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.names = names

    async def get_suggestion(self, value: str) -> str | None:
        """The text with its last name completed, None when there is none or it stands in quotes."""
        begun = _NAME.search(value)
        if begun is None or value.count('"') % 2:
            return None
        found = (name for name in self.names if name.startswith(begun[0]) and name != begun[0])
        name = next(found, None)
        return None if name is None else value[: begun.start()] + name


class FilterBar(Vertical):
    """Hidden until opened; tells of every change, and when it is left.

    `label` stands before what is typed, `keys` say what Enter and Escape do.
    """

    DEFAULT_CSS = """
    FilterBar { height: 2; display: none; }
    FilterBar.-open { display: block; }
    FilterBar Horizontal { height: 1; }
    FilterBar #slash { width: 3; }
    FilterBar Input {
        height: 1; border: none; padding: 0; width: 1fr; background: $panel;
        &:focus { border: none; background: $panel; }
        &:ansi { background: ansi_default; }
    }
    FilterBar #verdict { padding: 0 0 0 3; }
    """

    @dataclass
    class Changed(Message):
        """The text is now this."""

        text: str

    @dataclass
    class Left(Message):
        """Enter (`kept`) or Escape."""

        kept: bool

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002
        label: str = "/",
        placeholder: str = 'http.request.method == "GET" and frame.len > 100',
        keys: tuple[str, str] = ("keep", "clear"),
    ) -> None:
        super().__init__(id=id)
        self.label = label
        self.placeholder = placeholder
        self.keys = keys

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Bar(id="slash")
            field = Input(placeholder=self.placeholder, select_on_focus=False)
            field.cursor_blink = False
            yield field
        yield Bar(id="verdict")

    def on_mount(self) -> None:
        self.name_it(self.label)

    def name_it(self, label: str) -> None:
        """Say what is to be typed."""
        slash = self.query_one("#slash", Bar)
        slash.styles.width = cell_len(label) + 3
        slash.show([("key", f" {label} ")])

    def open(self) -> None:
        """Show it and take the keys."""
        self.add_class("-open")
        self.say([])
        self.query_one(Input).focus()

    def suggest(self, names: Sequence[str]) -> None:
        """Complete these names while they are typed; Tab takes what is offered."""
        self.query_one(Input).suggester = Names(names)

    def close(self) -> None:
        """Hide it."""
        self.remove_class("-open")

    def say(self, line: Line) -> None:
        """What the text finds, or what is wrong with it."""
        self.query_one("#verdict", Bar).show(
            line, [("key", "Enter"), ("dim", f" {self.keys[0]}  "), ("key", "Esc"), ("dim", f" {self.keys[1]} ")]
        )

    @property
    def text(self) -> str:
        """What is typed so far."""
        return self.query_one(Input).value

    def set(self, text: str) -> None:
        """Put other text in without telling of it."""
        with self.prevent(Input.Changed):
            self.query_one(Input).value = text

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left(kept=True))

    def on_key(self, event: events.Key) -> None:
        if event.key == "tab":
            event.stop()
            event.prevent_default()
            self.query_one(Input).action_cursor_right()
        if event.key in {"escape", "down"}:
            event.stop()
            event.prevent_default()
            self.post_message(self.Left(kept=event.key == "down"))
