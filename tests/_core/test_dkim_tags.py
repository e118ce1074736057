"""Tag lists, strictly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.dkim_tags import parse_tags, problem_with, readable

GOOD = {
    "v": "1", "a": "rsa-sha256", "b": "YWJj ZA==", "bh": "YWJjZA==", "d": "example.org",
    "h": "From : To:Subject", "s": "a1.mail",
}  # fmt: skip


def problem(text: str) -> str | None:
    return parse_tags(text)[1]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("a=1", {"a": "1"}),
        ("a=1;", {"a": "1"}),
        (" a = 1 2\t3 ; b_2=; ", {"a": "1 2\t3", "b_2": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a=1; A=2", {"a": "1", "A": "2"}),
    ],
)
def test_a_tag_list_is_read(text: str, tags: dict[str, str]) -> None:
    """Blanks around names and values are none of theirs, and names are told apart by case."""
    assert parse_tags(text) == (tags, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no list of tags"),
        (";", "no list of tags"),
        ("a=1;;b=2", "no list of tags"),
        ("a=1;;", "no list of tags"),
        ("a", "no list of tags"),
        ("1a=2", "no list of tags"),
        ("a-b=2", "no list of tags"),
        ("=2", "no list of tags"),
        ("a=1; a=1", "a= is there twice"),
        ("a=\u00e4", "a= holds a character"),
        ("a=1\r2", "a= holds a character"),
        ("a=\0", "a= holds a character"),
        (f"{'x' * 30}=\u00e4", "a tag= holds a character"),
    ],
)
def test_a_spoilt_list_says_why(text: str, said: str) -> None:
    """Every break of the grammar, and a name that comes twice."""
    assert said in (problem(text) or "")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("v", "2", "v= cannot be read"),
        ("a", "rsa", "a= cannot be read"),
        ("b", "", "b= cannot be read"),
        ("b", "a=b=", "b= cannot be read"),
        ("bh", "a-b", "bh= cannot be read"),
        ("d", "org", "d= cannot be read"),
        ("d", "-a.example", "d= cannot be read"),
        ("d", "a..example", "d= cannot be read"),
        ("d", "ann@example.org", "d= cannot be read"),
        ("d", "a." * 130 + "example", "longer than a name"),
        ("s", "a_b", "s= cannot be read"),
        ("s", "", "s= cannot be read"),
        ("h", "", "h= cannot be read"),
        ("h", "From::To", "h= cannot be read"),
        ("h", "To:Subject", "h= leaves out From"),
        ("i", "ann", "i= cannot be read"),
        ("i", "@example.com", "i= is not of the domain"),
        ("i", "@badexample.org", "i= is not of the domain"),
        ("i", "@org.example", "i= is not of the domain"),
        ("c", "", "c= cannot be read"),
        ("l", "-1", "l= cannot be read"),
        ("q", "", "q= cannot be read"),
        ("t", "soon", "t= cannot be read"),
        ("x", "9" * 13, "x= cannot be read"),
    ],
)
def test_a_tag_has_its_form(name: str, value: str, said: str) -> None:
    """A value that its tag cannot have spoils the signature."""
    assert said in (problem_with({**GOOD, name: value}) or "")


@pytest.mark.parametrize("name", GOOD)
def test_a_tag_may_be_missing(name: str) -> None:
    """Each of the seven is needed."""
    assert problem_with({key: value for key, value in GOOD.items() if key != name}) == (
        f"it has no {name}="
    )


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"i": "ann@EXAMPLE.org"},
        {"i": "@mail.example.org"},
        {"c": "relaxed"},
        {"c": "relaxed/simple"},
        {"q": "dns/txt", "l": "0", "z": "From:ann|To:bob", "of_tomorrow": "1"},
        {"t": "1", "x": "2"},
        {"x": "2"},
        {"a": "ed25519-sha256"},
    ],
)
def test_a_good_signature_has_no_problem(more: dict[str, str]) -> None:
    """With what may be added to it, and tags that nobody knows yet."""
    assert problem_with({**GOOD, **more}) is None


def test_a_signature_expires_after_it_was_made() -> None:
    """Not in the same second."""
    assert problem_with({**GOOD, "t": "2", "x": "2"}) == "it expires before it was made"


def test_only_what_has_the_form_of_its_tag_is_shown() -> None:
    """An address in the place of a domain is not."""
    assert readable(GOOD, "d") == "example.org"
    assert readable({"d": "ann@example.org"}, "d") is None
    assert readable({}, "d") is None


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True)
VALUES = st.from_regex(r"([!-:<-~]{1,5}([ \t]{1,2}[!-:<-~]{1,5}){0,3})?", fullmatch=True)
BLANKS = st.text(" \t", max_size=2)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=6), BLANKS, st.booleans())
def test_what_is_written_is_read(tags: dict[str, str], blank: str, ended: bool) -> None:
    """Whatever tags there are, with blanks wherever they may stand."""
    text = ";".join(f"{blank}{name}{blank}={blank}{value}{blank}" for name, value in tags.items())
    assert parse_tags(text + ";" * ended) == (tags, None)


@given(st.text(max_size=200))
def test_no_text_is_too_bad(text: str) -> None:
    """It is read, or it has a problem, and nothing is raised."""
    tags, _ = parse_tags(text)
    problem_with(tags)
