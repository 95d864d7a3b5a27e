"""What client programs print when an HTTP request, a TLS handshake or an HTTP/2 preface ends badly, as measured.

curl 7.88, wget 1.21, Python's requests 2.34, httpx 0.28, node 20.
"""

from typing import Final

from inspector.diagnosis.ending import HANG, RESET

BINARY: Final = "binary"

CURL: Final = {
    "closed": '"curl: (52) Empty reply from server"',
    RESET: '"curl: (56) Recv failure: Connection reset by peer"',
    HANG: 'nothing until its time limit (-m), then "curl: (28) Operation timed out" with 0 bytes received',
    BINARY: '"curl: (1) Received HTTP/0.9 when not allowed"',
}
OTHERS: Final = {
    "closed": (
        'wget says "No data received." (exit 4), Python\'s requests "Remote end closed connection without response", '
        'httpx "Server disconnected without sending a response.", node\'s fetch "other side closed".'
    ),
    RESET: (
        'wget says "Read error (Connection reset by peer) in headers.", Python\'s requests "Connection reset by peer".'
    ),
    HANG: "Other clients wait just as long as they were told to.",
    BINARY: (
        "curl --http0.9 and wget take the bytes for an HTTP/0.9 body and print them: the binary garbage that people "
        "report. Python's requests says BadStatusLine, httpx \"illegal request line\", node's fetch that the response "
        "does not match HTTP/1.1."
    ),
}


TLS: Final = {
    "closed": '"curl: (35) ... unexpected eof while reading" or "SSL_ERROR_SYSCALL"',
    RESET: '"curl: (35) Recv failure: Connection reset by peer"',
    HANG: 'nothing until its time limit (-m), then "curl: (28) Connection timed out"',
    BINARY: '"curl: (35) ... wrong version number"',
}
HTTP2: Final = {
    "closed": '"curl: (18) HTTP/2 stream 1 was not closed cleanly", "(52) Empty reply from server" in older releases',
    RESET: '"curl: (56) Recv failure: Connection reset by peer" or "(55) Send failure"',
    HANG: 'nothing until its time limit (-m), then "curl: (28) Operation timed out"',
}


def tls_words(symptom: str) -> str:
    """What a TLS client shows its user; `symptom` is an ending's kind, or BINARY for an answer that is no TLS."""
    return (
        f"With https:// curl would print {TLS[symptom]}. Python's requests says SSLError, a Java client SSLException."
    )


def http2_words(symptom: str) -> str:
    """What a client that began with HTTP/2 shows its user; `symptom` is an ending's kind."""
    return f"With --http2-prior-knowledge curl would print {HTTP2[symptom]}. A gRPC client says UNAVAILABLE."


def client_words(opening: bytes, symptom: str) -> str:
    """What the client on the other end shows its user; `symptom` is an ending's kind or BINARY."""
    program = "curl prints" if b"\nuser-agent: curl/" in opening.lower() else "curl would print"
    return f"{program} {CURL[symptom]}. {OTHERS[symptom]}"
