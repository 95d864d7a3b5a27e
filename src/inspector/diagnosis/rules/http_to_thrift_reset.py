"""An HTTP request went to a Thrift port, and the server reset the connection.

What you see
    curl says "(56) Recv failure: Connection reset by peer". The server sends RST, and not a single byte before it.

Why it happens
    HTTP begins with text, Thrift with a number. This server took four bytes from its socket, read them as the
    length of a frame ("GET " is 0x47455420, 1,195,725,856), found that too long and closed. The rest of the
    request lay unread in the socket. A TCP that is closed with unread bytes sends RST instead of FIN, to tell the
    peer that they were lost. Framed, header and zlib transports in Python's thread servers do this.

How we know (bytes)
    The request's first bytes, read as each kind of Thrift server reads them; the acknowledgement number that
    covers the request; the RST flag of the server's next packet. That the port speaks Thrift is known from another
    conversation on it in the same capture, or else held likely for ports 9083, 9090 and 10000.

What to do
    Use a Thrift client with the transport that the server has (most likely framed). The server's log names the
    error. Let health checks open a TCP connection instead of asking HTTP.

References
    Apache Thrift, doc/specs/thrift-rpc.md; RFC 9112 section 3; RFC 9293 section 3.6; RFC 1122 section 4.2.2.13;
    RFC 2525 section 2.17.
"""

from inspector.diagnosis.ending import RESET
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.thrift_port import http_to_thrift, silent_finding
from inspector.model.finding import Finding


def find(scene: Scene) -> list[Finding]:
    """HTTP requests that a Thrift port answered with RST alone."""
    found: list[Finding] = []
    for case, sign in http_to_thrift(scene, RESET):
        finding = silent_finding(
            case, sign, "http-to-thrift-reset", "HTTP sent to a Thrift port: it reset the connection", _reason
        )
        finding.references = [
            *finding.references,
            "RFC 1122 section 4.2.2.13 and RFC 2525 section 2.17 (closing with unread data sends RST)",
        ]
        found.append(finding)
    return found


def _reason(case: Case) -> str:
    left = case.flow.buffers[0].size - 4
    return (
        "The server sent RST and not FIN: it closed its socket while bytes lay unread in it, and TCP tells the peer "
        f"that they were lost. A framed reader takes 4 bytes, the length, and refuses; the other {left:,} bytes "
        "stay unread. A server that had read the whole request would have ended with FIN."
    )
