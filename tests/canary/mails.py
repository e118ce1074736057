"""E-mails: built, refused, read back."""

from __future__ import annotations

import dataclasses
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

from sesguard import Attachment, Email, ListManagement, Template, addresses, mime, suppression
from sesguard.addresses import Address
from tests.canary.material import (
    ADDRESS,
    DOMAIN,
    FOREIGN,
    KEY,
    LOCAL,
    MAILBOX,
    Foreign,
    letter,
    templated,
)
from tests.canary.watch import CANARIES, Watch

__all__ = ["SCENARIOS", "WRONG_TEXTS", "WRONG_THINGS"]

NAME, SUBJECT, FILE = CANARIES["display name"], CANARIES["subject"], CANARIES["file content"]


def values(watch: Watch, folder: Path) -> None:
    """What an e-mail is made of, and what is made of it."""
    for one in (letter(), templated(), letter(cc=()), letter(stream="news", tenant="shop")):
        watch.value(one)
        watch.ask(one.keeping, [KEY])
        watch.ask(partial(one.with_defaults, configuration_set="orders", tags={"kind": "order"}))
        watch.ask(partial(one.with_defaults, tags={ADDRESS: SUBJECT}))
        watch.ask(one.to_dict)
        watch.ask(Email.from_dict, one.to_dict())
        watch.ask(one.as_bytes)
        watch.ask(mime.render, one)
        try:
            one.headers[ADDRESS]
        except KeyError as error:
            watch.error(error)
    watch.value(ListManagement("friends", "news"))
    watch.ask(Address.parse, MAILBOX)
    watch.ask(Address.parse(ADDRESS).named, NAME)
    watch.ask(addresses.read_leniently, MAILBOX)
    watch.value([suppression.tenant_scope("a"), suppression.stream_scope("b")])


WRONG_TEXTS = [
    f"{ADDRESS}\r\nBcc: {ADDRESS}",
    f"{ADDRESS}\0",
    f"{MAILBOX}, {ADDRESS}",
    f"{SUBJECT} {ADDRESS}\ud800",
    f"{ADDRESS}: {SUBJECT}",
    f"<{ADDRESS}",
    f"{NAME} <{NAME}> <{ADDRESS}>",
    f"{NAME}@{NAME} <{ADDRESS}>",
    f'"{LOCAL} {LOCAL}"@{DOMAIN}.example',
    f"{LOCAL} {LOCAL}@{DOMAIN}.example",
    f"{LOCAL}@{DOMAIN}",
    f"{LOCAL}@{DOMAIN}..example",
    f"{LOCAL}@-{DOMAIN}.example",
    f"{LOCAL}@{DOMAIN}_.example",
    f"{LOCAL}@xn--{DOMAIN}.example",
    f"{LOCAL}@[{DOMAIN}]",
    f"{LOCAL}@{DOMAIN}.arpa",
    f"{LOCAL}@{DOMAIN}.1",
    f"{LOCAL}ü@{DOMAIN}.example",
    f"{LOCAL * 5}@{DOMAIN}.example",
    f"{LOCAL}@{DOMAIN * 5}.example",
    f"{LOCAL}@{'.'.join([DOMAIN] * 30)}.example",
    f"=?utf-8?q?{LOCAL}?=@{DOMAIN}.example",
    f"{ADDRESS} {SUBJECT}" * 60,
    f"http://{DOMAIN}.example/{ADDRESS}",
]
"""What is no address, and much else that it is not either."""

WRONG_THINGS: list[Any] = [
    7,
    ADDRESS.encode(),
    {ADDRESS: SUBJECT},
    [{ADDRESS: MAILBOX}],
    [ADDRESS] * 60,
    (7, ADDRESS),
    Foreign,
]

FIELDS = [field.name for field in dataclasses.fields(Email)]


def wrong_fields(watch: Watch, folder: Path) -> None:
    """What no e-mail may be built of, in every field."""
    whole = letter().to_dict()
    del whole["attachments"]
    wrong: Any
    for wrong in [*WRONG_TEXTS, *WRONG_THINGS]:
        for name in FIELDS:
            watch.ask(partial(Email, **{**whole, "list_management": None, name: wrong}))
        for more in (
            {"headers": {"X-Ours": wrong}},
            {"headers": {ADDRESS: wrong, ADDRESS.upper(): wrong}},
            {"tags": {"kind": wrong}},
            {"to": [ADDRESS, wrong]},
            {"list_unsubscribe": [f"https://{DOMAIN}.example", wrong]},
        ):
            watch.ask(partial(Email, **{**whole, **more}))
        watch.ask(Attachment, wrong, b"")
        watch.ask(Attachment, "a", wrong)
        watch.ask(Attachment, "a", FILE, wrong)
        watch.ask(partial(Attachment, "a", FILE, content_id=wrong))
        watch.ask(Template, "welcome", wrong)
        watch.ask(ListManagement, wrong)
        watch.ask(ListManagement, "friends", wrong)
        watch.ask(Address.parse, wrong)
    also: Any
    large = Attachment(CANARIES["file name"], FILE * 2_500_000)
    for also in (
        *({"headers": {name: ADDRESS}} for name in ("Bcc", "X-SES-A", f"Resent-{ADDRESS}")),
        {"headers": {"A": ADDRESS, "a": ADDRESS}},
        {"headers": {"A": f"=?utf-8?q?{SUBJECT}=0a?="}},
        dict.fromkeys(("to", "cc", "bcc"), ()),
        {"subject": None},
        {"template": Template("welcome")},
        {"charset": "us-ascii", "text": f"{CANARIES['text']}é"},
        {"attachments": [large]},
        {"attachments": [Attachment("a", b"", content_id=ADDRESS)] * 2},
    ):
        watch.ask(partial(letter, **also))
    watch.ask(Template, "\n")
    watch.ask(Template, "welcome", {ADDRESS: Foreign(), "b": {CANARIES["template data"]}})
    watch.ask(partial(Address, local=f"{LOCAL} ", domain=DOMAIN))
    watch.ask(partial(Address, local=LOCAL, domain=f"{DOMAIN}.example", display_name=MAILBOX))


def records(watch: Watch, folder: Path) -> None:
    """Dicts that `Email.to_dict` did not write."""
    written = letter().to_dict()
    wrong: Any
    for wrong in [*WRONG_TEXTS, *WRONG_THINGS]:
        watch.ask(Email.from_dict, wrong)
        for more in (
            {"to": wrong},
            {"attachments": wrong},
            {"attachments": [{"filename": wrong}]},
            {"attachments": [{"filename": "a", "content": wrong}]},
            {"template": {"name": wrong, ADDRESS: wrong}},
            {"list_management": wrong},
        ):
            watch.ask(Email.from_dict, {**written, **more})
    watch.ask(Email.from_dict, {**written, ADDRESS: SUBJECT})


def messages(watch: Watch, folder: Path) -> None:
    """Messages of the standard library, some of which say what an e-mail cannot."""
    for text in _texts():
        message = email.message_from_bytes(text, policy=email.policy.default)
        watch.ask(Email.from_message, message)
    plain: Any = email.message_from_bytes(letter().as_bytes())
    odd = EmailMessage()
    odd["To"] = f"{LOCAL}@, <{ADDRESS}"
    no_message: Any = FOREIGN
    for one in (plain, odd, no_message):
        watch.ask(Email.from_message, one)


def _texts() -> Iterator[bytes]:
    whole = letter().as_bytes()
    yield whole
    for line in (
        f"Bcc: {ADDRESS}",
        f"From: 1{ADDRESS}",
        f"Sender: 1{ADDRESS}",
        f"Subject: {ADDRESS}",
        f"X-Ours: {ADDRESS}",
        f"{ADDRESS}: {SUBJECT}\r\n{ADDRESS}: {SUBJECT}",
        f"X-SES-MESSAGE-TAGS: {ADDRESS}",
        f"X-SES-TENANT: {ADDRESS}",
        f"X-SES-SOURCE-ARN: {ADDRESS}",
        f"Reply-To: {LOCAL} x@, {ADDRESS}",
        f"Return-Path: <{LOCAL}>",
    ):
        yield f"{line}\r\n".encode() + whole
    for name, other in (
        (b"From:", b"X-From:"),
        (b"X-Ours: ", b"X-Ours: \xff "),
        (b"List-Unsubscribe-Post:", b"X-Post:"),
        (b"To: ", f"To: {LOCAL} x@{DOMAIN}, ".encode()),
        (b"utf-8", CANARIES["text"].encode()),
        (b"multipart/related", b"multipart/signed"),
    ):
        yield whole.replace(name, other)


SCENARIOS = [values, wrong_fields, records, messages]
