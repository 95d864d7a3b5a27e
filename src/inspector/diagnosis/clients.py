"""What client programs print when an HTTP request ends badly, as measured (curl 7.88, wget 1.21)."""

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


def client_words(opening: bytes, symptom: str) -> str:
    """What the client on the other end shows its user; `symptom` is an ending's kind or BINARY."""
    program = "curl prints" if b"\nuser-agent: curl/" in opening.lower() else "curl would print"
    return f"{program} {CURL[symptom]}. {OTHERS[symptom]}"
