"""What the strategies make is valid: the model takes it, and reads it back."""

from __future__ import annotations

import json
import pickle
from email import message_from_bytes, policy
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesguard import events, parse_event
from sesguard._core.policy import FeedbackPolicy
from sesguard.addresses import Address, AddressKey
from sesguard.errors import ConfigurationError
from sesguard.mail import Attachment, Email
from sesguard.stores import MemoryStore
from sesguard.suppression import Change, Suppression
from sesguard.testing import strategies
from sesguard.testing.events import Kind
from sesguard.transports.ses_request import send_email_request


def found_by(strategy: st.SearchStrategy[object], *, runs: int = 100) -> list[object]:
    """What a strategy makes, over so many runs."""
    seen: list[object] = []

    @settings(max_examples=runs)
    @given(strategy)
    def look(value: object) -> None:
        seen.append(value)

    look()
    assert seen
    return seen


@given(strategies.addresses())
def test_an_address_is_read_back(address: Address) -> None:
    """With its name, and without; what stands on the wire is printable ASCII."""
    assert Address.parse(address.mailbox) == address
    assert Address.parse(address.addr_spec).key == address.key
    assert address.header.isascii()


@given(strategies.keys())
def test_a_key_is_the_key_of_itself(key: AddressKey) -> None:
    """What lists compare by is an address."""
    assert Address.parse(key).key == key


@given(strategies.attachments())
def test_an_attachment_is_taken(attachment: Attachment) -> None:
    """It goes along with an e-mail, and comes back from JSON."""
    email = Email(sender="a@example.org", to="b@example.org", subject="", attachments=[attachment])
    assert Email.from_dict(json.loads(json.dumps(email.to_dict()))).attachments == (attachment,)


@settings(max_examples=40)
@given(strategies.emails())
def test_an_email_can_be_sent_and_stored(email: Email) -> None:
    """It is asked for in SES's terms, pickles, and comes back from JSON."""
    assert send_email_request(email)["Destination"]["ToAddresses"]
    assert Email.from_dict(json.loads(json.dumps(email.to_dict()))) == email
    assert pickle.loads(pickle.dumps(email)) == email


@settings(max_examples=40)
@given(strategies.emails(templates=False))
def test_an_email_without_a_template_is_mime(email: Email) -> None:
    """It has a subject and bytes, in which nobody reads of blind copies."""
    message = message_from_bytes(email.as_bytes(), policy=policy.default)
    assert message["Subject"] is not None
    assert message["Bcc"] is None
    assert email.template is None


@given(st.lists(strategies.suppressions(), max_size=3))
def test_an_entry_is_kept(entries: list[Suppression]) -> None:
    """A store takes it, finds it and lists it."""
    store = MemoryStore()
    store.add(entries)
    for one in entries:
        assert one.key in store.look_up([one.key], [one.scope])
    assert {one.key for one in store.entries().items} == {one.key for one in entries}


@given(st.lists(strategies.changes(), min_size=1, max_size=4))
def test_changes_are_applied_once(changes: list[Change]) -> None:
    """A store takes them in one transaction, and knows them when they come again."""
    store = MemoryStore()
    assert list(store.apply([("event", changes)])) == [True]
    assert list(store.apply([("event", changes)])) == [False]


@given(strategies.payloads())
def test_a_payload_is_one_event(text: str) -> None:
    """It is read, the same each time, and the policy knows what to do."""
    event = parse_event(text)
    assert event.key == parse_event(text.encode()).key
    assert isinstance(FeedbackPolicy().consequences(event), tuple)


@given(strategies.payloads(kinds=["Bounce"], envelopes=["sqs", "firehose"], channels=["events"]))
def test_payloads_are_those_that_were_asked_for(text: str) -> None:
    """Only of these kinds, envelopes and channels."""
    assert isinstance(parse_event(text), events.Bounce)
    assert text.startswith('{"Messages"') or text.endswith("}\n")


def test_kinds_that_never_come_so_are_refused() -> None:
    """Nothing to choose from is an error at once."""
    with pytest.raises(ConfigurationError, match="None of these kinds"):
        strategies.payloads(kinds=["Open"], channels=["notifications"])


def test_every_kind_of_event_is_made() -> None:
    """None is left out, and a kind alone is made alone."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    for kind in kinds:
        made = found_by(strategies.events(kinds=[kind]), runs=10)
        assert {type(one) for one in made} == {getattr(events, kind)}


def test_what_is_rare_is_made_too() -> None:
    """Names of people, templates, blind copies, scopes, entries that end, each of the changes."""
    made = [one for one in found_by(strategies.emails()) if isinstance(one, Email)]
    assert any(one.template for one in made)
    assert any(one.attachments for one in made)
    assert any(one.bcc for one in made)
    assert any(one.sender.display_name for one in made)
    entries = [one for one in found_by(strategies.suppressions()) if isinstance(one, Suppression)]
    assert {one.scope.partition(":")[0] for one in entries} == {"", "tenant", "stream"}
    assert any(one.expires_at for one in entries)
    assert {type(one) for one in found_by(strategies.changes())} == set(get_args(Change))
