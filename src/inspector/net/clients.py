"""Who opened a flow whose beginning was not captured."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inspector.model.sides import CLIENT, Side
from inspector.net.columns import Headers
from inspector.net.numbers import TCP

Judge = Callable[[bytes], tuple[Side, str]]
"""Who can tell which side alone begins so, and in which protocol; (-1, "") when both could."""

SERVER_PORTS: Final = frozenset(
    {
        1433, 1521, 1883, 2049, 2181, 2379, 3000, 3128, 3306, 3389, 4222, 5000, 5060, 5222, 5432, 5672, 5900, 6379,
        7000, 7077, 7474, 7687, 8000, 8008, 8020, 8080, 8081, 8088, 8443, 8500, 8888, 9000, 9042, 9083, 9090, 9092,
        9093, 9200, 9300, 9418, 9999, 10000, 10001, 11211, 15672, 19530, 21000, 25000, 26379, 27017, 50051, 50070,
    }
)  # fmt: skip
"""Ports above 1023 that servers of common protocols listen on."""

EPHEMERAL: Final = 32_768
"""Where the ports that hosts pick for clients begin on Linux; RFC 6335 6 has them from 49152."""
SEARCHED: Final = 64
"""Packets looked through for the first ones with bytes."""
JUDGED: Final = 4
"""Packets whose bytes are judged: messages mostly begin where packets do."""
SAMPLE: Final = 512
"""Bytes of a packet that are judged."""


def is_server_port(port: int) -> bool:
    """Whether servers usually listen there: a system port (RFC 6335 6) or a well-known one."""
    return 0 < port < 1024 or port in SERVER_PORTS


def infer_client(
    headers: Headers, rows: NDArray[np.int32], direction: NDArray[np.int8], judge: Judge | None = None
) -> tuple[int, str]:
    """The direction (0 or 1, as in `direction`) that the client sends in, and a sentence that says why."""
    first = int(rows[0])
    forward = int(direction[first])
    source, target = int(headers.sport[first]), int(headers.dport[first])
    unseen = "the start of the connection was not captured" if headers.transport[first] == 6 else "UDP has no handshake"
    if is_server_port(source) != is_server_port(target):
        if is_server_port(target):
            return forward, f"Port {target} is known as a server's; {unseen}."
        return 1 - forward, f"Port {source} is known as a server's; {unseen}."
    if judge is not None and headers.transport[first] == TCP:
        for row in _with_bytes(headers, rows):
            start = int(headers.table.starts[row]) + int(headers.start[row])
            side, name = judge(headers.table.image[start : start + min(SAMPLE, int(headers.captured[row]))])
            if side >= 0:
                who = "client" if side == CLIENT else "server"
                sender = int(direction[row])
                text = f"Packet {row + 1} holds what only the {who} sends in {name}; {unseen}."
                return (sender if side == CLIENT else 1 - sender), text
    if (source >= EPHEMERAL) != (target >= EPHEMERAL):
        server = min(source, target)
        return (forward if target == server else 1 - forward), (
            f"Port {max(source, target)} is one that hosts pick for clients, port {server} is not; {unseen}."
        )
    return forward, f"It sent the first packet seen; {unseen} and the ports do not tell."


def _with_bytes(headers: Headers, rows: NDArray[np.int32]) -> list[int]:
    """The first packets that carry bytes."""
    rows = rows[:SEARCHED]
    found: list[int] = rows[headers.captured[rows] > 0][:JUDGED].tolist()
    return found
