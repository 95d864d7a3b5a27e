"""Prints lists in every form: text, JSON lines, one JSON document, tab-separated fields; writes their packets."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any

from inspector.cli.colour import painter
from inspector.cli.opening import exit_code, in_file, open_session
from inspector.cli.options import Reading
from inspector.cli.output import Output
from inspector.export.documents import head, opening
from inspector.export.levels import Level, level_named
from inspector.export.listing import finding_line
from inspector.export.names import compile_for
from inspector.export.words import Clock, plural, printable
from inspector.query import Filter, why_none
from inspector.session import Session

PLURALS = {"message": "messages", "packet": "packets", "flow": "flows"}


@dataclass(slots=True)
class Request:
    """What to list and how: `form` is text, jsonl, json or fields; `findings` adds the titles of the findings."""

    form: str = "text"
    level: str = "message"
    display_filter: str | None = None
    time_format: str = "r"
    color: str = "auto"
    count: int | None = None
    fields: list[str] = field(default_factory=list)
    tree: bool = False
    raw: bool = False
    write: str | None = None
    findings: bool = False


def print_list(path: str, how: Reading, request: Request) -> int:
    """Print the list and return the exit code."""
    session = open_session(path, how)
    chosen = compile_for(session, request.display_filter) if request.display_filter is not None else None
    level: Level[Any] = level_named(request.level, session, request.raw)
    rows: Iterable[Any] = level.rows(chosen)
    if chosen is not None and not how.quiet:
        first = list(islice(rows, 1))
        rows = chain(first, rows)
        if not first:
            _say_why_none(session, level, chosen)
    if request.count is not None:
        rows = islice(rows, request.count)
    if request.write is not None:
        rows = list(rows)
    output = Output()
    try:
        if request.form == "text":
            _print_text(session, level, rows, request, output)
        elif request.form == "fields":
            _print_fields(level, rows, request.fields, output)
        elif request.form == "jsonl":
            _print_records(level, rows, request, output)
        else:
            _print_document(session, level, rows, request, output)
    finally:
        output.close()
    if request.write is not None:
        _write_packets(session, level, rows, request.write)
    return exit_code(session)


def _say_why_none(session: Session, level: Level[Any], chosen: Filter) -> None:
    """On stderr, that nothing matches, and what to drop."""
    count = 0

    def lookups() -> Iterator[Callable[[str], list[object]]]:
        nonlocal count
        for row in level.rows(None):
            count += 1
            yield partial(level.values, row)

    hint = why_none(chosen, lookups())
    said = f"none of {plural(count, level.name)} matches"
    sys.stderr.write(f"inspector: {in_file(session, said)}{f': {hint}' if hint else ''}\n")


def _print_text(session: Session, level: Level[Any], rows: Iterable[Any], request: Request, output: Output) -> None:
    paint = painter(request.color, sys.stdout)
    times = session.capture.table.times
    start, end = (int(times.min()), int(times.max())) if len(times) else (0, 0)
    output.lines(map(level.lines(Clock(request.time_format, start, end), paint).line, rows))
    findings = session.findings() if request.findings else []
    if findings:
        output.line("")
        output.lines(finding_line(finding, paint) for finding in findings)


def _print_fields(level: Level[Any], rows: Iterable[Any], names: list[str], output: Output) -> None:
    values = level.values
    for row in rows:
        output.line("\t".join([",".join([cell(each) for each in values(row, name)]) for name in names]))


def cell(value: object) -> str:
    """A value in a tab-separated line: no tabs or line ends, bytes as hex, truth as tshark writes it."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return f"{value:.9f}"
    return str(value)


def _print_document(session: Session, level: Level[Any], rows: Iterable[Any], request: Request, output: Output) -> None:
    """One document, written a row at a time because it may be larger than memory."""
    key = PLURALS[level.name]
    output.raw(opening(head(key, session.path, session.issues), key))
    _print_records(level, rows, request, output, b",")
    output.raw(b"]}")


def _print_records(
    level: Level[Any], rows: Iterable[Any], request: Request, output: Output, comma: bytes = b""
) -> None:
    # messages are held anyway; other rows are made one by one
    shared = request.tree and level.name == "message"
    output.records(rows, lambda row: level.record(row, request.tree), comma, shared)


def _write_packets(session: Session, level: Level[Any], rows: Iterable[Any], path: str) -> None:
    from inspector.capture.write import write_pcapng

    numbers = sorted({number for row in rows for number in level.packets(row)})
    write_pcapng(path, session.capture, numbers)
    sys.stderr.write(f"inspector: {in_file(session, f'{len(numbers)} packets')} written to {path}\n")
