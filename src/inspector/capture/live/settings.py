"""What is to be captured, where, and until when."""

import json
import re
from dataclasses import asdict, dataclass
from typing import Final

from inspector.model.errors import UsageError

SNAP_LENGTH: Final = 262_144
"""Bytes of a packet that are kept: all of it, even offloaded segments."""
BUFFER: Final = 64 << 20
"""Bytes of the kernel's buffer: a second of a busy loopback interface."""

_LIMIT: Final = re.compile(r"(duration|packets|filesize):(\d+(?:\.\d+)?)")


@dataclass(slots=True)
class Settings:
    """`snap_length` and `buffer` are in bytes; the limits are seconds, packets and bytes of the file, 0 for none."""

    interface: str = "lo"
    bpf: str = ""
    snap_length: int = SNAP_LENGTH
    buffer: int = BUFFER
    duration: float = 0.0
    packets: int = 0
    file_size: int = 0
    source: str = ""

    def limit(self, text: str) -> None:
        """Add an autostop condition as dumpcap writes it: `duration:S`, `packets:N`, `filesize:KB`."""
        found = _LIMIT.fullmatch(text)
        if found is None or float(found[2]) <= 0:
            raise UsageError(f"-a {text}: write duration:SECONDS, packets:N or filesize:KILOBYTES")
        if found[1] == "duration":
            self.duration = float(found[2])
        elif found[1] == "packets":
            self.packets = int(float(found[2]))
        else:
            self.file_size = int(float(found[2]) * 1000)

    def written(self) -> str:
        """For the capture process."""
        return json.dumps(asdict(self))


def read_settings(text: str) -> Settings:
    """What `written` wrote."""
    return Settings(**json.loads(text))
