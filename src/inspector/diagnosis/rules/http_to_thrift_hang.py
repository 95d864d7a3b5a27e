"""An HTTP request went to a Thrift port, and the server waits for more.

What you see
    curl hangs, and with a time limit says "(28) Operation timed out with 0 bytes received". The request is
    acknowledged, then there is silence until the client gives up.

Why it happens
    HTTP begins with text, Thrift with a number. This server takes the first four bytes for a length ("GET " is
    0x47455420, 1,195,725,856), believes it, and waits for that many bytes: over a gigabyte that the client will
    never send, while the client waits for an answer. Readers without a length limit do this: the binary protocol
    when it is not strict, framed transports of older releases. In Java the same belief allocates the memory.

How we know (bytes)
    The request's first bytes, read as each kind of Thrift server reads them; the acknowledgement number that
    covers the request; the time until the client's own FIN or RST, or until the capture ends. That the port speaks
    Thrift is known from another conversation on it, or else held likely for ports 9083, 9090 and 10000.

What to do
    Use a Thrift client. Make the server strict, or give it a length limit: as it is, any stray request holds a
    thread and can ask for a gigabyte. Let health checks open a TCP connection instead of asking HTTP.

References
    Apache Thrift, doc/specs/thrift-binary-protocol.md and thrift-rpc.md; RFC 9112 section 3.
"""

from inspector.diagnosis.ending import HANG
from inspector.diagnosis.readings import number
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.thrift_port import http_to_thrift, silent_finding
from inspector.diagnosis.words import size
from inspector.model.finding import Finding


def find(scene: Scene) -> list[Finding]:
    """HTTP requests that a Thrift port left without any answer or end."""
    found: list[Finding] = []
    for case, sign in http_to_thrift(scene, HANG):
        if not case.request_whole:
            continue
        finding = silent_finding(
            case, sign, "http-to-thrift-hang", "HTTP sent to a Thrift port: it waits for bytes that never come", _reason
        )
        finding.do += (
            "\nProtect the server: read strictly, or set a length limit (Java: TBinaryProtocol.Factory(true, true) "
            "or a read limit; Python: TBinaryProtocol with strictRead=True or string_length_limit)."
        )
        found.append(finding)
    return found


def _reason(case: Case) -> str:
    value = number(case.opening)
    missing = value - (case.flow.buffers[0].size - 4)
    return (
        f"The server neither answered nor closed: it believes the number and waits for {value:,} bytes ({size(value)}) "
        f"of which {missing:,} are still missing. The client waits for an answer. Neither will move."
    )
