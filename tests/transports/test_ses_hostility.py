"""Hostile input over SES's API: no recipient, no header line, no way round the list."""

from __future__ import annotations

import itertools
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from boto3.session import Session

from sesguard import Client, Email, limiters, stores
from sesguard.addresses import Address, AddressKey
from sesguard.errors import EmailError, SuppressedError
from sesguard.transports import SESTransport
from tests.hostile_cases import HOSTILE_CASES, SUPPRESSED, SUPPRESSED_VARIANTS, HostileCase
from tests.peers.http import HTTPPeer
from tests.wire import addresses_in, body_of, headers_of

Json: TypeAlias = dict[str, Any]
SES: TypeAlias = tuple[HTTPPeer, SESTransport]

LINES = {"ToAddresses": "to", "CcAddresses": "cc", "BccAddresses": "bcc"}
BODIES = {"RawContent", "Text", "Html", "TemplateData", "Raw"}
"""What may break lines: it is a body, or becomes one."""

BREAKS = re.compile("[\0\r\n]")
ENCODED_WORD = re.compile(r"=\?[^?]+\?([QqBb])\?([^?]*)\?=")
QUOTED = r'"(?:[^"\\]|\\.)*"'
ATOM = r'[^\s"<>()\[\]:;@\\,]+'
SPEC = rf"(?:{QUOTED}|{ATOM})@[A-Za-z0-9.-]+"
MAILBOX = re.compile(
    rf"(?:(?P<name>{QUOTED}|{ATOM}(?: {ATOM})*) )?<(?P<spec>{SPEC})>|(?P<bare>{SPEC})"
)


@pytest.fixture(scope="module")
def ses() -> Iterator[SES]:
    """boto3 as it comes, in front of a server that keeps whatever it is asked."""
    with (
        HTTPPeer() as peer,
        SESTransport(boto3_session=Session(), endpoint_url=peer.url) as transport,
    ):
        yield peer, transport


def built(case: HostileCase) -> Email | None:
    try:
        return case.build()
    except EmailError:
        return None


def as_raw(email: Email) -> Email:
    """The same e-mail in a character set that only a raw message can name."""
    assert Email.from_dict(email.to_dict()) == email
    return Email.from_dict({**email.to_dict(), "charset": "gb18030"})


BUILT = [(case.id, email) for case in HOSTILE_CASES if (email := built(case))]
RAW = [(name, as_raw(email)) for name, email in BUILT if email.template is None]


# A reader of a request that shares nothing with what wrote it.


def decoded(text: str) -> str:
    """What encoded words say; a space between two of them is nothing."""

    def word(found: re.Match[str]) -> str:
        content = found[2].encode()
        if found[1] in "Bb":
            return b64decode(content, validate=True).decode()
        content = content.replace(b"_", b" ")
        octet = rb"=([0-9A-Fa-f]{2})"
        return re.sub(octet, lambda one: bytes.fromhex(one[1].decode()), content).decode()

    return ENCODED_WORD.sub(word, text.replace("?= =?", "?==?"))


def mailbox_in(element: str) -> tuple[str, str]:
    """The name and the address of an element that holds one mailbox and nothing else."""
    (one,) = addresses_in(element.encode("ascii"))
    found = MAILBOX.fullmatch(one.decode())
    assert found, "not one mailbox"
    name = found["name"] or ""
    name = re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else decoded(name)
    return name, found["spec"] or found["bare"]


def lines_in(value: object) -> Iterator[str]:
    """All text of a request that has to stay on one line."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from () if name in BODIES else lines_in(part)
    elif isinstance(value, Sequence):
        for part in value:
            yield from lines_in(part)


def assert_same_mailboxes(elements: Iterable[str], expected: Iterable[Address]) -> None:
    assert [mailbox_in(one) for one in elements] == [
        (one.display_name, one.addr_spec) for one in expected
    ]


def header_names(email: Email) -> list[str]:
    """The further header lines that are due."""
    names = list(email.headers)
    if email.list_unsubscribe:
        names.append("List-Unsubscribe")
        if any(uri.lower().startswith("https:") for uri in email.list_unsubscribe):
            names.append("List-Unsubscribe-Post")
    return names


def assert_whom(asked: Json, email: Email) -> None:
    """The request names the sender and the recipients that the e-mail has, and no other."""
    assert_same_mailboxes([asked["FromEmailAddress"]], [email.sender])
    destination = asked["Destination"]
    assert set(destination) == {line for line, field in LINES.items() if getattr(email, field)}
    for line, elements in destination.items():
        assert_same_mailboxes(elements, getattr(email, LINES[line]))
    raw = "Raw" in asked["Content"]
    assert_same_mailboxes(asked.get("ReplyToAddresses", ()), () if raw else email.reply_to)
    if email.return_path is not None:
        assert asked["FeedbackForwardingEmailAddress"] == email.return_path.addr_spec


def assert_one_line_each(asked: Json) -> None:
    assert not [line for line in lines_in(asked) if BREAKS.search(line)]
    for tag in asked.get("EmailTags", ()):
        assert re.fullmatch(r"[A-Za-z0-9_-]+=[A-Za-z0-9_-]+", f"{tag['Name']}={tag['Value']}")


def assert_simple(content: Json, email: Email) -> None:
    """Subject, bodies, headers and files are those of the e-mail."""
    assert set(content) <= {"Subject", "Body", "Headers", "Attachments"}
    assert content["Subject"]["Data"] == decoded(content["Subject"]["Data"]) == email.subject
    bodies = {"Text": email.text, "Html": email.html}
    said = {name: body["Data"] for name, body in content["Body"].items()}
    assert said == {name: body for name, body in bodies.items() if body is not None}
    headers = content.get("Headers", ())
    assert [one["Name"] for one in headers] == header_names(email)
    for one in headers:
        assert re.fullmatch(r"[!-~][ -~]*", one["Value"])
        assert not BREAKS.search(decoded(one["Value"]))
    files = content.get("Attachments", ())
    assert not [one for one in files if "=?" in one["FileName"] or '"' in one["FileName"]]
    assert [(one["FileName"], b64decode(one["RawContent"])) for one in files] == [
        (one.filename, one.content) for one in email.attachments
    ]


def assert_raw(message: bytes, email: Email) -> None:
    """The message has the header lines that are due, each once, and no Bcc."""
    headers = headers_of(message)
    due = ["From", *["Reply-To"] * bool(email.reply_to), *["To"] * bool(email.to)]
    due += [*["Cc"] * bool(email.cc), "Subject", *header_names(email)]
    due += ["MIME-Version", "Content-Type"]
    assert [name for name, _ in headers if name != "Content-Transfer-Encoding"] == due
    values = dict(headers)
    for name, listed in (("To", email.to), ("Cc", email.cc), ("Reply-To", email.reply_to)):
        elements = addresses_in(values[name]) if listed else []
        assert_same_mailboxes([one.decode() for one in elements], listed)
    assert decoded(values["Subject"].decode()) == email.subject
    for _, value in headers:
        assert not BREAKS.search(decoded(value.decode()))
    body = body_of(message)
    assert body.isascii()
    assert b"\0" not in body
    assert body.count(b"\r\n") == body.count(b"\r") == body.count(b"\n")


def asked_for(email: Email, ses: SES) -> Json:
    """The one request that a submit makes, out of its bytes."""
    peer, transport = ses
    peer.requests.clear()
    transport.submit(email, lambda: None)
    (request,) = peer.requests
    asked: Json = json.loads(request.body)
    return asked


@pytest.mark.parametrize("email", [email for _, email in BUILT], ids=[name for name, _ in BUILT])
def test_hostile_input_adds_nothing_to_a_request(email: Email, ses: SES) -> None:
    """
    One request comes in, for whom the e-mail is and with the headers that are due.
    """
    asked = asked_for(email, ses)
    assert_whom(asked, email)
    assert_one_line_each(asked)
    ((kind, content),) = asked["Content"].items()
    if kind == "Simple":
        assert_simple(content, email)
    elif kind == "Raw":
        assert_raw(b64decode(content["Data"]), email)
    else:
        assert set(content) == {"TemplateName", "TemplateData"}
        assert email.template is not None
        assert content["TemplateName"] == email.template.name
        assert json.loads(content["TemplateData"]) == {}


@pytest.mark.parametrize("email", [email for _, email in RAW], ids=[name for name, _ in RAW])
def test_hostile_input_adds_nothing_to_a_raw_message(email: Email, ses: SES) -> None:
    """
    The same as a message of our own: one request, for whom it is, with the headers that are due.
    """
    asked = asked_for(email, ses)
    assert_whom(asked, email)
    assert_one_line_each(asked)
    ((kind, content),) = asked["Content"].items()
    assert kind == "Raw"
    assert_raw(b64decode(content["Data"]), email)


def test_each_hostile_case_is_refused_or_judged() -> None:
    """
    Of the 1,500 cases, those that must be are refused; over 150 come to a request of each kind.
    """
    assert len(HOSTILE_CASES) > 1500
    asked = {name for name, _ in BUILT}
    assert not [case.id for case in HOSTILE_CASES if case.refused and case.id in asked]
    assert len(BUILT) > 170
    assert len(RAW) > 150


# No way round the list.

PLAIN = "ann.lee@example.org"
SPELLINGS = [
    *[SUPPRESSED, *SUPPRESSED_VARIANTS],
    *[PLAIN, "Ann.LEE@Example.ORG", "ann.lee@example.org.", "ann.lee@example.org.."],
    *[" ann.lee@example.org  ", "ann.lee @example.org", "\tann.lee@example.org"],
    *['"ann.lee"@example.org', r'"ann\.lee"@example.org', "<ann.lee@example.org>"],
    *["ann.lee@\uff45xample.org", "\uff41nn.lee@example.org", "ann.lee\uff20example.org"],
    *["ann.lee@example\uff0eorg", "ann.lee@example\u3002org", "ann.lee@exam\u00adple.org"],
    *["Ann Lee <ann.lee@example.org>", '"a@b.example" <ANN.LEE@example.org.>'],
]
"""Spellings of two mailboxes. Each is refused, or is the mailbox."""

OTHER = "bob@example.org"


def of_memory(folder: Path) -> stores.MemoryStore:
    store = stores.MemoryStore()
    for address in (SUPPRESSED, PLAIN):
        store.suppress(address)
    return store


def of_sqlite(folder: Path) -> stores.SQLiteStore:
    store = stores.SQLiteStore(folder / "list.db")
    for address in (SUPPRESSED, PLAIN):
        store.suppress(address)
    return store


def of_hook(folder: Path) -> AbstractContextManager[Callable[[AddressKey], bool]]:
    listed = [Address.parse(address).key for address in (SUPPRESSED, PLAIN)]
    return nullcontext(lambda key: key in listed)


def hidden() -> Iterator[tuple[str, Email]]:
    """Each place and e-mail that a spelling can be hidden in."""
    for place, spelling in itertools.product(LINES.values(), SPELLINGS):
        named = f"Somebody <{spelling.strip()}>"
        for listed in ([spelling], [named], [OTHER, spelling], [spelling, named, OTHER]):
            given: Any = {"sender": "shop@example.org", "subject": "Hi", "text": "Hello"}
            given[place] = listed
            try:
                yield place, Email(**given)
            except EmailError:
                continue


@pytest.mark.parametrize("listed", [of_memory, of_sqlite, of_hook])
def test_no_spelling_is_mailed(listed: Callable[[Path], Any], ses: SES, tmp_path: Path) -> None:
    """
    0 of 58 spellings of a suppressed address get round the list, be it in memory, in a file or a
    function: in To, Cc and Bcc, with a name and without, alone and beside somebody else.

    Each either cannot be built into an e-mail or is not mailed, and the others are.
    """
    peer, transport = ses
    peer.requests.clear()
    stopped = dict.fromkeys(LINES.values(), 0)
    with (
        listed(tmp_path) as suppression,
        Client(
            suppression=suppression, transport=transport, limiter=limiters.Unlimited()
        ) as client,
    ):
        for place, email in hidden():
            with pytest.raises(SuppressedError):
                client.send(email)
            assert peer.requests == []
            stopped[place] += 1
            if any(one.addr_spec == OTHER for one in email.recipients):
                client.with_options(on_suppressed="drop").send(email)
                ((element,),) = json.loads(peer.requests.pop().body)["Destination"].values()
                assert mailbox_in(element) == ("", OTHER)
    assert len(SPELLINGS) == 58
    assert min(stopped.values()) > 100
