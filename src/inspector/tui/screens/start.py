"""The first screen without a file: live capture, the bundled captures with what each teaches, earlier ones."""

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.message import Message

from inspector.tui.captures import Lesson, earlier, lessons
from inspector.tui.keymap import START, bindings
from inspector.tui.screens.base import KeyScreen
from inspector.tui.text import Line
from inspector.tui.widgets.footer import KeyBar
from inspector.tui.widgets.text_pane import Bar, TextPane
from inspector.tui.widgets.virtual_table import Column, VirtualTable

WELCOME: Line = [
    ("title", "inspector"),
    ("", " explains captures byte by byte: what each byte means, why we think so, and where it was on the wire. "),
    ("", "Open one of these, or your own with "),
    ("value", "inspector FILE"),
    ("", ", or press "),
    ("key", "i"),
    ("", " to capture now."),
]
NOW: Line = [("strong", "Capture now"), ("dim", "  choose an interface, or a relay that needs no rights")]
ABOUT_NOW = (
    "Messages appear as they are complete: HTTP, HTTP/2, gRPC, Thrift, SSE, WebSocket. The packets are kept in a file."
)


class LessonRows:
    """Live capture, then captures, as rows."""

    def __init__(self, found: list[Lesson]) -> None:
        self.found = found
        widest = max((cell_len(lesson.path.name) for lesson in found), default=20)
        self.columns = (Column("what it shows", 58, grow=True), Column("file", widest, drop=1))

    def __len__(self) -> int:
        return 1 + len(self.found)

    def cells(self, row: int) -> Line:
        if not row:
            return [("strong", "● capture now: watch an interface, or relay a port"), ("dim", "live")]
        lesson = self.found[row - 1]
        return [("", lesson.title), ("dim", lesson.path.name)]


class StartScreen(KeyScreen):
    """Lists captures; Enter opens one."""

    KEYS_OF = START
    BINDINGS = bindings(START)
    CSS = """
    StartScreen #welcome { height: 4; padding: 1 0 0 0; }
    StartScreen #list { height: 1fr; }
    StartScreen #lesson { height: 6; }
    """

    class Found(Message):
        """The bundled captures are known."""

        def __init__(self, found: list[Lesson]) -> None:
            super().__init__()
            self.found = found

    class Live(Message):
        """Capture now."""

    class Chosen(Message):
        """Open this capture."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Lesson] = []

    def compose(self) -> ComposeResult:
        yield Bar(id="small")
        yield TextPane(id="welcome", classes="panes", scrolls=False)
        yield VirtualTable(id="list")
        yield TextPane(id="lesson", classes="panes", titled=True)
        yield KeyBar(START)

    def on_mount(self) -> None:
        self.query_one("#welcome", TextPane).show([WELCOME])
        self.query_one("#list", VirtualTable).set_title([("pane", "Captures")])
        self.query_one("#lesson", TextPane).set_title([("pane", "Lesson")])
        self.query_one("#list").focus()
        self.look()

    @work(thread=True, exit_on_error=False)
    def look(self) -> None:
        """Find the captures; importing the session takes a moment."""
        from inspector.session import bundled_captures
        from inspector.watching import kept_captures

        self.post_message(self.Found(lessons(bundled_captures()) + earlier(kept_captures())))

    @on(Found)
    def _found(self, event: Found) -> None:
        self.found = event.found
        first = 1 if self.found else 0
        self.query_one("#list", VirtualTable).show(LessonRows(self.found), first)
        self._tell(first)

    def _tell(self, row: int) -> None:
        if not row:
            self.query_one("#lesson", TextPane).show([NOW, [("", ABOUT_NOW)]])
        elif self.found:
            lesson = self.found[row - 1]
            text = lesson.text or "Open it and step through its bytes."
            name: Line = [("strong", lesson.title), ("dim", f"  {lesson.path.name}")]
            self.query_one("#lesson", TextPane).show([name, [("", text)]])

    @on(VirtualTable.Moved)
    def _moved(self, event: VirtualTable.Moved) -> None:
        self._tell(event.row)

    @on(VirtualTable.Opened)
    def action_open(self) -> None:
        """Open the capture under the cursor, or make one."""
        row = self.query_one("#list", VirtualTable).cursor
        if not row:
            self.action_live()
        else:
            self.post_message(self.Chosen(str(self.found[row - 1].path)))

    def action_live(self) -> None:
        """Choose where to capture."""
        self.post_message(self.Live())

    def action_move(self, by: int) -> None:
        """Move in the list."""
        self.query_one("#list", VirtualTable).move(by)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self.query_one("#list", VirtualTable).move_page(by)

    def action_edge(self, by: int) -> None:
        """Move to an end."""
        self.query_one("#list", VirtualTable).edge(by)
