"""Policies of others, and one statement more or less in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors
from sesguard._core.policy_text import statements, with_statement, without_statement

OURS: dict[str, object] = {"Sid": "Ours", "Effect": "Allow"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
STATEMENTS = st.dictionaries(st.text(max_size=6).filter(lambda name: name != "Sid"), JSON)
WRITTEN = st.builds(
    lambda statement, sid, indent, odd: json.dumps(
        {"Sid": sid, **statement}, indent=indent, ensure_ascii=odd
    ),
    STATEMENTS,
    st.sampled_from(["", "A", "B", "Theirs"]),
    st.sampled_from([None, 0, 3]),
    st.booleans(),
)
SPACE = st.text("\n\t ", max_size=3)


@st.composite
def policies(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A policy's text, and that of each of its statements."""
    inside = draw(st.lists(WRITTEN, max_size=4))
    gap = draw(SPACE)
    if len(inside) == 1 and draw(st.booleans()):
        told = inside[0]
    else:
        told = f"[{gap}{f'{gap},{gap}'.join(inside)}{gap}]"
    before = draw(st.sampled_from(['"Version":"2008-10-17",', '"Id" : 1.50 ,', ""]))
    return f'{gap}{{{before}{gap}"Statement"{gap}:{gap}{told}{gap}}}{gap}', inside


@given(policies())
def test_every_statement_survives_byte_for_byte(policy: tuple[str, list[str]]) -> None:
    """Ours comes in as the last, and goes out again; the others are the same text in between."""
    text, theirs = policy
    more = with_statement(text, OURS, of="the queue a")
    at = 0
    for one in theirs:
        at = more.index(one, at) + len(one)
    assert list(statements(more, of="")) == [*map(json.loads, theirs), OURS]
    assert with_statement(more, OURS, of="") == more
    less = without_statement(more, "Ours", of="")
    assert list(statements(less, of="")) == [json.loads(one) for one in theirs]
    assert all(one in less for one in theirs)
    kept: Any = json.loads(text)
    del kept["Statement"]
    if less:
        assert kept.items() <= json.loads(less).items()


def test_numbers_and_escapes_stay_as_they_are_written() -> None:
    """1.50 is not 1.5 afterwards, and an escaped letter stays escaped."""
    theirs = '{"Sid" :"a", "Condition": {"NumericLessThan": {"x": 1.50e0}}, "y": "\\u0061\\/"}'
    more = with_statement(f'{{"Statement": [{theirs}]}}', OURS, of="")
    assert more == f'{{"Statement": [{theirs}, {json.dumps(OURS)}]}}'
    assert without_statement(more, "Ours", of="") == f'{{"Statement": [{theirs}]}}'


def test_ours_is_put_in_the_place_of_ours() -> None:
    """A statement of the same Sid is replaced where it stands."""
    text = '{"Statement": [{"Sid": "Ours", "Effect": "Deny"}, {"Sid": "b"}]}'
    assert with_statement(text, OURS, of="") == (
        f'{{"Statement": [{json.dumps(OURS)}, {{"Sid": "b"}}]}}'
    )


def test_without_a_policy_there_is_one_afterwards() -> None:
    """An empty text is no policy, before ours and after it."""
    assert statements("", of="") == ()
    made = with_statement("", OURS, of="")
    assert json.loads(made) == {"Version": "2012-10-17", "Statement": [OURS]}
    assert without_statement(made, "Ours", of="") == ""
    assert without_statement("", "Ours", of="") == ""
    assert without_statement(made, "Others", of="") == made


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "1",
        "{}",
        '{"Statement": 1}',
        '{"Statement": ["a"]}',
        '{"Statement": [], "Statement": []}',
        '{"Statement": [{"Effect": "Deny", "Effect": "Allow"}]}',
        "[" * 100_000,
    ],
    ids=str.__len__,
)
def test_what_cannot_be_read_is_not_changed(text: str) -> None:
    """It is an error that names whose policy it is; a name twice could mean either."""
    for do in (
        lambda: statements(text, of="the queue a"),
        lambda: with_statement(text, OURS, of="the queue a"),
        lambda: without_statement(text, "Ours", of="the queue a"),
    ):
        with pytest.raises(errors.StoreError, match="policy of the queue a"):
            do()
