"""Where a capture process writes: its standard output, or a ring of files of which the oldest are removed."""

import os
import stat
import time
from pathlib import Path
from typing import Final

from inspector.capture.live.framing import Framing
from inspector.capture.live.orders import Orders

_STDOUT: Final = 1


class Sink:
    """Takes whole packets. `written` counts bytes of all files; `full` tells that the limit of the size is reached.

    Whatever happens, a file never ends inside a packet that this process wrote.
    """

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.head = b""
        self.file = _STDOUT
        self.written = 0
        self.size = 0
        self.began = 0.0
        self.number = 0
        self.names: list[str] = []
        self.full = False
        self.gone = False

    def begin(self, head: bytes) -> None:
        """Write what stands before the first packet, in every file. Raises OSError."""
        self.head = head
        if self.orders.write:
            self._next()
        else:
            self._put(head)

    def add(self, data: bytes) -> None:
        """Write packets: as pcapng blocks, or pcap records, as the head has it. Raises OSError."""
        orders = self.orders
        size, duration = (orders.next_size, orders.next_duration) if orders.write else (orders.file_size, 0.0)
        if duration and time.monotonic() - self.began >= duration:
            self._next()
        while size and self.size + len(data) >= size and not self.full:
            end, _ = Framing(self.head).walk(data, least=size - self.size)
            self._put(data[:end])
            data = data[end:]
            if self.size < size:
                break
            if orders.write:
                self._next()
            else:
                self.full = True
        if not self.full:
            self._put(data)
        if orders.write and orders.file_size and self.written >= orders.file_size:
            self.full = True

    def end(self, data: bytes) -> None:
        """Write what stands behind the last packet. Raises OSError."""
        self._put(data)

    def _next(self) -> None:
        """Go on in a new file and remove the oldest, as dumpcap does."""
        if self.number:
            os.close(self.file)
        self.number += 1
        stem, dot, suffix = self.orders.write.rpartition(".")
        if not dot or "/" in suffix:
            stem, suffix = self.orders.write, "pcapng"
        name = f"{stem}_{self.number:05}_{time.strftime('%Y%m%d%H%M%S')}.{suffix}"
        self.file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        self.names.append(name)
        self.size = 0
        self.began = time.monotonic()
        if self.orders.files and len(self.names) > self.orders.files:
            Path(self.names.pop(0)).unlink(missing_ok=True)
        self._put(self.head)

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        done = 0
        try:
            while done < len(data) and not self.gone:
                done += os.write(self.file, view[done:])
        except BrokenPipeError:
            self.gone = True
        except OSError as error:
            if stat.S_ISREG(os.fstat(self.file).st_mode):
                os.ftruncate(self.file, os.lseek(self.file, -done, os.SEEK_CUR))
            raise OSError(error.errno, error.strerror, "write") from None
        self.size += done
        self.written += done
