"""Prints the messages of a capture while it goes on, and in the end what went wrong."""

import sys
import time

from inspector.cli.colour import painter
from inspector.cli.options import Reading
from inspector.cli.output import Output
from inspector.engine.detect import protocols
from inspector.engine.live import LiveDecoder
from inspector.export.live import LiveRows
from inspector.export.words import plural
from inspector.session import Session, load_schemas


class Follower:
    """Prints the messages of a capture that goes on."""

    def __init__(self, path: str, how: Reading, jsonl: bool) -> None:
        protocols()  # what takes a moment is done before there is traffic
        options = how.options()
        self.decoder = LiveDecoder(path, load_schemas(options), options.decode_as)
        self.rows = LiveRows(self.decoder, painter(how.color, sys.stdout))
        self.output = Output()
        self.jsonl = jsonl
        self.printed = 0

    def look(self) -> bool:
        """Print what is new; False when there were no new packets."""
        before = self.decoder.packets
        self._print_all(finished=False)
        return self.decoder.packets > before

    def finish(self) -> None:
        """Print all that is left."""
        while self.look():
            pass
        self._print_all(finished=True)

    def _print_all(self, finished: bool) -> None:
        messages = self.decoder.finish() if finished else self.decoder.poll(time.monotonic())
        for message in messages:
            if self.jsonl:
                self.output.record(self.rows.record(message))
            else:
                self.output.line(self.rows.line(message))
        self.printed += len(messages)
        self.output.close()

    def counts(self) -> str:
        """How much was printed, in words."""
        return f"{plural(self.printed, 'message')} in {plural(self.decoder.flow_count, 'flow')}"


def print_why(path: str, how: Reading) -> None:
    """What went wrong between a command and its server."""
    from inspector.export.diagnosis import finding_lines

    session = Session.open(path, how.options())
    findings = session.findings()
    output = Output()
    for finding in findings:
        output.lines(["", *finding_lines(session, finding, painter(how.color, sys.stdout))])
    if not findings:
        output.lines(["", "Nothing wrong was found."])
    output.close()
