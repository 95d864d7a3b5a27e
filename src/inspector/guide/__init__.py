"""The field guide: for every field its title, a plain explanation, its spec section and the names of its values."""

from inspector.guide.book import Guide
from inspector.guide.entry import Entry, Explanation

__all__ = ["Entry", "Explanation", "Guide"]
