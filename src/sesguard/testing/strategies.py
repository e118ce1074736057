"""
Strategies for hypothesis: values that the library takes, and feedback that SES could send.

    from sesguard.testing import strategies

    @given(strategies.emails())
    def test_any_mail_can_be_archived(email): ...

What they make is valid by construction. Needs hypothesis, which the ``test`` extra brings.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from sesguard._core.payloads import parse_event
from sesguard.addresses import Address, AddressKey
from sesguard.errors import ConfigurationError
from sesguard.events import Event
from sesguard.mail import Attachment, Email, Template
from sesguard.suppression import (
    Change,
    CountSoftBounce,
    Reason,
    Release,
    Suppress,
    Suppression,
    stream_scope,
    tenant_scope,
)
from sesguard.testing.events import Channel, Envelope, Kind, sample

__all__ = [
    "addresses",
    "attachments",
    "changes",
    "emails",
    "events",
    "keys",
    "payloads",
    "scopes",
    "suppressions",
]

_ATOM = string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-"
_LABEL = string.ascii_lowercase + string.digits
_WORD = string.ascii_letters + string.digits + "_-"
# Neither controls nor breaks; names show no marks of direction either.
_LINE = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
_NAME = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"], exclude_characters="<>")
_BODY = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
_TIMES = st.datetimes(
    datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)
)  # to the microsecond
_NAMES = st.text(_WORD, min_size=1, max_size=20)


def addresses(*, named: bool = True) -> SearchStrategy[Address]:
    """
    Mailboxes that SES takes.

    Args:
        named: Whether some have a display name.
    """
    labels = st.text(_LABEL, min_size=1, max_size=12)
    domains = st.builds(
        "{}.{}".format,
        st.lists(labels, min_size=1, max_size=3).map(".".join),
        st.sampled_from(["com", "org", "de", "co.uk", "test"]),
    )
    atoms = st.text(_ATOM, min_size=1, max_size=12).filter(lambda text: "=?" not in text)
    locals_ = st.lists(atoms, min_size=1, max_size=4).map(".".join)
    names = st.text(_NAME, max_size=30).map(lambda text: text.strip(" "))
    return st.builds(
        Address, display_name=names if named else st.just(""), local=locals_, domain=domains
    )


def keys() -> SearchStrategy[AddressKey]:
    """What lists compare mailboxes by."""
    return addresses(named=False).map(lambda address: address.key)


def attachments() -> SearchStrategy[Attachment]:
    """Files and images of up to some hundred bytes."""
    names = st.text(_LINE, min_size=1, max_size=40).filter(lambda name: name.strip() != "")
    types = st.none() | st.sampled_from(
        ["application/pdf", "image/png", "text/plain; charset=utf-8", "application/octet-stream"]
    )
    ids = st.none() | st.text(_WORD, min_size=1, max_size=20).map(lambda word: f"{word}@cid")
    return st.builds(Attachment, names, st.binary(max_size=300), types, content_id=ids)


def emails(*, templates: bool = True) -> SearchStrategy[Email]:
    """
    E-mails of up to a dozen recipients.

    Args:
        templates: Whether some name a template of SES's, which goes by its API alone.
    """
    written = _emails(
        {
            "subject": st.text(_LINE, max_size=80),
            "text": _BODY,
            "html": st.none() | _BODY,
            "attachments": st.lists(
                attachments(), max_size=2, unique_by=lambda one: one.content_id or one.filename
            ),
        }
    )
    if not templates:
        return written
    data = st.dictionaries(st.text(_WORD, min_size=1, max_size=8), _BODY, max_size=3)
    return written | _emails({"template": st.builds(Template, _NAMES, data)})


def _emails(content: dict[str, SearchStrategy[object]]) -> SearchStrategy[Email]:
    several = st.lists(addresses(), max_size=4)
    return st.builds(
        Email,
        sender=addresses(),
        to=st.lists(addresses(), min_size=1, max_size=4),
        cc=several,
        bcc=several,
        reply_to=st.lists(addresses(), max_size=2),
        headers=st.dictionaries(
            _NAMES.map(lambda name: f"x-own-{name}".lower()),
            st.text(string.ascii_letters + string.digits, min_size=1, max_size=40),
            max_size=3,
        ),
        tags=st.dictionaries(_NAMES.map(lambda name: f"t-{name}"), _NAMES, max_size=3),
        configuration_set=st.none() | _NAMES,
        return_path=st.none() | addresses(named=False),
        list_unsubscribe=st.none() | st.just("https://example.com/unsubscribe?id=1"),
        tenant=st.none() | _NAMES,
        stream=st.none() | _NAMES,
        **content,
    )


def scopes() -> SearchStrategy[str]:
    """All mail, a tenant's, or a stream's."""
    return st.just("") | _NAMES.map(tenant_scope) | _NAMES.map(stream_scope)


def suppressions() -> SearchStrategy[Suppression]:
    """Entries of a list. Those that expire do so after the year 2100."""
    after = datetime(2100, 1, 1, tzinfo=UTC)
    return st.builds(
        Suppression,
        key=keys(),
        reason=st.sampled_from(Reason),
        at=_TIMES,
        scope=scopes(),
        address=st.none() | addresses(named=False).map(lambda address: address.addr_spec),
        source=st.sampled_from(["event", "soft-bounces", "operator", "hook"]),
        event_key=st.none() | st.uuids().map(lambda number: f"Bounce:{number}"),
        detail=st.none() | st.sampled_from(["Permanent/General 5.1.1", "abuse"]),
        expires_at=st.none() | st.integers(0, 3650).map(lambda days: after + timedelta(days)),
    )


def changes() -> SearchStrategy[Change]:
    """What an event does to a list."""
    releases = st.builds(
        Release,
        key=keys(),
        reason=st.sampled_from([Reason.BOUNCE, Reason.COMPLAINT, Reason.UNSUBSCRIBE]),
        at=_TIMES,
        scope=scopes(),
    )
    counts = st.builds(
        CountSoftBounce,
        key=keys(),
        at=_TIMES,
        limit=st.integers(1, 5),
        window=st.integers(1, 30).map(lambda days: timedelta(days=days)),
        scope=scopes(),
    )
    return st.builds(Suppress, suppressions()) | releases | counts


def payloads(
    *,
    kinds: Sequence[Kind] = get_args(Kind),
    envelopes: Sequence[Envelope] = get_args(Envelope),
    channels: Sequence[Channel] = get_args(Channel),
) -> SearchStrategy[str]:
    """
    What SES tells, as text, in any of *envelopes* that the kind comes by.

    Args:
        kinds, envelopes, channels: As `sesguard.testing.events.sample` takes them.
    """
    meeting = [
        (kind, envelope, channel)
        for kind in kinds
        for envelope in envelopes
        for channel in channels
        if _meet(kind, envelope, channel)
    ]
    if not meeting:
        raise ConfigurationError("None of these kinds comes by one of these envelopes.")
    return st.builds(
        _payload,
        st.sampled_from(meeting),
        st.lists(addresses(named=False), min_size=1, max_size=3, unique_by=lambda one: one.key),
        _TIMES,
        st.uuids(),
    )


def events(*, kinds: Sequence[Kind] = get_args(Kind)) -> SearchStrategy[Event]:
    """What `parse_event` makes of `payloads`."""
    return payloads(kinds=kinds).map(parse_event)


def _meet(kind: Kind, envelope: Envelope, channel: Channel) -> bool:
    try:
        sample(kind, envelope=envelope, channel=channel)
    except ConfigurationError:
        return False
    return True


def _payload(
    asked: tuple[Kind, Envelope, Channel],
    recipients: Sequence[Address],
    at: datetime,
    number: object,
) -> str:
    kind, envelope, channel = asked
    return sample(
        kind,
        envelope=envelope,
        channel=channel,
        recipients=[address.addr_spec for address in recipients],
        timestamp=at,
        sns_message_id=str(number),
    )
