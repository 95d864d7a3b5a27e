"""A server to capture the traffic of."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from live.traffic import Hello


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
