"""Every key of a screen, out of the one table."""

from inspector.tui.keymap import HELP, KEYS, MAIN, bindings, groups, user_keys
from inspector.tui.screens.base import ReadingScreen
from inspector.tui.text import Line, fit

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


class HelpScreen(ReadingScreen):
    """Scrolls through the keys."""

    KEYS_OF = HELP
    BINDINGS = bindings(HELP)

    def __init__(self, about: str) -> None:
        super().__init__()
        self.about = about

    def tell(self) -> None:
        """Draw the keys."""
        self.head.show([("strong", " Keys")], [("dim", "yours go into keys.toml, by name ")])
        self.pane.show(help_lines(self.about))
