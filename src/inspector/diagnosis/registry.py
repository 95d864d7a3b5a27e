"""The rules: every module of `inspector.diagnosis.rules` with a RULE."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from inspect import cleandoc

import inspector.diagnosis.rules
from inspector.diagnosis.scene import Scene
from inspector.model.finding import Finding

HEADINGS = ("What you see", "Why it happens", "How we know (bytes)", "What to do", "References")
"""The parts of a rule's document, each a line of its own."""

Find = Callable[[Scene], list[Finding]]

_rules: dict[str, "Rule"] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the registry knows it: `find` gives its findings in a capture, `document` is its module's docstring."""

    name: str
    find: Find
    document: str


def registered() -> dict[str, Rule]:
    """All rules by name; a rule's name is that of its module, written with hyphens."""
    if not _rules:
        for info in pkgutil.iter_modules(inspector.diagnosis.rules.__path__):
            module = importlib.import_module(f"inspector.diagnosis.rules.{info.name}")
            name = info.name.replace("_", "-")
            _rules[name] = Rule(name, module.find, cleandoc(module.__doc__ or ""))
    return _rules
