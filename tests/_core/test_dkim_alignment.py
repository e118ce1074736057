"""Whose domain stands for whose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.dkim_alignment import are_aligned, domain_of


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("ann@Example.org", "example.org"),
        ("Ann <ann@example.org>", "example.org"),
        ('"ann@evil.example" <ann@example.org>', "example.org"),
        ("ann@evil.example <ann@example.org>", "example.org"),
        ("ann@example.org (Ann)", "example.org"),
        ("=?utf-8?q?Ann?= <ann@example.org>", "example.org"),
        ("ann@m\u00fcller.example", "xn--mller-kva.example"),
        ("ann@example.org, bob@example.net", None),
        ("Ann <ann@example.org>, Bob <bob@example.net>", None),
        ("Friends: ann@example.org;", None),
        ("ann", None),
        ("<>", None),
        ("ann@localhost", None),
        ("ann@example.org" + " " * 1_000, None),
        ("", None),
        (None, None),
    ],
)
def test_a_from_header_has_one_domain_or_none(text: str | None, domain: str | None) -> None:
    """What stands in a display name is no address, and two addresses are nobody's."""
    assert domain_of(text) == domain


@pytest.mark.parametrize(
    ("one", "other", "aligned"),
    [
        ("example.org", "example.org", True),
        ("example.org", "mail.example.org", True),
        ("example.org", "a.b.example.org", True),
        ("example.co.uk", "mail.example.co.uk", True),
        ("bmw.de", "mail.bmw.de", True),
        ("co.com", "mail.co.com", True),
        ("example.org", "badexample.org", False),
        ("example.org", "example.net", False),
        ("a.example.org", "b.example.org", False),
        ("co.uk", "example.co.uk", False),
        ("com.au", "example.com.au", False),
        ("or.at", "a.example.or.at", False),
        ("anything.ck", "example.anything.ck", False),
        ("example.anything.ck", "mail.example.anything.ck", True),
        ("org", "example.org", False),
        ("amazonses.com", "example.org", False),
    ],
)
def test_upper_and_lower_are_aligned(one: str, other: str, aligned: bool) -> None:
    """Either way round, but not over a name below which strangers have theirs."""
    assert are_aligned(one, other) is aligned
    assert are_aligned(other, one) is aligned


def test_nobody_is_aligned_with_no_sender() -> None:
    """A From header that cannot be read has no domain to stand for."""
    assert are_aligned("example.org", None) is False


LABELS = st.from_regex(r"[a-z]{1,4}", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=2, max_size=4).map(".".join)


@given(DOMAINS, DOMAINS)
def test_alignment_is_the_same_both_ways(one: str, other: str) -> None:
    """And each domain stands for itself; aligned ones end alike."""
    assert are_aligned(one, other) == are_aligned(other, one)
    assert are_aligned(one, one)
    if are_aligned(one, other):
        assert one.split(".")[-2:] == other.split(".")[-2:]
