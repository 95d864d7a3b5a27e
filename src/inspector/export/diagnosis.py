"""Findings as text: what you see, why it happens, how we know, what to do."""

from collections.abc import Iterator

from inspector.export.story import paragraphs, printable_prose, range_words
from inspector.export.words import GLYPHS, Paint, printable
from inspector.model.finding import Evidence, Finding
from inspector.session import Session

SHOWN_BYTES = 24
"""As many as fit into a line of 80 columns."""
BESIDE = 8
"""Bytes that stand beside their place; more have a line of their own."""


def finding_lines(session: Session, finding: Finding, paint: Paint) -> Iterator[str]:
    """One finding, as a page for people."""
    glyph = GLYPHS[finding.severity]
    yield paint(finding.severity, f"{glyph} {printable(finding.title)}")
    if finding.flow:
        flow = session.flow(finding.flow)
        yield paint(
            "dim", f"  {finding.severity}, flow {finding.flow}: {flow.client} → {flow.server}, rule {finding.rule}"
        )
    else:
        yield paint("dim", f"  {finding.severity}, the whole capture, rule {finding.rule}")
    yield from _section("What you see", finding.see, paint)
    yield from _section("Why it happens", finding.why, paint)
    if finding.evidence:
        yield from _heading("How we know", paint)
        for evidence in finding.evidence:
            yield from _evidence(evidence, paint)
    if finding.witness is not None:
        witness = finding.witness
        yield from _section(f"What {witness.library} {witness.version} says", witness.says, paint)
    yield from _section("What to do", finding.do, paint)
    if finding.references:
        yield from _heading("References", paint)
        for reference in finding.references:
            yield from paragraphs(printable(reference), "    ")


def _heading(title: str, paint: Paint) -> Iterator[str]:
    yield ""
    yield f"  {paint('title', title)}"


def _section(title: str, text: str, paint: Paint) -> Iterator[str]:
    if text:
        yield from _heading(title, paint)
        yield from paragraphs(text, "    ")


def _evidence(evidence: Evidence, paint: Paint) -> Iterator[str]:
    shown = evidence.bytes[:SHOWN_BYTES].hex(" ") + (" …" if len(evidence.bytes) > SHOWN_BYTES else "")
    place = f"packet {evidence.packet}"
    if evidence.end > evidence.start:
        place += f", {range_words(evidence.start, evidence.end)}"
    if evidence.message is not None:
        place += f" (message {evidence.message})"
    beside = len(evidence.bytes) <= BESIDE
    yield f"    {place}" + (f": {paint('bytes', shown)}" if shown and beside else "")
    if not beside:
        yield f"      {paint('bytes', shown)}"
    yield from paragraphs(printable_prose(evidence.reads_as), "      ")
