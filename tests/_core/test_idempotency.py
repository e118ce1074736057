"""What a ledger is given of a send."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import Attachment, Email, SendResult, Template, errors, events, parse_event
from sesguard._core.idempotency import (
    KEY_TAG,
    content_of,
    digest_of,
    from_text,
    settled_by,
    to_text,
)
from sesguard._frozen import FrozenMapping
from sesguard.addresses import AddressKey
from sesguard.suppression import Reason, Suppression
from sesguard.testing import sample
from sesguard.testing.events import Kind

KINDS = [
    kind
    for name in errors.__all__
    if isinstance(kind := getattr(errors, name), type) and issubclass(kind, errors.SendError)
]

# Keys


class Order(StrEnum):
    FIRST = "order 17"


def test_a_digest_is_a_value_of_a_message_tag() -> None:
    """Forty hexadecimal digits, of the key's SHA-256; SES takes letters, digits, _ and -."""
    assert digest_of("order 17") == hashlib.sha256(b"order 17").hexdigest()[:40]
    assert digest_of(Order.FIRST) == digest_of("order 17")
    for key in ("x", "x" * 1024, "Grüße", "\ud83d", "\0", " "):
        assert re.fullmatch(r"[0-9a-f]{40}", digest_of(key))
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,256}", KEY_TAG)


@pytest.mark.parametrize("key", ["", "x" * 1025, None, b"order 17", 17, ["order 17"]])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    """The message says what a key is, and does not repeat it."""
    with pytest.raises(errors.ConfigurationError, match="1 to 1,024 characters") as caught:
        digest_of(key)
    assert "order 17" not in str(caught.value)
    assert "xx" not in str(caught.value)


# Contents

MAIL = Email(
    sender="shop@example.com",
    to=["ann@example.org", "ben@example.org"],
    subject="Your order",
    text="Thank you",
    headers={"X-One": "1", "X-Two": "2"},
    tags={"campaign": "orders", "kind": "receipt"},
    attachments=[Attachment("bill.pdf", b"%PDF")],
)


def other(**changes: Any) -> Email:
    """The mail above, with something else in it."""
    return replace(MAIL, **changes)


def test_equal_mails_have_equal_contents() -> None:
    """Made again, read back from JSON, and with mappings in another order, it is the same mail."""
    turned = other(tags={"kind": "receipt", "campaign": "orders"})
    for same in (replace(MAIL), Email.from_dict(json.loads(json.dumps(MAIL.to_dict()))), turned):
        assert content_of(same) == content_of(MAIL)
    assert re.fullmatch(r"[0-9a-f]{64}", content_of(MAIL))


def test_a_mail_that_says_anything_else_has_another_content() -> None:
    """Each field counts, recipients in their order too."""
    others = [
        other(to=["ben@example.org", "ann@example.org"]),
        other(cc=["cy@example.org"]),
        other(subject="Your Order"),
        other(text="Thank you "),
        other(html="<p>Thank you</p>"),
        other(headers={"X-One": "1", "X-Two": "3"}),
        other(tags={"campaign": "orders"}),
        other(attachments=[Attachment("bill.pdf", b"%PDF-")]),
        other(stream="receipts"),
        other(tenant="shop"),
        other(subject=None, text=None, attachments=(), template=Template("order", {"number": 17})),
        other(subject=None, text=None, attachments=(), template=Template("order", {"number": 18})),
    ]
    assert len({content_of(MAIL), *map(content_of, others)}) == len(others) + 1


# Results

_texts = st.text(max_size=20)
_addresses = st.text(min_size=1, max_size=20)
_times = st.datetimes(
    min_value=datetime(1980, 1, 1),
    max_value=datetime(2100, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)
_entries = st.builds(
    Suppression,
    key=_addresses.map(AddressKey),
    reason=st.sampled_from(Reason),
    at=_times,
    scope=_texts,
    address=st.none() | _texts,
    source=_texts,
    event_key=st.none() | _texts,
    detail=st.none() | _texts,
    expires_at=st.none() | _times,
)


@st.composite
def _refusals(draw: st.DrawFn) -> errors.SendError:
    error = draw(st.sampled_from(KINDS))(
        draw(_texts),
        code=draw(st.none() | st.integers(400, 599) | _texts),
        reply=draw(st.none() | _texts),
        request_id=draw(st.none() | _texts),
        attempts=draw(st.integers(1, 5)),
        region=draw(st.none() | _texts),
        transport=draw(st.none() | _texts),
    )
    if draw(st.booleans()):
        error.retry_after = draw(st.floats(0, 1e6))
    if isinstance(error, errors.NotVerifiedError):
        error.identities = draw(st.lists(_texts, max_size=3).map(tuple))
    return error


_results = st.builds(
    SendResult,
    message_id=st.text(min_size=1, max_size=60),
    request_id=st.none() | _texts,
    accepted=st.lists(_addresses, max_size=4).map(tuple),
    suppressed=st.dictionaries(_addresses, _entries, max_size=3).map(FrozenMapping),
    refused=st.dictionaries(_addresses, _refusals(), max_size=3).map(FrozenMapping),
    attempts=st.integers(1, 10),
    waited=st.floats(0, 1e6) | st.integers(0, 100),
    limiter_away=st.booleans(),
)


@given(_results)
def test_a_result_is_read_back_as_it_was_written(result: SendResult) -> None:
    """All fields; errors by class, message and what they carry."""
    text = to_text(result)
    assert text.isascii()
    read = from_text(text)
    for one in fields(SendResult):
        if one.name != "refused":
            assert getattr(read, one.name) == getattr(result, one.name)
    assert list(read.refused) == sorted(result.refused)
    for address, error in result.refused.items():
        again = read.refused[address]
        assert type(again) is type(error)
        assert (again.args, vars(again)) == (error.args, vars(error))


def test_an_error_of_a_users_class_is_read_as_ours() -> None:
    """Its nearest class of this library is what is known wherever the text is read."""

    class Greylisted(errors.SendingRateExceededError):
        pass

    error = Greylisted("later", code=451, original=OSError("ann@example.org"))
    text = to_text(SendResult(message_id="one", refused={"ann@example.org": error}))
    assert text.count("ann@example.org") == 1
    read = from_text(text).refused["ann@example.org"]
    assert type(read) is errors.SendingRateExceededError
    assert (read.code, read.original, read.original_type) == (451, None, "OSError")


@pytest.mark.parametrize(
    ("promised", "expected"),
    [
        ({"outcome": "not_sent", "retryable": True}, errors.ServiceUnavailableError),
        ({"outcome": "not_sent", "retryable": False}, errors.MessageRejectedError),
        ({"outcome": "not_sent"}, errors.MessageRejectedError),
        ({"outcome": "rejected", "retryable": True}, errors.MessageRejectedError),
        ({"outcome": "unknown", "retryable": False}, errors.OutcomeUnknownError),
        ({"outcome": ["odd"], "retryable": True}, errors.OutcomeUnknownError),
        ({"retryable": True}, errors.OutcomeUnknownError),
    ],
)
def test_an_error_of_an_unknown_class_promises_no_more_than_it_did(
    promised: dict[str, object], expected: type[errors.SendError]
) -> None:
    """A later version's class is not read as one that invites a second mail, unless it did."""
    refused = {"kind": "GreylistedError", "message": "later", "attributes": {"code": 451}}
    text = json.dumps({"message_id": "one", "refused": {"ann@example.org": refused | promised}})
    read = from_text(text).refused["ann@example.org"]
    assert type(read) is expected
    assert (str(read), read.code) == ("later", 451)


def test_what_another_version_wrote_is_read() -> None:
    """Fields that are not known here are left out, and those that are not there have defaults."""
    text = '{"message_id": "one", "colour": {"deep": []}, "attempts": 2, "waited": 1}'
    assert from_text(text) == SendResult(message_id="one", attempts=2, waited=1)
    assert from_text('{"message_id": "one"}') == SendResult(message_id="one")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann@example.org",
        "[]",
        "{}",
        "null",
        '{"message_id": ""}',
        '{"message_id": null}',
        '{"message_id": 1}',
        '{"message_id": "one", "request_id": 1}',
        '{"message_id": "one", "attempts": "1"}',
        '{"message_id": "one", "attempts": true}',
        '{"message_id": "one", "waited": "1"}',
        '{"message_id": "one", "waited": true}',
        '{"message_id": "one", "limiter_away": 1}',
        '{"message_id": "one", "accepted": "ann@example.org"}',
        '{"message_id": "one", "accepted": [1]}',
        '{"message_id": "one", "suppressed": []}',
        '{"message_id": "one", "suppressed": {"ann@example.org": {}}}',
        '{"message_id": "one", "suppressed": {"a": {"key": "a", "reason": "BORED", "at": ""}}}',
        '{"message_id": "one", "suppressed": {"a": {"key": "a", "reason": "BOUNCE", "at": "x"}}}',
        '{"message_id": "one", "refused": {"ann@example.org": "no"}}',
        '{"message_id": "one", "refused": {"ann@example.org": {"kind": "SendError"}}}',
        '{"message_id": "one", "refused": {"a": {"kind": "SendError", "message": "no", '
        '"attributes": {"args": 1}}}}',
        "[" * 100_000,
        '{"attempts": ' + "1" * 5_000 + "}",
    ],
)
def test_what_is_no_result_is_an_error(text: str) -> None:
    """It is never a free pass, and the message quotes nothing of it."""
    with pytest.raises(errors.StoreError, match="not the result of a send") as caught:
        from_text(text)
    assert "ann@" not in str(caught.value)
    assert caught.value.__suppress_context__


@given(st.recursive(st.none() | st.booleans() | st.integers() | _texts, st.lists, max_leaves=5))
def test_nothing_but_a_store_error_is_raised(value: object) -> None:
    """Whatever stands in a field, the text is read or it is an error of ours."""
    for one in fields(SendResult):
        with suppress(errors.StoreError):
            from_text(json.dumps({"message_id": "one", one.name: value}))


def test_what_an_error_is_read_with_does_not_break_it() -> None:
    """A text cannot put a value in place of a method."""
    refused = {
        "kind": "ServiceUnavailableError",
        "message": "no",
        "attributes": {"delay": 1, "__class__": "x", "code": {"a": 1}, "reply": [1], "region": "r"},
    }
    read = from_text(json.dumps({"message_id": "one", "refused": {"a": refused}})).refused["a"]
    assert read.delay(0) > 0
    assert (read.code, read.reply, read.region) == (None, None, "r")


# Events

DIGEST = digest_of("order 17")


@pytest.mark.parametrize(
    "kind",
    [
        "Send", "Delivery", "Bounce", "Complaint", "Open", "Click", "DeliveryDelay", "Reject",
        "RenderingFailure", "Subscription", "UnknownEvent",
    ],
)  # fmt: skip
def test_every_event_of_a_mail_settles_its_key(kind: Kind) -> None:
    """SES tells nothing of a mail that it did not take."""
    event = parse_event(sample(kind, tags={KEY_TAG: DIGEST}, message_id="0100-one"))
    settled = settled_by(event)
    assert settled is not None
    assert settled[0] == DIGEST
    assert from_text(settled[1]) == SendResult(message_id="0100-one")


def test_an_event_without_key_settles_nothing() -> None:
    """No tag, a tag of somebody else's, no message id, no mail."""
    mail = {"messageId": "0100-one", "tags": {KEY_TAG: [DIGEST]}}
    told = {"eventType": "Send", "mail": mail, "send": {}}
    assert settled_by(parse_event(told)) is not None
    for odd in (
        {**mail, "tags": {}},
        {**mail, "tags": {KEY_TAG: []}},
        {**mail, "tags": {KEY_TAG: ["order 17"]}},
        {**mail, "tags": {KEY_TAG: [DIGEST.upper()]}},
        {**mail, "tags": {KEY_TAG: DIGEST + "0"}},
        {"tags": mail["tags"]},
        {**mail, "messageId": ""},
    ):
        assert settled_by(parse_event({**told, "mail": odd})) is None
    assert settled_by(events.Send()) is None
    assert settled_by(parse_event(sample("SubscriptionConfirmation"))) is None
