"""Hostile input brings no header line, no recipient and no way round the list."""

from __future__ import annotations

import email
import email.policy
import re

import pytest

from sesguard import addresses, errors, mime
from sesguard.mail import Email
from tests.hostile_cases import HOSTILE_CASES, SUPPRESSED, SUPPRESSED_VARIANTS, HostileCase
from tests.wire import addresses_in, body_of, headers_of


def expected_names(built: Email, *, for_smtp: bool) -> list[str]:
    """The header lines that are due, from what the e-mail says and from nothing else."""
    names = ["From"]
    names += ["Reply-To"] * bool(built.reply_to) + ["To"] * bool(built.to) + ["Cc"] * bool(built.cc)
    names += ["Subject", *built.headers]
    if built.list_unsubscribe:
        names.append("List-Unsubscribe")
        if any(uri.lower().startswith("https:") for uri in built.list_unsubscribe):
            names.append("List-Unsubscribe-Post")
    if for_smtp:
        names += ["X-SES-CONFIGURATION-SET"] * (built.configuration_set is not None)
        names += ["X-SES-MESSAGE-TAGS"] * bool(built.tags or built.stream)
        names += ["X-SES-TENANT"] * (built.tenant is not None)
        names += ["X-SES-LIST-MANAGEMENT-OPTIONS"] * (built.list_management is not None)
    return [*names, "MIME-Version", "Content-Type"]


def assert_nothing_added(message: bytes, built: Email, *, for_smtp: bool) -> None:
    headers = headers_of(message)
    names = [name for name, _ in headers if name != "Content-Transfer-Encoding"]
    assert names == expected_names(built, for_smtp=for_smtp)
    values = dict(headers)
    for name, listed in (("From", [built.sender]), ("To", built.to), ("Cc", built.cc)):
        if listed:
            written = addresses_in(values[name])
            assert len(written) == len(listed)
            for one, address in zip(written, listed, strict=True):
                bare = re.sub(rb".*<([^<>]*)>", rb"\1", one)
                assert bare == address.addr_spec.encode("ascii")
    body = body_of(message)
    assert body.isascii()
    assert b"\0" not in body
    assert body.count(b"\r\n") == body.count(b"\r") == body.count(b"\n")
    assert max(map(len, message.split(b"\r\n"))) <= 998


def assert_read_alike(message: bytes, built: Email) -> None:
    """The standard library finds the same recipients and parts."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    for name, listed in (("To", built.to), ("Cc", built.cc)):
        found = parsed[name].addresses if listed else ()
        assert [one.addr_spec.lower() for one in found] == [one.addr_spec.lower() for one in listed]
    assert parsed["Bcc"] is None
    leaves = [one for one in parsed.walk() if not one.is_multipart()]
    assert len(leaves) == (
        (built.text is not None) + (built.html is not None) + len(built.attachments)
    )


def built_or_refused(case: HostileCase) -> Email | None:
    try:
        return case.build()
    except errors.EmailError as exc:
        error = exc
    shown = f"{error}{error!r}"
    assert error.field
    assert error.field in str(error)
    assert "victim" not in shown
    assert "example.org" not in shown
    assert shown.isprintable()
    return None


@pytest.mark.parametrize("case", HOSTILE_CASES, ids=lambda case: case.id)
def test_hostile_input_adds_nothing(case: HostileCase) -> None:
    """
    It is refused with an EmailError that shows none of it, or it stays where it was put.
    """
    built = built_or_refused(case)
    if built is None:
        return
    assert not case.refused
    assert "victim" not in repr(built)
    if built.template is not None:
        return
    message = b""
    for for_smtp in (False, True):
        message = mime.render(built, for_smtp=for_smtp)
        assert_nothing_added(message, built, for_smtp=for_smtp)
    assert_read_alike(message, built)


def test_there_are_enough_cases() -> None:
    """
    At least 150 attacks, under names of their own, of which some pass and most are refused.
    """
    assert len(HOSTILE_CASES) >= 150
    assert len({case.id for case in HOSTILE_CASES}) == len(HOSTILE_CASES)
    passing = sum(built_or_refused(case) is not None for case in HOSTILE_CASES)
    assert 100 < passing < len(HOSTILE_CASES) / 2


@pytest.mark.parametrize("spelling", SUPPRESSED_VARIANTS)
def test_no_spelling_gets_round_the_list(spelling: str) -> None:
    """
    A variant of a suppressed address has the same key, to the sender and out of events.
    """
    key = addresses.Address.parse(SUPPRESSED).key
    try:
        found = addresses.Address.parse(spelling)
    except errors.AddressError:
        return
    assert found.key == key
    assert addresses.read_leniently(spelling)[1] == key


@pytest.mark.parametrize(
    "other",
    [
        "annlee+x@müller.example",
        "ann.lee@müller.example",
        "ann.lee+y@müller.example",
        "ann.lee+x@muller.example",
        "ann.lee+x@mueller.example",
        "ann.lee+x@m\u00fcl\u04cfer.example",
        '"ann.lee+x."@müller.example',
    ],
)
def test_another_mailbox_is_another_mailbox(other: str) -> None:
    """
    Dots, tags and look-alike letters make other mailboxes, which are mailed.
    """
    assert addresses.Address.parse(other).key != addresses.Address.parse(SUPPRESSED).key
