"""Compiles the text of a filter. Spec: https://www.wireshark.org/docs/man-pages/wireshark-filter.html"""

import re
from collections.abc import Collection
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from inspector.model.errors import UsageError
from inspector.query.conditions import Condition, Either, Every, Exists, Lookup, Not, comparison, span
from inspector.query.literal import Literal
from inspector.query.names import nearest

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

MAX_FILTER = 64 * 1024
"""Characters in a filter; a parse of more than a screen of text is no typed filter."""
MAX_NESTING = 100
"""Parentheses and negations within each other; conditions are called recursively."""


class Filter:
    """A compiled filter; `names` are the fields it asks for, `terms` what its outermost `and` joins."""

    def __init__(self, text: str, condition: Condition, names: frozenset[str]) -> None:
        self.text = text
        self.names = names
        self.terms: tuple[Filter, ...] = ()
        self._condition = condition

    def matches(self, lookup: Lookup) -> bool:
        """Whether it holds for what `lookup` knows about."""
        return self._condition.matches(lookup)


def compile_filter(text: str, known: Collection[str] | None = None, families: Collection[str] = ()) -> Filter:
    """Compile `text`; with `known`, names outside it are errors unless they start with one of `families`.

    Raises UsageError, whose text shows the place.
    """
    if len(text) > MAX_FILTER:
        raise UsageError(f"filter: longer than {MAX_FILTER} characters")
    tree = _parse(text)
    whole = _compile(text, tree, known, families)
    if tree.data == "both":
        parts = [_tree(child) for child in tree.children]
        whole.terms = tuple(
            _compile(text[part.meta.start_pos : part.meta.end_pos], part, known, families) for part in parts
        )
    return whole


def _compile(text: str, tree: "Tree[Token]", known: Collection[str] | None, families: Collection[str]) -> Filter:
    compiler = _Compiler(text, known, tuple(families))
    return Filter(text, compiler.condition(tree, 0), frozenset(compiler.names))


class _Compiler:
    def __init__(self, text: str, known: Collection[str] | None, families: tuple[str, ...]) -> None:
        self.text = text
        self.known = known
        self.families = families
        self.names: set[str] = set()

    def condition(self, node: "Tree[Token]", depth: int) -> Condition:
        if depth > MAX_NESTING:
            raise UsageError(f"filter: nested deeper than {MAX_NESTING} levels")
        children = node.children
        if node.data == "either":
            return Either([self.condition(_tree(child), depth + 1) for child in children])
        if node.data == "both":
            return Every([self.condition(_tree(child), depth + 1) for child in children])
        if node.data == "negation":
            return Not(self.condition(_tree(children[0]), depth + 1))
        name = self._name(_token(children[0]))
        if node.data == "exists":
            return Exists(name)
        if node.data == "among":
            return Either([self._member(name, _tree(child)) for child in children[1:]])
        return self._compare(name, str(children[1]), _token(_tree(children[2]).children[0]))

    def _name(self, token: "Token") -> str:
        name = str(token)
        if self.known is not None and name not in self.known and not name.startswith(self.families or ("\0",)):
            similar = nearest(name, self.known)
            hint = f"; did you mean {similar}?" if similar else ""
            if not similar and "." not in name:
                hint = f'; to look for a word: summary contains "{name}"'
            raise _error(self.text, token.start_pos or 0, len(name), f"unknown field {name}{hint}")
        self.names.add(name)
        return name

    def _member(self, name: str, node: "Tree[Token]") -> Condition:
        ends = [Literal(str(_tree(child).children[0])) for child in node.children]
        return comparison(name, "==", ends[0]) if len(ends) == 1 else span(name, ends[0], ends[1])

    def _compare(self, name: str, operator: str, value: "Token") -> Condition:
        try:
            return comparison(name, operator, Literal(str(value)))
        except re.error as error:
            raise _error(self.text, value.start_pos or 0, len(value), f"bad pattern: {error}") from None


@cache
def _parser() -> "Lark":
    from lark import Lark

    grammar = (files("inspector.query") / "grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True)


def _parse(text: str) -> "Tree[Token]":
    from lark import Tree
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    if not text.strip():
        raise UsageError("filter: it is empty")
    try:
        parsed: Tree[Token] = _parser().parse(text)
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise _error(text, len(text.rstrip()), 1, f"it ends too early, {_wanted(error.expected)}") from None
        token = error.token
        reason = f'"{token}" does not belong here, {_wanted(error.expected)}'
        raise _error(text, token.start_pos or 0, len(token), reason) from None
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        reason = "the quote is not closed" if text[at] in "\"'" else f'"{text[at]}" does not belong here'
        raise _error(text, at, 1, reason) from None
    except RecursionError:
        raise UsageError(f"filter: nested deeper than {MAX_NESTING} levels") from None
    return parsed


def _wanted(expected: Collection[str]) -> str:
    if "NAME" in expected:
        return "a field or protocol name is expected"
    if "BARE" in expected:
        return "a value is expected"
    if "OPERATOR" in expected:
        return "an operator such as == or contains, or and/or, is expected"
    return '"{" is expected' if "LBRACE" in expected else "and, or or the end is expected"


def _error(text: str, start: int, length: int, reason: str) -> UsageError:
    """An error that shows the filter with carets under the place."""
    return UsageError(f"filter: {_safe(reason)}\n  {_safe(text)}\n  {' ' * start}{'^' * max(length, 1)}")


def _safe(text: str) -> str:
    """The text with a space for each character that is not printed as one."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _tree(node: "Tree[Token] | Token") -> "Tree[Token]":
    assert not isinstance(node, str)
    return node


def _token(node: "Tree[Token] | Token") -> "Token":
    assert isinstance(node, str)
    return node
