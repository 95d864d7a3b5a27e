"""Header columns of packets that just came, as lists: one number of these costs a tenth of what NumPy takes for it."""

from inspector.net.columns import Headers
from inspector.net.rows import address_text


class Arrivals:
    """The same names as in `headers`; `source` and `target` are addresses as text."""

    def __init__(self, headers: Headers) -> None:
        h = self.headers = headers
        self.version: list[int] = h.version.tolist()
        self.transport: list[int] = h.transport.tolist()
        self.flags: list[int] = h.flags.tolist()
        self.src: list[int] = h.src.tolist()
        self.dst: list[int] = h.dst.tolist()
        self.sport: list[int] = h.sport.tolist()
        self.dport: list[int] = h.dport.tolist()
        self.seq: list[int] = h.seq.tolist()
        self.ack: list[int] = h.ack.tolist()
        self.start: list[int] = h.start.tolist()
        self.length: list[int] = h.length.tolist()
        self.captured: list[int] = h.captured.tolist()
        self.addresses: dict[tuple[int, int], str] = {}

    def source(self, row: int) -> str:
        """Where a packet came from."""
        return self._address(self.version[row], self.src[row])

    def target(self, row: int) -> str:
        """Where a packet went."""
        return self._address(self.version[row], self.dst[row])

    def _address(self, version: int, number: int) -> str:
        found = self.addresses.get((version, number))
        if found is None:
            found = self.addresses[version, number] = address_text(self.headers, version, number)
        return found
