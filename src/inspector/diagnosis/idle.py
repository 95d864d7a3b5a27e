"""Time limits on silence, as proxies, load balancers and servers have them."""

from typing import Final

IDLE: Final = 10.0
"""Seconds of silence from which on a time limit is the likely reason."""
LIMITS: Final = (15, 20, 30, 45, 50, 55, 60, 75, 90, 100, 120, 180, 240, 300, 350, 600, 900, 3600)
"""Seconds that servers and proxies are set to by default."""


def usual_limit(seconds: float) -> int:
    """The limit that a time of silence comes close to, 0 when it is near none."""
    near = min(LIMITS, key=lambda limit: abs(limit - seconds))
    return near if abs(near - seconds) <= max(1.0, near / 50) else 0


def usual_words(seconds: float) -> str:
    """A sentence on the limit that a time of silence comes close to, "" when it is near none."""
    limit = usual_limit(seconds)
    return f" {limit} seconds is a usual limit." if limit else ""
