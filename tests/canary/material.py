"""An e-mail full of canaries, and what others say of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import boto3
from botocore.config import Config

from sesguard import Attachment, Email, Reason, Suppression, Template
from sesguard.addresses import Address
from tests.canary.watch import CANARIES, Watch
from tests.peers.http import Answer
from tests.peers.smtp import PASSWORD, USERNAME, Fault, Stage

__all__ = [
    "ADDRESS",
    "API_ANSWERS",
    "DOMAIN",
    "FOREIGN",
    "KEY",
    "LOCAL",
    "MAILBOX",
    "NOW",
    "SAID",
    "SECRET",
    "SMTP_ANSWERS",
    "STAGES",
    "UNVERIFIED",
    "WRONG_PASSWORD",
    "Foreign",
    "Scenario",
    "entry",
    "failing",
    "failing_later",
    "letter",
    "once",
    "session",
    "templated",
]

Scenario: TypeAlias = Callable[[Watch, Path], None]

LOCAL, DOMAIN = CANARIES["local part"], CANARIES["domain"]
ADDRESS = f"{LOCAL}@{DOMAIN}.example"
MAILBOX = f"{CANARIES['display name']} <{ADDRESS}>"
KEY = Address.parse(ADDRESS).key
SECRET = f"{CANARIES['AWS secret']}+{'X' * 40}"[:40]
WRONG_PASSWORD = f"B{CANARIES['wrong SMTP password']}/{'X' * 44}"[:44]
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

FOREIGN = f"{CANARIES['foreign words']}: {ADDRESS}, {CANARIES['subject']}"
"""What a function of the user's, or another package, says of a failure."""

SAID = f"{CANARIES['detail']} <{ADDRESS}>"
"""What a mail server says of a recipient."""

UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region "
    f"EU-WEST-1: {MAILBOX}, {ADDRESS}, {DOMAIN}.example"
)


class Foreign(Exception):  # noqa: N818  it is not ours
    """An exception that talks."""

    def __init__(self) -> None:
        super().__init__(FOREIGN)


def failing(*_: object) -> NoReturn:
    raise Foreign


async def failing_later(*_: object) -> NoReturn:
    raise Foreign


def letter(**more: Any) -> Email:
    """An e-mail with a canary in every field that may hold one."""
    name, content = CANARIES["file name"], CANARIES["file content"]
    given: dict[str, Any] = {
        "sender": MAILBOX,
        "to": [MAILBOX, f"1{ADDRESS}"],
        "cc": f"2{ADDRESS}",
        "bcc": f"3{ADDRESS}",
        "reply_to": MAILBOX,
        "return_path": ADDRESS,
        "subject": CANARIES["subject"],
        "text": CANARIES["text"],
        "html": CANARIES["html"],
        "headers": {"X-Ours": CANARIES["header value"]},
        "list_unsubscribe": f"https://unsubscribe.example/{ADDRESS}",
        "attachments": [
            Attachment(f"{name}.pdf", content),
            Attachment(f"{name}.png", b"\x89PNG", f'image/png; name="{name}"', content_id=ADDRESS),
        ],
    }
    return Email(**{**given, **more})


def templated(**more: Any) -> Email:
    """The same, as far as a template lets it be said."""
    data = {"name": CANARIES["template data"], CANARIES["template data"]: [ADDRESS]}
    bare = dict.fromkeys(("subject", "text", "html"))
    return letter(**bare, attachments=(), template=Template("welcome", data), **more)


def entry() -> Suppression:
    """An entry of a list, with a detail that should hold no address, and does."""
    return Suppression(
        key=KEY, reason=Reason.BOUNCE, at=NOW, address=ADDRESS, detail=SAID, source="hook"
    )


API_ANSWERS = [
    Answer(status, {"message": message}, {"x-amzn-ErrorType": code})
    for status, code, message in (
        (400, "MessageRejected", UNVERIFIED),
        (400, "MessageRejected", SAID),
        (400, "BadRequestException", f"Domain contains illegal character: {ADDRESS}"),
        (400, "LimitExceededException", f"Daily message quota exceeded. {SAID}"),
        (429, "TooManyRequestsException", f"Maximum sending rate exceeded. {SAID}"),
        (400, "MailFromDomainNotVerifiedException", SAID),
        (400, "SendingPausedException", SAID),
        (400, "AccountSuspendedException", SAID),
        (404, "NotFoundException", f"Template <{SAID}> does not exist"),
        (403, "AccessDeniedException", f"not authorized to perform ses:SendEmail on {ADDRESS}"),
        (403, "SignatureDoesNotMatch", f"{SECRET} {CANARIES['session token']}"),
        (403, "ExpiredTokenException", f"{CANARIES['session token']} has expired"),
        (413, "", SAID),
        (418, ADDRESS, SAID),
        (500, "InternalFailure", SAID),
        (503, "ServiceUnavailable", SAID),
    )
]

STAGES: list[Stage] = ["connect", "ehlo", "auth", "mail", "rcpt", "data", "body"]
SMTP_ANSWERS: list[str | bytes | Fault] = [
    f"454 4.7.1 <{ADDRESS}>: Throttling failure: Maximum sending rate exceeded",
    f"454 Throttling failure: Daily message quota exceeded for {ADDRESS}",
    f"553 5.1.3 <{ADDRESS}> {CANARIES['subject']}",
    f"535 Authentication Credentials Invalid: {USERNAME}, {PASSWORD}",
    f"421 {SAID}",
    f"554 Message rejected: {UNVERIFIED}",
    f"299 {SAID}",
    f"{SAID}\r\n".encode(),
    Fault.DROP,
]


@cache
def session() -> Any:
    """A boto3 session whose credentials are canaries."""
    make: Any = boto3.Session
    return make(
        aws_access_key_id=USERNAME,
        aws_secret_access_key=SECRET,
        aws_session_token=CANARIES["session token"],
        region_name="eu-west-1",
    )


def once(service: str, url: str) -> Any:
    """A client of that session that repeats nothing."""
    config = Config(retries={"total_max_attempts": 1})
    return session().client(service, endpoint_url=url, config=config)
