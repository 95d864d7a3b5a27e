"""An HTTP request went to a Thrift port, and the server hung up without a word.

What you see
    curl says "(52) Empty reply from server". The request is acknowledged, then the server sends FIN, a few
    milliseconds later, and not a single byte before it.

Why it happens
    HTTP begins with text, Thrift with a number. A Thrift server takes the first four bytes of the request for the
    length of a method name or of a frame: "GET " is 0x47455420, 1,195,725,856. Such a server finds that
    impossible and closes. As it had read the whole request from its socket before it decided, its kernel ends
    the connection in good order, with FIN. A plain Hive Metastore does this.

How we know (bytes)
    The request's first bytes, read as each kind of Thrift server reads them; the acknowledgement number that
    covers the request; the FIN flag of the server's next packet. That the port speaks Thrift is known from another
    conversation on it in the same capture, or else held likely for ports 9083, 9090 and 10000.

What to do
    Use a Thrift client: for a metastore Spark or beeline, for other services the client made from their .thrift
    file. The server's log names the error. Let health checks open a TCP connection instead of asking HTTP.

References
    Apache Thrift, doc/specs/thrift-binary-protocol.md and thrift-rpc.md; RFC 9112 section 3; RFC 9293 section 3.6.
"""

from inspector.diagnosis.ending import CLOSED
from inspector.diagnosis.fits import SLOW
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.thrift_port import http_to_thrift, silent_finding
from inspector.diagnosis.words import duration
from inspector.model.finding import Finding


def find(scene: Scene) -> list[Finding]:
    """HTTP requests that a Thrift port answered with FIN alone."""
    return [
        silent_finding(
            case, sign, "http-to-thrift-closed", "HTTP sent to a Thrift port: it hung up in silence", _reason
        )
        for case, sign in http_to_thrift(scene, CLOSED)
    ]


def _reason(case: Case) -> str:
    text = (
        "The server closed with FIN and not with RST: it had read the whole request from its socket, made nothing of "
        "it, and hung up. A Thrift server that cannot read a call has nobody to answer, so it sends nothing."
    )
    if case.ending.waited >= SLOW:
        waited = duration(case.ending.waited)
        text += f" It took {waited}: rather than refusing at once, it waited for more bytes until a timeout."
    return text
