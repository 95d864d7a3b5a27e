"""Numbers and times as people read them."""


def count(number: int, noun: str) -> str:
    """A number and its noun: 1 byte, 78 bytes, no bytes."""
    if not number:
        return f"no {noun}s"
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def duration(seconds: float) -> str:
    """Seconds with the digits that matter."""
    if seconds >= 9.95:
        return f"{seconds:.0f} s"
    if seconds >= 0.9995:
        return f"{seconds:.1f} s"
    if seconds >= 0.00095:
        return f"{seconds * 1e3:.3g} ms" if seconds < 0.1 else f"{seconds * 1e3:.0f} ms"
    return f"{seconds * 1e6:.0f} µs"


def size(number: int) -> str:
    """A number of bytes in the unit that suits it."""
    for unit, step in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number >= step:
            return f"{number / step:.1f} {unit}"
    return count(number, "byte")
