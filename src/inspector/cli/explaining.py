"""Prints explanations."""

import sys

from inspector.cli.colour import painter
from inspector.cli.opening import exit_code, open_session
from inspector.cli.output import Output
from inspector.cli.target import Target
from inspector.export.documents import ExplanationsBody, head
from inspector.export.json import Titles, TreeWriter
from inspector.export.origins import Window
from inspector.export.records import ExplanationRecord
from inspector.export.story import Place, field_lines, find_by_name, find_by_offset, places, story_lines
from inspector.guide import Guide
from inspector.session import Session


def explain(target: Target, as_json: bool) -> int:
    """Print what `target` names in words and return the exit code."""
    session = open_session(target.path, target.how)
    tree = session.explain(session.message(target.number))
    assert tree.buffer is not None
    root = Place(tree, Window(tree.buffer, tree.start, tree.end))
    chosen = _chosen(root, target)
    output = Output()
    if as_json:
        wanted = chosen if chosen is not None else list(places(root))
        body = ExplanationsBody(target.number, explanation_records(wanted, session))
        output.document(head("explain", session.path, session.issues), body)
    else:
        paint = painter(target.how.color, sys.stdout)
        if chosen is None:
            output.lines(story_lines(root, session.guide, paint))
        for number, place in enumerate(chosen or []):
            output.lines([""] if number else [])
            output.lines(field_lines(place, session.guide, paint))
    output.close()
    return exit_code(session)


def _chosen(root: Place, target: Target) -> list[Place] | None:
    if target.field is not None:
        return find_by_name(root, target.field)
    if target.offset is not None:
        return [find_by_offset(root, target.offset)]
    return None


def explanation_records(wanted: list[Place], session: Session) -> list[ExplanationRecord]:
    """What the guide says of some fields, as JSON has it; the fields come without their children."""
    writer = TreeWriter(Titles(session.guide))
    return [_record(place, session.guide, writer) for place in wanted]


def _record(place: Place, guide: Guide, writer: TreeWriter) -> ExplanationRecord:
    explained = guide.explain(place.field, place.raw, place.parent)
    field = writer.node(place.field, place.window, 0)
    return ExplanationRecord(field, explained.meaning, explained.text, explained.spec)
