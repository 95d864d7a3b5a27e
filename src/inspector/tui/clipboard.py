"""Copying: always to a file too, because terminals do not say whether they took what was copied."""

from pathlib import Path

from platformdirs import user_cache_path


def save(text: str) -> Path | None:
    """Write what was copied to a file; None when that is not possible."""
    try:
        folder = user_cache_path("inspector", ensure_exists=True)
        path = folder / "clip.txt"
        path.write_text(text + "\n", encoding="utf-8")
    except OSError:
        return None
    return path
