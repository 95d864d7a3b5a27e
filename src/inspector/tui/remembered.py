"""The capture filter used last on each interface."""

import json
from pathlib import Path

from platformdirs import user_cache_path


def _file() -> Path:
    return user_cache_path("inspector") / "filters.json"


def filters() -> dict[str, str]:
    """Filters by the name of the interface, and the ends of a relay by "tap"; empty when nothing can be read."""
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}


def remember(name: str, text: str) -> None:
    """Offer this filter the next time; where nothing can be written, it is forgotten."""
    known = filters() | {name: text}
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        _file().write_text(json.dumps(known), encoding="utf-8")
    except OSError:
        return
