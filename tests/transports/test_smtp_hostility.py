"""Hostile input over SMTP: no recipient, no header line, no second mail."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sesguard import mime
from sesguard.errors import EmailError
from sesguard.mail import Email
from sesguard.transports.smtp import SMTPTransport
from tests.hostile_cases import HOSTILE_CASES, HostileCase
from tests.peers.smtp import AioSMTPPeer, SMTPPeer
from tests.peers.smtp_client import Handovers, transport_to
from tests.wire import headers_of

DUE = re.compile(
    r"from|reply-to|to|cc|subject|mime-version|content-type|content-transfer-encoding|"
    r"list-unsubscribe|list-unsubscribe-post|x-ses-(configuration-set|message-tags|tenant)|"
    r"x-ses-list-management-options",
    re.I,
)


@pytest.fixture(scope="module")
def strict() -> Iterator[tuple[SMTPPeer, SMTPTransport]]:
    """A reader of ours that splits at CRLF alone and minds what stands alone."""
    with SMTPPeer() as peer, transport_to(peer) as transport:
        yield peer, transport


@pytest.fixture(scope="module")
def other() -> Iterator[tuple[AioSMTPPeer, SMTPTransport]]:
    """A reader that is not ours."""
    with AioSMTPPeer() as peer, transport_to(peer) as transport:
        yield peer, transport


def built_for_smtp(case: HostileCase) -> Email | None:
    """The e-mail that a case comes to, where it is one for SMTP."""
    try:
        built = case.build()
    except EmailError:
        return None
    return built if built.template is None else None


MAILED = [(case.id, built) for case in HOSTILE_CASES if (built := built_for_smtp(case))]


def mailboxes(built: Email) -> list[str]:
    """Whom the mail is for, each mailbox once."""
    return list({one.key: one.addr_spec for one in reversed(built.recipients)}.values())


@pytest.mark.parametrize("built", [built for _, built in MAILED], ids=[name for name, _ in MAILED])
def test_hostile_input_adds_nothing_on_the_wire(
    built: Email,
    strict: tuple[SMTPPeer, SMTPTransport],
    other: tuple[AioSMTPPeer, SMTPTransport],
) -> None:
    """One mail arrives, to whom it is for, with the headers that are due, at both readers."""
    for peer, transport in (strict, other):
        peer.messages.clear()
        transport.submit(built, Handovers())
        (message,) = peer.messages
        assert sorted(map(str.lower, message.recipients)) == sorted(
            one.lower() for one in mailboxes(built)
        )
        assert message.sender == (built.return_path or built.sender).addr_spec
        assert message.content == mime.render(built, for_smtp=True)
        given = {name.lower() for name in built.headers}
        for name, _ in headers_of(message.content):
            assert DUE.fullmatch(name) or name.lower() in given
    assert strict[0].bare == []


def test_enough_hostile_cases_reach_the_wire() -> None:
    """At least a hundred cases are mailed; the others were refused before."""
    assert len(MAILED) > 100
