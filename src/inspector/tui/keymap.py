"""The one table of keys: bindings, footer, help and command palette are all made from it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import user_config_path
from textual.binding import Binding, BindingType

from inspector.model.errors import UsageError

MAIN: Final = "main"
STREAM: Final = "stream"
WHY: Final = "why"
HELP: Final = "help"
START: Final = "start"
DECODE: Final = "decode"
LIVE: Final = "live"
PICKER: Final = "picker"


@dataclass(frozen=True, slots=True)
class Key:
    """One action of a screen.

    `show` is how its keys are written; `label` is one word for the footer ("" keeps it out of there);
    `rank` says which footer entries stay when there is little room (1 stays longest).
    """

    id: str
    keys: str
    action: str
    show: str
    label: str
    help: str
    group: str
    rank: int = 0


STEP: Final = "Step through the bytes"
MOVE: Final = "Move"
LOOK: Final = "Look"
FIND: Final = "Find"
LEAVE: Final = "Program"

Shown = tuple[str, int]
"""A word for the footer and its rank; ("", 0) keeps a key out of there."""


def _moving(screen: str, space: bool = False, down: Shown = ("", 0), page: Shown = ("", 0)) -> tuple[Key, ...]:
    """The keys that every list and text is moved in with; `space` pages down where it is not needed otherwise."""
    paging = "pagedown,space" if space else "pagedown"
    return (
        Key(f"{screen}.down", "j,down", "move(1)", "j ↓", down[0], "down", MOVE, down[1]),
        Key(f"{screen}.up", "k,up", "move(-1)", "k ↑", "", "up", MOVE),
        Key(f"{screen}.page", paging, "page(1)", "PgDn", page[0], "page down", MOVE, page[1]),
        Key(f"{screen}.page.up", "pageup", "page(-1)", "PgUp", "", "page up", MOVE),
        Key(f"{screen}.home", "g,home", "edge(-1)", "g Home", "", "first", MOVE),
        Key(f"{screen}.end", "G,end", "edge(1)", "G End", "", "last", MOVE),
    )


KEYS: Final[dict[str, tuple[Key, ...]]] = {
    MAIN: (
        Key(
            "step.next",
            "full_stop",
            "step(1)",
            ".",
            "next field",
            "next field in byte order, on into the next message",
            STEP,
            1,
        ),
        Key("step.back", "comma", "step(-1)", ",", "back", "field before this one", STEP, 2),
        Key("step.out", "h,backspace", "outward", "h", "out", "out to the field or layer around it", STEP, 6),
        Key("step.in", "l", "inward", "l", "in", "into the field: its first part", STEP, 7),
        Key("byte.back", "left", "sideways(-1)", "←", "", "out; in Bytes, the byte before", STEP),
        Key("byte.next", "right", "sideways(1)", "→", "", "in; in Bytes, the next byte", STEP),
        Key("step.over", "right_parenthesis", "sibling(1)", ")", "", "next sibling: skip the whole layer", STEP),
        Key("step.over.back", "left_parenthesis", "sibling(-1)", "(", "", "sibling before", STEP),
        Key(
            "message.next",
            "greater_than_sign",
            "message(1)",
            ">",
            "next msg",
            "next message of this conversation, either direction",
            STEP,
            5,
        ),
        Key("message.back", "less_than_sign", "message(-1)", "<", "", "message before in this conversation", STEP),
        Key("anomaly.next", "right_square_bracket,a", "anomaly(1)", "]", "anomaly", "next anomaly", STEP, 8),
        Key("anomaly.back", "left_square_bracket,A", "anomaly(-1)", "[", "", "anomaly before", STEP),
        Key("move.down", "j,down", "move(1)", "j ↓", "", "down in the pane that has the focus", MOVE),
        Key("move.up", "k,up", "move(-1)", "k ↑", "", "up", MOVE),
        Key("move.page", "pagedown,space", "page(1)", "PgDn", "", "page down", MOVE),
        Key("move.page.up", "pageup,ctrl+b", "page(-1)", "PgUp", "", "page up", MOVE),
        Key("move.home", "g,home", "edge(-1)", "g Home", "", "first", MOVE),
        Key("move.end", "G,end", "edge(1)", "G End", "", "last", MOVE),
        Key("pane.next", "tab", "pane(1)", "Tab", "", "next pane", MOVE),
        Key("pane.back", "shift+tab", "pane(-1)", "Shift+Tab", "", "pane before", MOVE),
        Key("pane.layers", "5", "show('layers')", "5", "", "Layers pane", MOVE),
        Key("pane.bytes", "6", "show('bytes')", "6", "", "Bytes pane", MOVE),
        Key("pane.explain", "7", "show('explain')", "7", "", "Explain pane", MOVE),
        Key("level.flows", "1", "level('flows')", "1", "", "conversations", LOOK),
        Key("level.messages", "2", "level('messages')", "2", "", "messages", LOOK),
        Key("level.packets", "3", "level('packets')", "3", "", "packets", LOOK),
        Key("open", "enter", "open", "Enter", "", "open the conversation; fold or unfold the field", LOOK),
        Key("fold.all", "asterisk", "fold_all", "*", "", "unfold everything, or fold it again", LOOK),
        Key("why", "W", "why", "W", "why", "why did it fail? the findings, side by side", LOOK, 3),
        Key("stream", "s", "stream", "s", "stream", "both directions of this conversation as they were sent", LOOK, 9),
        Key("view", "r", "view", "r", "bytes", "Bytes show the frame, the stream, or derived bytes", LOOK, 10),
        Key("values", "u", "values", "u", "", "what the bytes at the cursor are as numbers and text", LOOK),
        Key("decode", "d", "decode", "d", "", "decode this conversation as another protocol", LOOK),
        Key("zoom", "z,backslash", "zoom", "z", "zoom", "one pane fills the screen, and back", LOOK, 12),
        Key("filter", "slash,f", "filter", "/", "filter", "filter the list; Tab completes names", FIND, 4),
        Key("filter.field", "equals_sign", "alike", "=", "", "filter by this field and what it holds", FIND),
        Key("conversation", "c", "conversation", "c", "", "this conversation only, and back to all", FIND),
        Key("filter.clear", "C", "clear", "C", "", "clear the filter", FIND),
        Key("find", "ctrl+f", "find", "^f", "", "find text or bytes in all messages", FIND),
        Key("find.next", "n", "find_next(1)", "n", "", "next place of what was found", FIND),
        Key("find.back", "N", "find_next(-1)", "N", "", "place before", FIND),
        Key("copy", "y", "copy", "y", "copy", "copy the field's bytes: hex to clipboard and file", FIND, 13),
        Key("help", "question_mark,f1", "help", "?", "help", "this help", LEAVE, 3),
        Key("palette", "ctrl+p,colon", "app.command_palette", "^p", "menu", "every command by name", LEAVE, 11),
        Key("escape", "escape", "escape", "Esc", "", "out of the zoom, the filter, the pane", LEAVE),
        Key("back", "q", "back", "q", "back", "back to the captures, or quit", LEAVE, 4),
        Key("suspend", "ctrl+z", "app.suspend_process", "^z", "", "to the shell; fg comes back", LEAVE),
        Key("quit", "Q,ctrl+q", "app.quit", "Q", "", "quit", LEAVE),
    ),
    STREAM: (
        *_moving("stream", space=True, page=("page", 5)),
        Key("stream.hex", "r", "view", "r", "text or hex", "text or hex", LOOK, 1),
        Key("stream.side", "d", "side", "d", "direction", "both directions, client only, server only", LOOK, 2),
        Key("stream.help", "question_mark,f1", "help", "?", "help", "this help", LEAVE, 4),
        Key("stream.back", "q,escape,s", "back", "q", "back", "back", LEAVE, 3),
        Key("stream.quit", "Q,ctrl+q", "app.quit", "Q", "", "quit", LEAVE),
    ),
    WHY: (
        *_moving("why", space=True, down=("scroll", 5)),
        Key("why.next", "right_square_bracket,n,tab", "finding(1)", "]", "next finding", "next finding", LOOK, 3),
        Key("why.previous", "left_square_bracket,N,shift+tab", "finding(-1)", "[", "", "finding before", LOOK),
        Key("why.proof", "full_stop", "proof(1)", ".", "next bytes", "next bytes that prove it", LOOK, 4),
        Key("why.proof.back", "comma", "proof(-1)", ",", "", "bytes before", LOOK),
        Key("why.go", "enter", "go", "Enter", "show them", "go to the bytes that the mark is at", LOOK, 1),
        Key("why.first", "b", "first_bytes", "b", "first bytes", "what first bytes are, and back", LOOK, 6),
        Key("why.copy", "y", "copy", "y", "copy", "copy the page as text", FIND, 8),
        Key("why.help", "question_mark,f1", "help", "?", "help", "this help", LEAVE, 7),
        Key("why.back", "q,escape,W", "back", "q", "back", "back", LEAVE, 2),
        Key("why.quit", "Q,ctrl+q", "app.quit", "Q", "", "quit", LEAVE),
    ),
    DECODE: (
        *_moving("decode"),
        Key("decode.pane", "tab", "pane(1)", "Tab", "pane", "next pane: protocols, as it is, as the other", MOVE, 5),
        Key("decode.pane.back", "shift+tab", "pane(-1)", "Shift+Tab", "", "pane before", MOVE),
        Key(
            "decode.flow",
            "enter",
            "choose('flow')",
            "Enter",
            "this conversation",
            "read this conversation so; on a tree: fold or unfold",
            LOOK,
            1,
        ),
        Key("decode.port", "p", "choose('port')", "p", "its port", "read all of the server's port so", LOOK, 3),
        Key("decode.file", "f", "choose('file')", "f", "all", "read everything in the file so", LOOK, 4),
        Key("decode.help", "question_mark,f1", "help", "?", "help", "this help", LEAVE, 6),
        Key("decode.back", "q,escape,d", "back", "q", "back", "back: it was only a look", LEAVE, 2),
        Key("decode.quit", "Q,ctrl+q", "app.quit", "Q", "", "quit", LEAVE),
    ),
    HELP: (
        *_moving("help", space=True, down=("scroll", 2), page=("page", 3)),
        Key("help.back", "q,escape,question_mark,f1,enter", "back", "q", "back", "back", LEAVE, 1),
        Key("help.quit", "Q,ctrl+q", "app.quit", "Q", "", "quit", LEAVE),
    ),
    LIVE: (
        Key("live.down", "j,down", "move(1)", "j ↓", "", "down", MOVE),
        Key("live.up", "k,up", "move(-1)", "k ↑", "", "up; stops following", MOVE),
        Key("live.page", "pagedown", "page(1)", "PgDn", "", "page down", MOVE),
        Key("live.page.up", "pageup", "page(-1)", "PgUp", "", "page up; stops following", MOVE),
        Key("live.home", "g,home", "edge(-1)", "g Home", "", "first", MOVE),
        Key("live.end", "F,G,end", "edge(1)", "F", "follow", "to the newest, and follow it", MOVE, 3),
        Key("live.open", "enter,l,right", "open", "Enter", "look", "look into it; the capture goes on", LOOK, 1),
        Key("live.freeze", "p,space", "freeze", "p", "pause", "pause the list, and go on; capturing goes on", LOOK, 2),
        Key("live.filter", "slash,f", "filter", "/", "filter", "show what matches a display filter", FIND, 5),
        Key("live.filter.clear", "C", "clear", "C", "", "clear the filter", FIND),
        Key("live.anomaly", "right_square_bracket,a", "anomaly(1)", "]", "", "next row with ! or ?", FIND),
        Key("live.anomaly.back", "left_square_bracket,A", "anomaly(-1)", "[", "", "row with ! or ? before", FIND),
        Key("live.stop", "ctrl+e,S", "capture", "^e", "stop/start", "stop capturing; start again", LEAVE, 6),
        Key("live.save", "w,x", "save", "w", "save", "keep the packets in a file of your choice", LEAVE, 7),
        Key("live.help", "question_mark,f1", "help", "?", "help", "this help", LEAVE, 8),
        Key("live.palette", "ctrl+p,colon", "app.command_palette", "^p", "menu", "every command by name", LEAVE, 9),
        Key("live.back", "q,escape", "leave", "q", "end", "stop and leave; the packets are kept", LEAVE, 4),
        Key("live.suspend", "ctrl+z", "app.suspend_process", "^z", "", "to the shell; fg comes back", LEAVE),
        Key("live.quit", "Q,ctrl+q", "app.quit", "Q", "", "stop and quit the program", LEAVE),
    ),
    PICKER: (
        *_moving("picker"),
        Key("picker.start", "enter,l,right", "open", "Enter", "start", "start capturing there", LOOK, 1),
        Key("picker.filter", "slash,f,tab", "filter", "/", "filter", "the capture filter; a relay's two ends", FIND, 2),
        Key("picker.copy", "y", "copy", "y", "copy", "copy the ways to go on without the right", FIND, 5),
        Key("picker.help", "question_mark,f1", "help", "?", "help", "this help", LEAVE, 4),
        Key("picker.palette", "ctrl+p,colon", "app.command_palette", "^p", "menu", "every command by name", LEAVE, 6),
        Key("picker.back", "q,escape", "leave", "q", "back", "back, or quit", LEAVE, 3),
        Key("picker.quit", "Q,ctrl+q", "app.quit", "Q", "", "quit", LEAVE),
    ),
    START: (
        *_moving("start"),
        Key("start.open", "enter,l,right", "open", "Enter", "open", "open the capture", LOOK, 1),
        Key("start.live", "i,c", "live", "i", "live", "capture now: choose an interface", LOOK, 2),
        Key("start.help", "question_mark,f1", "help", "?", "help", "this help", LEAVE, 4),
        Key("start.palette", "ctrl+p,colon", "app.command_palette", "^p", "menu", "every command by name", LEAVE, 5),
        Key("start.quit", "q,Q,escape,ctrl+q", "app.quit", "q", "quit", "quit", LEAVE, 3),
    ),
}


def user_keys() -> Path:
    """Where a user's own keys are read from."""
    return user_config_path("inspector") / "keys.toml"


def user_keymap() -> dict[str, str]:
    """Key ids to the keys a user wants for them. Raises UsageError for a file that cannot be understood."""
    path = user_keys()
    try:
        wanted = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path.name}: {error}") from None
    known = {key.id for keys in KEYS.values() for key in keys}
    for name, keys in wanted.items():
        if name not in known or not isinstance(keys, str):
            raise UsageError(f'{path.name}: {name} is no key name, or its keys are no text such as "n,ctrl+n"')
    return {name: str(keys) for name, keys in wanted.items()}


def bindings(screen: str) -> list[BindingType]:
    """Textual bindings of a screen; each has an id, so that a user's keymap can move it."""
    return [
        Binding(key.keys, key.action, key.label or key.help, show=False, id=key.id, tooltip=key.help)
        for key in KEYS[screen]
    ]


def footer(screen: str, width: int) -> list[Key]:
    """The keys named at the bottom: as many as fit in `width` cells, the most important ones kept, in table order."""
    shown = sorted((key for key in KEYS[screen] if key.rank), key=lambda key: key.rank)
    kept: list[Key] = []
    room = width
    for key in shown:
        room -= len(key.show) + len(key.label) + 3
        if room >= 0:
            kept.append(key)
    return [key for key in KEYS[screen] if key in kept]


def groups(screen: str) -> dict[str, list[Key]]:
    """The keys of a screen by group, in table order."""
    found: dict[str, list[Key]] = {}
    for key in KEYS[screen]:
        found.setdefault(key.group, []).append(key)
    return found
