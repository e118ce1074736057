"""Which e-mails one SendBulkEmail can send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import Email, Template
from sesguard._core.parcels import MOST_RECIPIENTS, parcels, same_request
from sesguard.attachments import Attachment
from sesguard.mail import ListManagement


def letter(recipients: int = 1, **fields: Any) -> Email:
    fields = {"template": Template("welcome", {"name": "Ann"}), **fields}
    to = [f"p{n}@example.org" for n in range(recipients)]
    return Email(sender="shop@example.com", to=to, **fields)


@given(
    st.lists(st.tuples(st.integers(1, MOST_RECIPIENTS), st.sampled_from(["a", "b", None]))),
)
def test_parcels_lose_nothing_and_mix_nothing(wanted: list[tuple[int, str | None]]) -> None:
    """Each mail is in one parcel, in order, with its like; none has more than 50 recipients."""
    mails = [
        letter(units, template=Template(name))
        if name
        else Email(sender="shop@example.com", to="ann@example.org", subject="Hi", text="Hi")
        for units, name in wanted
    ]
    made = parcels(enumerate(mails))
    assert sorted(n for parcel in made for n in parcel) == list(range(len(mails)))
    for parcel in made:
        assert parcel == sorted(parcel)
        assert sum(len(mails[n].recipients) for n in parcel) <= MOST_RECIPIENTS
        assert len({same_request(mails[n]) for n in parcel}) == 1
        assert len(parcel) == 1 or same_request(mails[parcel[0]]) is not None


@pytest.mark.parametrize(
    ("other", "together"),
    [
        ({"template": Template("welcome", {"name": "Bob"})}, True),
        ({"headers": {"X-Number": "7"}, "tags": {"number": "7"}, "stream": "news"}, True),
        ({"cc": "bob@example.org", "bcc": "cy@example.org"}, True),
        ({"template": Template("goodbye")}, False),
        ({"reply_to": "desk@example.com"}, False),
        ({"return_path": "bounces@example.com"}, False),
        ({"configuration_set": "other"}, False),
        ({"tenant": "acme"}, False),
        ({"attachments": [Attachment("a.txt", b"a")]}, False),
    ],
)
def test_what_a_request_says_once_is_alike(other: dict[str, Any], together: bool) -> None:
    """Recipients, data, headers and tags may differ, and nothing else."""
    made = parcels(enumerate([letter(), letter(**other)]))
    assert (len(made) == 1) is together


def test_a_contact_lists_mail_goes_by_itself() -> None:
    """SendBulkEmail has no list management."""
    assert same_request(letter(list_management=ListManagement("all"))) is None
