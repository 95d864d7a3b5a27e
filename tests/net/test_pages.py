import mmap
from pathlib import Path

from inspector.net.pages import drop_pages


def test_dropped_pages_read_the_same(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 64)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        before = image[:]
        drop_pages(image)
        assert image[:] == before


def test_bytes_in_memory_are_left_alone() -> None:
    drop_pages(b"abc")
