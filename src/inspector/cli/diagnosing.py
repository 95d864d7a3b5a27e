"""Prints findings."""

import sys

import click

from inspector.cli.colour import painter
from inspector.cli.opening import exit_code, open_session
from inspector.cli.options import Reading
from inspector.cli.output import Output
from inspector.export.diagnosis import finding_lines
from inspector.export.documents import FindingsBody, head
from inspector.export.rows import finding_record

FOUND = 1
"""Exit code of --exit-code when something is wrong."""


def print_rule(name: str) -> bool:
    """Print the page about rule `name`; False when there is no such rule."""
    from inspector.diagnosis import rule_document

    try:
        text = rule_document(name)
    except KeyError:
        return False
    click.echo(text)
    return True


def why(path: str, how: Reading, flow: int | None, as_json: bool, check: bool) -> int:
    """Print the findings and return the exit code."""
    session = open_session(path, how)
    if flow is not None:
        session.flow(flow)
    findings = [each for each in session.findings() if flow is None or each.flow == flow]
    output = Output()
    if as_json:
        body = FindingsBody([finding_record(each) for each in findings])
        output.document(head("why", session.path, session.issues), body)
    else:
        paint = painter(how.color, sys.stdout)
        for number, finding in enumerate(findings):
            output.lines([""] if number else [])
            output.lines(finding_lines(session, finding, paint))
        if not findings:
            where = "" if flow is None else f" in flow {flow}"
            output.line(
                f"Nothing wrong was found{where}: {len(session.messages)} messages in {len(session.flows)} flows."
            )
    output.close()
    if check and any(each.severity == "error" for each in findings):
        return FOUND
    return exit_code(session)
