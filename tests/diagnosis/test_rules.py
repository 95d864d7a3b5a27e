"""The rules as a set: found by themselves, documented in one form, told by their names."""

import re

import pytest

from inspector.diagnosis import rule_document, rule_names
from inspector.diagnosis.registry import HEADINGS

NAMES = [
    "connection-refused",
    "http-to-thrift-closed",
    "http-to-thrift-hang",
    "http-to-thrift-reset",
    "http-to-thrift-sasl",
    "http-to-tls-alert",
    "http-unanswered",
    "http1-to-http2",
]


def test_every_rule_is_found() -> None:
    assert set(NAMES) <= set(rule_names())
    assert rule_names() == sorted(rule_names())


@pytest.mark.parametrize("name", rule_names())
def test_a_rule_has_a_kebab_name_and_all_parts_in_order(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name)
    lines = rule_document(name).splitlines()
    assert lines[0].endswith(".")
    assert [line for line in lines if line in HEADINGS] == list(HEADINGS)
    for heading in HEADINGS:
        following = lines[lines.index(heading) + 1]
        assert following.startswith("    "), heading


def test_an_unknown_rule_has_no_document() -> None:
    with pytest.raises(KeyError):
        rule_document("http-to-nowhere")
