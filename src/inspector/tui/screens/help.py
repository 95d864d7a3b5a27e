"""Every key of a screen, out of the one table."""

from textual.app import ComposeResult

from inspector.tui.keymap import HELP, KEYS, MAIN, bindings, groups, user_keys
from inspector.tui.screens.base import KeyScreen
from inspector.tui.text import Line, fit
from inspector.tui.widgets.footer import KeyBar
from inspector.tui.widgets.text_pane import Bar, TextPane

SIGNS: tuple[tuple[str, str, str], ...] = (
    ("client", "►", "sent by the client"),
    ("server", "◄", "sent by the server"),
    ("error", "!", "error"),
    ("warning", "?", "warning"),
    ("note", "i", "note"),
    ("hole", "??", "bytes that were sent but never captured"),
    ("gap", "gap", "bytes that no field explains"),
    ("dim", "=", "derived: decoded, unpacked or put together from the bytes above"),
)
MOUSE = (
    "A click on a byte selects the deepest field that covers it, a second one the field around that. "
    "Hold Shift to select text."
)


def help_lines(screen: str) -> list[Line]:
    """The help text of a screen."""
    lines: list[Line] = []
    for group, keys in groups(screen).items():
        lines += [[("title", group)]]
        lines += [[("key", f"  {fit(key.show, 11)}"), ("", key.help)] for key in keys]
        lines.append([])
    if screen == MAIN:
        lines.append([("title", "Signs")])
        lines += [[(role, f"  {fit(sign, 11)}"), ("", text)] for role, sign, text in SIGNS]
        lines += [[], [("", MOUSE)]]
        lines += [
            [],
            [("title", "Keys of your own")],
            [("", f"{user_keys()} moves them: a line like"), ("value", ' "step.next" = "n"')],
        ]
        lines.append([("dim", "The names: "), ("dim", ", ".join(key.id for key in KEYS[screen]))])
    return lines


class HelpScreen(KeyScreen):
    """Scrolls through the keys."""

    KEYS_OF = HELP
    BINDINGS = bindings(HELP)
    CSS = """
    HelpScreen #text { height: 1fr; padding: 1 1; }
    """

    def __init__(self, about: str) -> None:
        super().__init__()
        self.about = about

    def compose(self) -> ComposeResult:
        yield Bar(id="small")
        yield Bar(id="head")
        yield TextPane(id="text")
        yield KeyBar(HELP)

    def on_mount(self) -> None:
        self.query_one("#head", Bar).show([("strong", " Keys")], [("dim", "yours go into keys.toml, by name ")])
        self.query_one("#text", TextPane).show(help_lines(self.about))

    def action_move(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one("#text", TextPane).move(by)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self.query_one("#text", TextPane).move_page(by)

    def action_edge(self, by: int) -> None:
        """Scroll to an end."""
        self.query_one("#text", TextPane).edge(by)
