"""Addresses from outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from study_server.webkit.addresses import is_same_origin, own_path

HOME = "/home"


@pytest.mark.parametrize(
    "wanted", ["/", "/dashboard/?a=1&b=2#c", "/a:b", "/über/uns", "/a//b"]
)
def test_a_path_of_ours_is_gone_back_to(wanted):
    assert own_path(wanted, otherwise=HOME) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        *("", "a", "//evil.example", "///evil.example", "/\\evil.example"),
        *("https://evil.example", "https:evil.example", "javascript:alert(1)"),
        *("/\n/evil.example", "/\t/evil.example", "/a\r\nSet-Cookie: a=b"),
        *("\\\\evil.example", "/a\\b", "/\0", "/\ud800", "//[", " /a"),
        "/" + "a" * 2000,
    ],
)
def test_anything_else_is_not(wanted):
    assert own_path(wanted, otherwise=HOME) == HOME


@given(st.text("/\\\t\r\n\0:@.a[", max_size=12))
def test_whatever_is_gone_back_to_begins_with_one_slash_and_can_be_a_header(wanted):
    path = own_path(wanted, otherwise=HOME)
    assert path[0] == "/"
    assert path[1:2] not in ("/", "\\")
    assert path.isprintable()


@pytest.mark.parametrize(
    "written",
    [
        "https://market.example/a",
        "HTTPS://Market.Example:443/",
        "https://anna:secret@market.example/worker/",
        "https://market.example./",
    ],
)
def test_an_origin_is_the_same_however_it_is_written(written):
    assert is_same_origin(written, "https://market.example")


@pytest.mark.parametrize(
    "other",
    [
        *("http://market.example", "https://market.example:8443"),
        *("https://market.example.evil.example", "https://market.example@evil.example"),
        *("https://evil.example/https://market.example", "", "/a", "https://[", "a:b"),
        "https://market.example:99999",
    ],
)
def test_another_origin_is_another_one(other):
    assert not is_same_origin(other, "https://market.example")
