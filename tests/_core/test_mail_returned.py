"""The mail that came back, as a record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.mail_parts import fields_of
from sesguard._core.mail_returned import message_id_in, returned_mail, stamp

ID = "0107019a2b3c4d5e-1f2e3d4c-5b6a-4798-8081-92a3b4c5d6e7-000000"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Mon, 03 Nov 2025 09:15:02 +0000", "2025-11-03T09:15:02+00:00"),
        ("Mon, 3 Nov 2025 01:15:02 -0800 (PST)", "2025-11-03T09:15:02+00:00"),
        ("3 Nov 2025 09:15:02 GMT", "2025-11-03T09:15:02+00:00"),
        ("3 Nov 2025 09:15:02 -0000", "2025-11-03T09:15:02+00:00"),
        ("yesterday", None),
        ("", None),
        (None, None),
        ("3 Nov 99999999999999999999 09:15:02 +0000", None),
        ("31 Dec 9999 23:59:59 -1400", None),
        ("3 Nov 2025 09:15:02 +9999", None),
        ("3 Nov 2025 09:15:02 +0000" + " " * 100, None),
    ],
)
def test_a_date_of_mail_is_a_time_in_utc(text: str | None, moment: str | None) -> None:
    """In any zone, and None for what is none."""
    assert stamp(text) == moment


@given(st.text(max_size=60))
def test_no_date_is_too_bad(text: str) -> None:
    """Whatever a date header holds, nothing is raised."""
    stamp(text)
    stamp(f"3 Nov 2025 {text}")


@pytest.mark.parametrize(
    ("text", "message_id"),
    [
        (f"<{ID}@email.amazonses.com>", ID),
        (f"<{ID}@eu-central-1.amazonses.com>", ID),
        (f"{ID}@amazonses.com", ID),
        (f"<{ID}@bounce.example.com>", ID),  # a MAIL FROM domain
        (f"<{ID}@amazonses.com.example>", ID),  # the shape alone, which nobody guesses
        ("<order-7@example.com>", None),
        ("<order-7@amazonses.com.example>", None),
        ("<order-7@notamazonses.com>", None),
        ("<>", None),
        (None, None),
    ],
)
def test_an_id_of_ses_is_told_by_domain_or_shape(text: str | None, message_id: str | None) -> None:
    """Anybody else's Message-ID is not an id of SES."""
    assert message_id_in(text) == message_id


def test_the_first_place_that_has_an_id_counts() -> None:
    """Message-ID, Return-Path, then what the report says itself."""
    fields = fields_of(f"Message-ID: <a@example.com>\nReturn-Path: {ID}@amazonses.com".encode())
    record = returned_mail(fields, "<other@amazonses.com>")
    assert record is not None
    assert record["messageId"] == ID
    assert returned_mail((), "<other@amazonses.com>") == {"messageId": "other"}
    assert returned_mail(()) is None


def test_long_headers_are_cut_where_ses_cuts_them() -> None:
    """Beyond 10 KB they are left out, and the record says so."""
    fields = fields_of(b"\n".join(b"X-%d: %s" % (at, b"y" * 1_000) for at in range(20)))
    record = returned_mail(fields)
    assert record is not None
    assert record["headersTruncated"] is True
    headers = record["headers"]
    assert isinstance(headers, list)
    assert len(headers) == 10
