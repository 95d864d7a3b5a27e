"""The bottom line: the keys that matter most here, made from the key table."""

from inspector.tui.keymap import footer
from inspector.tui.text import Line
from inspector.tui.widgets.text_pane import Bar


class KeyBar(Bar):
    """The keys of one screen, as many as fit."""

    def __init__(self, screen: str) -> None:
        super().__init__(id="foot")
        self.keys = screen

    def line(self, row: int, width: int) -> Line:
        spans: Line = [("", " ")]
        for key in footer(self.keys, width):
            spans += [("key", key.show), ("dim", f" {key.label}  ")]
        return spans
