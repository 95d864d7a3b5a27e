"""The main screen driven by its keys."""

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from inspector.engine.cursor import Node
from inspector.model.buffer import Buffer, Plain
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.tui.app import InspectorApp
from inspector.tui.filtering import filter_for
from inspector.tui.levels import FLOWS, MESSAGES, PACKETS
from inspector.tui.screens.decode import DecodeScreen
from inspector.tui.screens.help import HelpScreen
from inspector.tui.screens.stream import StreamScreen
from inspector.tui.screens.why import WhyScreen
from inspector.tui.text import width_of
from inspector.tui.widgets.filter_bar import FilterBar, Names
from inspector.tui.widgets.text_pane import Bar, TextPane
from tui.driving import app_on, field, press, settle, text_of, until
from tui.fake import FakeSession, request_tree, session

SIZES = [(80, 24), (120, 40), (200, 50)]


@pytest.mark.parametrize("size", SIZES)
async def test_opening_shows_the_first_message_in_every_pane(size: tuple[int, int]) -> None:
    app = app_on()
    async with app.run_test(size=size) as pilot:
        main = await settle(pilot)
        assert "GET / HTTP/1.1" in text_of(main.table)
        assert "Http  GET / HTTP/1.1" in text_of(main.fields)
        assert main.hex.view is not None
        assert main.hex.view.buffer.read(0, 3) == b"GET"
        assert "What http is" in text_of(main.strip if size[0] < 110 else main.explain)
        assert field(main) == "http"


async def test_stepping_walks_the_fields_in_byte_order_and_on_into_the_answer() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await settle(pilot)
        walked = []
        for _ in range(9):
            main = await press(pilot, "full_stop")
            walked.append(field(main))
        assert walked == [
            "http.request.method",
            "http.space",
            "http.request.uri",
            "http.space",
            "http.request.version",
            "http.line_end",
            "http.head_end",
            "thrift.sasl.status",
            "thrift.sasl.length",
        ]
        assert main.table.cursor == 1
        main = await press(pilot, "comma", "comma")
        assert field(main) == "eth.type"
        main = await press(pilot, "comma", "comma", "comma")
        assert (field(main), main.table.cursor) == ("http.head_end", 0)


async def test_every_pane_follows_a_step() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "full_stop", "full_stop", "full_stop")
        assert main.fields.cursor == main.index
        assert main.hex.view is not None
        assert main.hex.view.selected == [(4, 5)]
        assert main.hex.view.parent == [(0, 16)]
        assert "What http.request.uri is: 1 bytes in http.start_line, 2f" in text_of(main.explain)
        assert "packet 1 bytes 18..18" in text_of(main.explain)
        assert "step 6/10" in text_of(main.fields)


async def test_in_and_out_of_layers() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "l")
        assert field(main) == "http.start_line"
        main = await press(pilot, "l")
        assert field(main) == "http.request.method"
        main = await press(pilot, "right_parenthesis")
        assert field(main) == "http.space"
        main = await press(pilot, "h", "h", "h")
        assert field(main) == "eth"


async def test_messages_of_the_conversation_and_anomalies() -> None:
    app = app_on(session(3))
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "greater_than_sign")
        assert main.table.cursor == 1
        main = await press(pilot, "greater_than_sign")
        assert main.table.cursor == 1
        main = await press(pilot, "less_than_sign")
        assert main.table.cursor == 0
        main = await press(pilot, "right_square_bracket")
        assert (main.table.cursor, field(main)) == (1, "thrift.sasl.payload")
        main = await press(pilot, "right_square_bracket")
        assert (main.table.cursor, field(main)) == (1, "thrift.sasl.payload")
        main = await press(pilot, "left_square_bracket")
        assert main.table.cursor == 0


async def test_levels_keep_the_cursor_on_the_same_bytes() -> None:
    app = app_on(session(4))
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "j", "j", "j", "full_stop")
        assert (main.level, main.table.cursor, field(main)) == (MESSAGES, 3, "thrift.sasl.status")
        main = await press(pilot, "3")
        assert (main.level, main.table.cursor, field(main)) == (PACKETS, 3, "thrift.sasl.status")
        assert main.hex.view is not None
        assert (main.hex.view.packet, main.hex.view.selected) == (4, [(14, 15)])
        main = await press(pilot, "1")
        assert (main.level, main.table.cursor, field(main)) == (FLOWS, 1, "thrift.sasl.status")
        main = await press(pilot, "2")
        assert (main.level, main.table.cursor, field(main)) == (MESSAGES, 3, "thrift.sasl.status")


async def test_opening_a_conversation_goes_to_its_messages() -> None:
    app = app_on(session(4))
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "1", "j", "j", "enter")
        assert (main.level, main.table.cursor) == (MESSAGES, 4)


async def test_bytes_select_fields_both_ways() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "6", "right", "right", "right", "right")
        assert (field(main), main.hex.byte) == ("http.request.uri", 4)
        main = await press(pilot, "down")
        assert (field(main), main.hex.byte) == ("http.head_end", 17)
        await pilot.click("#bytes", offset=(1 + 8 + 3 * 2, 1))
        main = await settle(pilot)
        assert (field(main), main.hex.byte) == ("http.request.method", 2)
        await pilot.click("#bytes", offset=(1 + 8 + 3 * 2, 1))
        main = await settle(pilot)
        assert field(main) == "http.start_line"


async def test_bytes_of_the_frame_select_fields_too() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "full_stop", "r")
        assert main.hex.view is not None
        assert (main.hex.view.kind, main.hex.view.selected) == ("frame", [(14, 17)])
        main = await press(pilot, "6", "left")
        assert (field(main), main.hex.byte) == ("eth.type", 13)


async def test_why_shows_what_each_side_believes_and_leads_to_the_bytes() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await settle(pilot)
        assert "HTTP sent to a Thrift port that begins with SASL" in text_of(main.query_one("#banner", Bar))
        await pilot.press("W")
        await pilot.pause()
        assert isinstance(app.screen, WhyScreen)
        shown = text_of(app.screen.query_one("#text", TextPane))
        rows = [line.split("│") for line in shown.splitlines() if line.count("│") == 2]
        assert [cell.strip() for cell in rows[0]] == ["the client believes", "bytes on the wire", "the server believes"]
        assert any("HTTP: a method" in left for left, _, _ in rows[1:4])
        assert any("───► 47 45 54 20" in middle for _, middle, _ in rows[1:4])
        assert any("Thrift: a frame" in right for _, _, right in rows[1:4])
        assert any("◄─── 04" in middle and "Thrift: SASL" not in left for left, middle, _ in rows[1:])
        assert "Speak Thrift to this port." in shown
        await pilot.press("enter")
        main = await settle(pilot)
        assert app.screen_stack[-1] is main
        assert field(main) == "http.request.method"


async def test_why_leads_to_any_bytes_that_prove_it() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "W")
        await pilot.press("full_stop")
        await pilot.pause()
        shown = text_of(app.screen.query_one("#text", TextPane))
        assert "◄─── 04" in next(line for line in shown.splitlines() if line.startswith(" ▸"))
        await pilot.press("enter")
        main = await settle(pilot)
        assert (main.table.cursor, field(main)) == (1, "thrift.sasl.status")


async def test_proof_that_its_message_does_not_hold_leads_to_the_packet() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await settle(pilot)
        main.post_message(WhyScreen.Go(1, 2, 14))
        main = await until(pilot, lambda: main.level == PACKETS)
        assert main.stop is not None
        assert (main.stop.packet, field(main)) == (2, "thrift.sasl.status")


@pytest.mark.parametrize("size", SIZES)
async def test_why_ends_in_what_first_bytes_are(size: tuple[int, int]) -> None:
    app = app_on()
    async with app.run_test(size=size) as pilot:
        await press(pilot, "W")
        for keys in (("b",), ("b", "right_square_bracket")):
            await pilot.press(*keys)
            await pilot.pause()
            pane = app.screen.query_one("#text", TextPane)
            whole = "\n".join("".join(text for _, text in line) for line in pane.text)
            assert "The client of c1 begins with" in whole
            assert "* HTTP/1" in whole
            assert "0x47455420 = 1,195,725,856 bytes in the first frame" in whole
            assert "The server of c1 begins with" in whole
            assert "* 47 45 54 20" in whole
            assert all(width_of(line) <= pane.text_room or width_of(line[:1]) <= 40 for line in pane.text)
        await pilot.press("enter", "y", "right_square_bracket")
        await pilot.pause()
        assert "HTTP sent to a Thrift port" in text_of(app.screen.query_one("#text", TextPane))


@pytest.mark.parametrize("size", SIZES)
async def test_other_screens_open_and_close(size: tuple[int, int]) -> None:
    app = app_on()
    async with app.run_test(size=size) as pilot:
        main = await settle(pilot)
        for key, kind in (("question_mark", HelpScreen), ("s", StreamScreen), ("W", WhyScreen)):
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, kind)
            await pilot.press("G", "g", "pagedown", "j", "q")
            await pilot.pause()
            assert app.screen_stack[-1] is main


async def test_the_stream_shows_both_directions() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("s")
        await app.workers.wait_for_complete()
        await pilot.pause()
        shown = text_of(app.screen.query_one("#text", TextPane))
        assert (
            shown.index("► client")
            < shown.index("GET / HTTP/1.1")
            < shown.index("◄ server")
            < shown.index("Invalid status")
        )
        await pilot.press("r", "d", "d")
        await app.workers.wait_for_complete()
        await pilot.pause()
        shown = text_of(app.screen.query_one("#text", TextPane))
        assert "04 00 00 00 11 49 6e 76" in shown
        assert "client" not in shown


async def test_a_filter_narrows_the_list_as_it_is_typed() -> None:
    app = app_on(session(3))
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "slash")
        for key in ("t", "h", "r", "i", "f", "t"):
            await pilot.press(key)
        main = await until(pilot, lambda: main.wish.text == "thrift")
        assert [main.rows.stop(row).message for row in range(len(main.rows))] == [1, 3, 5]
        assert "3 of 6 messages" in text_of(main.table)
        main = await press(pilot, "enter", "3")
        assert list(main.choice.packets) == [2, 4, 6]
        main = await press(pilot, "C")
        main = await until(pilot, lambda: main.wish.plain)
        assert len(main.rows) == 6


async def test_a_wrong_filter_says_where_and_leaves_the_list() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "slash")
        main.query_one(Input).value = "http.request.methodd == 1"
        main = await until(pilot, lambda: "^" in text_of(main.query_one("#verdict", Bar)))
        said = text_of(main.query_one("#verdict", Bar))
        assert said.startswith("^" * len("http.request.methodd"))
        assert "did you mean http.request.method?" in said
        assert len(main.rows) == 4
        main = await press(pilot, "escape")
        assert not main.query_one(FilterBar).has_class("-open")
        assert main.focused is main.table


async def test_tab_completes_names_that_the_capture_holds_first() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "slash", "f", "r", "a", "m", "tab")
        typed = main.query_one(Input)
        assert typed.value.startswith("frame.")
        typed.value = 'summary contains "htt'
        await press(pilot, "tab")
        assert typed.value == 'summary contains "htt'
        typed.value = "side and prot"
        await press(pilot, "tab")
        assert typed.value == "side and protocol"


async def test_names_are_offered_by_how_often_they_occur() -> None:
    names = Names(["http.host", "http.request.method", "http"])
    assert await names.get_suggestion("not http") == "not http.host"
    assert await names.get_suggestion("http.r") == "http.request.method"
    assert await names.get_suggestion("http.host == ") is None
    assert await names.get_suggestion('a == "http') is None


async def test_the_field_under_the_cursor_is_filtered_by() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "full_stop", "equals_sign")
        main = await until(pilot, lambda: not main.wish.plain)
        assert main.wish.text == 'http.request.method == "GET"'
        assert [main.rows.stop(row).message for row in range(len(main.rows))] == [0, 2]
        assert main.focused is main.table
        main = await press(pilot, "equals_sign")
        assert main.wish.text == 'http.request.method == "GET"'
        main = await press(pilot, "slash")
        main.query_one(Input).value = 'kind == "request"'
        main = await until(pilot, lambda: "kind" in main.wish.text)
        main = await press(pilot, "enter", "equals_sign")
        main = await until(pilot, lambda: "method" in main.wish.text)
        assert main.wish.text == '(kind == "request") and http.request.method == "GET"'


@pytest.mark.parametrize(
    ("value", "raw", "expected"),
    [
        (7, b"\7", "x.y == 7"),
        (1.5, b"12345678", "x.y == 1.5"),
        (True, b"\1", "x.y"),
        ('say "a\\b"', b"", 'x.y == "say \\"a\\\\b\\""'),
        ("two\nlines", b"", "x.y"),
        ("long" * 20, b"", "x.y"),
        (b"\1\2", b"", "x.y == 01:02"),
        (None, b"GET", "x.y == 47:45:54"),
        (None, b"", "x.y"),
        (None, b"x" * 65, "x.y"),
    ],
)
def test_a_field_as_a_filter(value: object, raw: bytes, expected: str) -> None:
    leaf = Node(Field("x.y", value, 0, len(raw)), Buffer("b", Plain(raw)), 0, 1, 0)
    assert filter_for(leaf) == expected
    leaf.depth = 0
    assert filter_for(leaf) == "x.y"


async def test_a_filter_given_at_the_start_is_applied() -> None:
    app = app_on(display_filter='side == "server"')
    async with app.run_test(size=(120, 40)) as pilot:
        main = await settle(pilot)
        main = await until(pilot, lambda: not main.wish.plain)
        assert [main.rows.stop(row).message for row in range(len(main.rows))] == [1, 3]


async def test_this_conversation_only() -> None:
    app = app_on(session(5))
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "j", "j", "c")
        main = await until(pilot, lambda: main.wish.flow == 2)
        assert [main.rows.stop(row).message for row in range(len(main.rows))] == [2, 3]
        assert main.table.cursor == 0
        main = await press(pilot, "c")
        main = await until(pilot, lambda: main.wish.plain)
        assert (len(main.rows), main.table.cursor) == (10, 2)


async def test_nothing_left_says_what_to_do() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "slash")
        main.query_one(Input).value = "length > 99999"
        main = await until(pilot, lambda: not main.wish.plain)
        assert "C clears the filter" in text_of(main.explain)
        assert "length is 18, 22 here" in text_of(main.table)
        main = await press(pilot, "enter", "full_stop", "j", "G", "3", "1", "W", "q", "C")
        main = await until(pilot, lambda: main.wish.plain)
        assert len(main.rows) > 0


async def test_copy_says_where_it_went() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "full_stop", "y")
        assert app.clipboard == "474554"


async def test_focus_zoom_and_fold() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "5", "z")
        assert main.fields.size.width > 100
        assert not main.table.display
        main = await press(pilot, "z", "enter")
        assert "Start line" not in text_of(main.fields)
        main = await press(pilot, "enter", "tab", "tab")
        assert main.focused is main.explain
        main = await press(pilot, "asterisk", "asterisk", "u", "u", "escape")
        assert main.focused is main.table


async def test_decode_as_reads_the_conversation_again() -> None:
    made = session()
    app = app_on(made)
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "j", "j", "d")
        await pilot.press("down", "enter")
        main = await settle(pilot)
        assert isinstance(made, FakeSession)
        assert made.decoded == [("flow 2", "http2")]
        assert main.table.cursor == 2


@pytest.mark.parametrize(("key", "selector"), [("p", "port 9083"), ("f", "file")])
async def test_decode_as_for_a_port_or_everything(key: str, selector: str) -> None:
    made = session()
    app = app_on(made)
    async with app.run_test(size=(120, 40)) as pilot:
        await press(pilot, "d")
        await pilot.press("g", key)
        await settle(pilot)
        assert isinstance(made, FakeSession)
        assert made.decoded == [(selector, "")]


async def tried(app: InspectorApp, pilot: Pilot[int]) -> DecodeScreen:
    """The screen that tries all protocols, when it has."""
    for _ in range(300):
        await pilot.pause(0.01)
        screen = app.screen
        if isinstance(screen, DecodeScreen) and len(screen.tried) == len(screen.rows) - 1:
            return screen
    raise AssertionError("not all protocols were tried")


@pytest.mark.parametrize("size", SIZES)
async def test_decode_as_shows_beside_what_it_is_how_far_another_protocol_gets(size: tuple[int, int]) -> None:
    app = app_on()
    async with app.run_test(size=size) as pilot:
        await press(pilot, "d")
        screen = await tried(app, pilot)
        assert screen.rows.name(screen.table.cursor) == "http"
        assert "● http" in text_of(screen.table)
        while screen.rows.name(screen.table.cursor) != "thrift":
            await pilot.press("j")
        await pilot.pause()
        assert "4 of 18 B" in text_of(screen.table)
        assert " 4 of 18 bytes can be read so, then: a method name of 1195725856 bytes" in text_of(screen.text)
        assert "Thrift framed" in text_of(screen.text)
        assert "1195725856" in text_of(screen.other)
        await pilot.press("tab")
        await pilot.pause()
        assert "As it is: http request" in text_of(screen.own)
        assert "Http  GET / HTTP/1.1" in text_of(screen.own)
        await pilot.press("enter", "j", "tab", "j", "tab", "G", "tab", "q")
        main = await settle(pilot)
        assert app.screen is main
        assert isinstance(main.session, FakeSession)
        assert main.session.decoded == []


async def test_fast_moves_explain_the_last_message_only() -> None:
    made = session(100)
    app = app_on(made)
    async with app.run_test(size=(120, 40)) as pilot:
        main = await settle(pilot)
        assert isinstance(made, FakeSession)
        made.explained.clear()
        for _ in range(50):
            main.action_move(1)
        main = await settle(pilot)
        assert main.stop is not None
        assert main.stop.message == 50
        assert made.explained[-1] == 51
        assert len(made.explained) < 10


async def test_keys_pressed_before_the_message_is_explained_are_not_lost() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await settle(pilot)
        main.action_move(1)
        main.action_step(1)
        main.action_step(1)
        main = await settle(pilot)
        assert (main.table.cursor, field(main)) == (1, "thrift.sasl.length")


async def test_a_bug_in_a_decoder_is_told_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(made: FakeSession, message: Message) -> Field:
        if message.number == 2:
            raise ZeroDivisionError("no such luck")
        return request_tree()

    monkeypatch.setattr(FakeSession, "explain", broken)
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        main = await press(pilot, "j")
        assert "study failed, a bug: ZeroDivisionError: no such luck" in text_of(main.explain)
        main = await press(pilot, "full_stop", "l", "6", "right", "escape", "j")
        assert (main.table.cursor, field(main)) == (2, "http")


async def test_leaving_ends_with_exit_code_zero() -> None:
    app = app_on()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value == 0
