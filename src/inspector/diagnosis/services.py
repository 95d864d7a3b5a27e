"""Ports and what usually listens on them: evidence, never proof."""

from typing import Final

THRIFT_PORTS: Final = {
    9083: "the Hive Metastore's port",
    9090: "Thrift's usual port, and that of HBase's Thrift server",
    10000: "HiveServer2's port",
}

USUAL_PORTS: Final = {
    "thrift": tuple(THRIFT_PORTS),
    "pgsql": (5432, 5433),
    "resp": (6379, 6380),
    "kafka": (9092, 9093, 9094),
    "tls": (443, 8443),
    "http": (80, 8000, 8080, 8081, 8888, 3000, 5000),
    "http2": (50051, 19530),
}
"""By protocol. Anyone may listen anywhere; these only break ties."""


def usual_family(port: int) -> str:
    """The protocol that usually listens on a port, "" when there is none to name."""
    for family, ports in USUAL_PORTS.items():
        if port in ports:
            return family
    return ""


PROTOCOL_NAMES: Final = {
    "http": "HTTP",
    "http2": "HTTP/2",
    "kafka": "Kafka",
    "pgsql": "PostgreSQL",
    "resp": "Redis",
    "thrift": "Thrift",
    "tls": "TLS",
    "websocket": "WebSocket",
}
"""Protocols as people write them, by their names in lists."""


def protocol_name(protocol: str) -> str:
    """A protocol as people write it."""
    return PROTOCOL_NAMES.get(protocol, protocol)
