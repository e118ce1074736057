"""Twenty-two situations in which a mail is offered to the simulated SES, by whatever client."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any, NamedTuple

import pytest

from sesguard.simulator import SentMail, Simulator

__all__ = ["FILE", "SITUATIONS", "Mail", "Situation", "in_mime", "situations"]

SHOP, ANN = "shop@example.com", "ann@example.org"
FILE = bytes(range(256)) * 9
DOTS = ".\r\n..\r\n.a line with a dot in front\r\n" + "a long line " * 75 + "\r\nthe end\r\n"


class Mail(NamedTuple):
    """A mail that every client can write."""

    to: tuple[str, ...] = (ANN,)
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    sender: str = SHOP
    subject: str = "Hello"
    text: str = "Hello Ann"
    html: str = ""
    file: bytes = b""
    configuration_set: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def for_ses(self) -> dict[str, str]:
        """What SES is told in headers where it takes no parameters."""
        tags = ", ".join(f"{name}={value}" for name, value in self.tags)
        said = {"X-SES-CONFIGURATION-SET": self.configuration_set, "X-SES-MESSAGE-TAGS": tags}
        return {name: value for name, value in said.items() if value}


class Situation(NamedTuple):
    """
    What is so, and what comes of a mail.

    Attributes:
        reply: How SES refuses it over SMTP, without the digits at its front; ``""``: it does not.

        code: Those digits, 0 for a connection that breaks.

        v1, v2: The codes of either API, or the name of botocore's exception.

        taken: How many mails are in the outbox for it.

        holds: Looks at it.
    """

    name: str
    account: Callable[[], Simulator]
    mail: Mail
    code: int = 250
    reply: str = ""
    v1: str = ""
    v2: str = ""
    taken: int = 1
    holds: Callable[[Simulator, SentMail | None], None] = lambda sim, sent: None


def in_mime(mail: Mail, *, headers_for_ses: bool = True) -> EmailMessage:
    """As the standard library writes it."""
    message = EmailMessage()
    message["From"] = mail.sender
    for name, addresses in (("To", mail.to), ("Cc", mail.cc), ("Bcc", mail.bcc)):
        if addresses:
            message[name] = ", ".join(addresses)
    message["Subject"] = mail.subject
    for name, value in mail.for_ses.items() if headers_for_ses else ():
        message[name] = value
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    if mail.file:
        message.add_attachment(
            mail.file, maintype="application", subtype="octet-stream", filename="bytes.bin"
        )
    return message


def situations() -> list[Any]:
    """As parameters of a test."""
    return [pytest.param(one, id=one.name.replace(" ", "-")) for one in SITUATIONS]


def after(*calls: Callable[[Simulator], object], **options: Any) -> Callable[[], Simulator]:
    """An account to which something has happened."""

    def account() -> Simulator:
        sim = Simulator(**options)
        for call in calls:
            call(sim)
        return sim

    return account


def mailed(recipients: int) -> Callable[[Simulator], object]:
    """So many people have been mailed before, in one mail."""

    def send(sim: Simulator) -> object:
        return sim.boto3_client("sesv2").send_email(
            FromEmailAddress=SHOP,
            Destination={"ToAddresses": [f"n{n}@example.org" for n in range(recipients)]},
            Content={"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}},
        )

    return send


def told(sim: Simulator) -> list[str]:
    """The kinds of what was published."""
    return [json.loads(text)["eventType"] for text in sim.feedback]


def whole(sent: SentMail | None) -> SentMail:
    assert sent is not None
    return sent


def reads(**fields: object) -> Callable[[Simulator, SentMail | None], None]:
    """The mail, parsed back, has these."""

    def holds(sim: Simulator, sent: SentMail | None) -> None:
        assert {name: getattr(whole(sent), name) for name in fields} == fields

    return holds


def tells(*kinds: str) -> Callable[[Simulator, SentMail | None], None]:
    """These events and no others come of it."""

    def holds(sim: Simulator, sent: SentMail | None) -> None:
        assert sorted(told(sim)) == sorted(kinds)

    return holds


def bodies_are_two(sim: Simulator, sent: SentMail | None) -> None:
    mail = whole(sent)
    assert [(body or "").strip() for body in (mail.text, mail.html)] == [
        "Hello Ann",
        "<p>Hello Ann</p>",
    ]


def text_is_kept(sim: Simulator, sent: SentMail | None) -> None:
    assert (whole(sent).text or "").replace("\r\n", "\n").rstrip() == DOTS.replace("\r\n", "\n")[
        :-1
    ]


def nobody_sees_bcc(sim: Simulator, sent: SentMail | None) -> None:
    mail = whole(sent)
    assert {*mail.recipients} == {ANN, "cc@example.org", "bcc@example.org"}
    assert (mail.to, mail.cc, mail.bcc) == ((ANN,), ("cc@example.org",), ("bcc@example.org",))
    assert not any("bcc" in value for _, value in mail.headers)


def names_are_decoded(sim: Simulator, sent: SentMail | None) -> None:
    mail = whole(sent)
    assert mail.subject == "Grüße, 世界"
    assert mail.recipients == (ANN,)


def is_known_by_its_tags(sim: Simulator, sent: SentMail | None) -> None:
    """And what SES was told, the recipient is not."""
    mail = whole(sent)
    assert mail.configuration_set == "letters"
    assert dict(mail.tags) == {"stream": "news", "batch": "7"}
    assert not [name for name, _ in mail.headers if name.upper().startswith("X-SES-")]
    assert b"X-SES-" not in (mail.raw or b"").upper()


UNVERIFIED = "Message rejected: Email address is not verified. The following identities failed"
PAUSED_V1 = "AccountSendingPausedException"
REJECTED = "MessageRejected"
THROTTLED, FAST = "Throttling", "TooManyRequestsException"
BAD_V1, BAD = "InvalidParameterValue", "BadRequestException"

SITUATIONS = [
    Situation(
        "a mail is taken", Simulator, Mail(), holds=reads(subject="Hello", recipients=(ANN,))
    ),
    Situation(
        "a copy is sent and a blind one",
        Simulator,
        Mail(cc=("cc@example.org",), bcc=("bcc@example.org",)),
        holds=nobody_sees_bcc,
    ),
    Situation(
        "names are not of ASCII",
        Simulator,
        Mail(to=(f"Änn Ørsted <{ANN}>",), subject="Grüße, 世界", text="Größer als 世界"),
        holds=names_are_decoded,
    ),
    Situation(
        "there are two bodies",
        Simulator,
        Mail(html="<p>Hello Ann</p>"),
        holds=bodies_are_two,
    ),
    Situation(
        "a file goes along", Simulator, Mail(file=FILE), holds=reads(attachments=("bytes.bin",))
    ),
    Situation("lines begin with dots", Simulator, Mail(text=DOTS), holds=text_is_kept),
    Situation(
        "it has a configuration set and tags",
        after(configuration_sets=["letters"]),
        Mail(configuration_set="letters", tags=(("stream", "news"), ("batch", "7"))),
        holds=is_known_by_its_tags,
    ),
    Situation(
        "it bounces",
        Simulator,
        Mail(to=("bounce@simulator.amazonses.com",)),
        holds=tells("Send", "Bounce"),
    ),
    Situation(
        "it is complained of",
        Simulator,
        Mail(to=("complaint@simulator.amazonses.com",)),
        holds=tells("Send", "Delivery", "Complaint"),
    ),
    Situation(
        "its recipient is suppressed",
        after(lambda sim: sim.suppress(ANN)),
        Mail(),
        holds=tells("Send", "Bounce"),
    ),
    Situation(
        "the account is in the sandbox",
        after(sandbox=True, identities=["example.com"]),
        Mail(),
        554,
        UNVERIFIED,
        REJECTED,
        REJECTED,
        0,
    ),
    Situation(
        "the sender is not verified",
        after(identities=["example.net"]),
        Mail(),
        554,
        UNVERIFIED,
        REJECTED,
        REJECTED,
        0,
    ),
    Situation(
        "it comes too soon",
        after(mailed(1), rate=1),
        Mail(),
        454,
        "Throttling failure: Maximum sending rate exceeded",
        THROTTLED,
        FAST,
        0,
    ),
    Situation(
        "the day's quota is spent",
        after(mailed(2), quota=2),
        Mail(),
        454,
        "Throttling failure: Daily message quota exceeded",
        THROTTLED,
        "LimitExceededException",
        0,
    ),
    Situation(
        "the quota has room for one of its recipients",
        after(mailed(2), quota=3),
        Mail(to=("a@example.org", "b@example.org", "c@example.org")),
        holds=reads(recipients=("a@example.org", "b@example.org", "c@example.org")),
    ),
    Situation(
        "the account is paused",
        after(Simulator.pause_sending),
        Mail(),
        554,
        "Message rejected: ",
        PAUSED_V1,
        "SendingPausedException",
        0,
    ),
    Situation(
        "the account is shut down",
        after(lambda sim: sim.enforce("SHUTDOWN")),
        Mail(),
        554,
        "Message rejected: Sending paused for this account",
        REJECTED,
        "AccountSuspendedException",
        0,
    ),
    Situation(
        "it has 51 recipients",
        Simulator,
        Mail(to=tuple(f"n{n}@example.org" for n in range(51))),
        554,
        "Transaction failed: Recipient count exceeds 50",
        BAD_V1,
        BAD,
        0,
    ),
    Situation(
        "one of its addresses has no domain",
        Simulator,
        Mail(to=(ANN, "bob")),
        554,
        "Transaction failed: Missing final '@domain'",
        BAD_V1,
        BAD,
        0,
    ),
    Situation(
        "there is no such configuration set",
        after(configuration_sets=["letters"]),
        Mail(configuration_set="postcards"),
        554,
        "Message rejected: Configuration set <postcards> does not exist",
        "ConfigurationSetDoesNotExist",
        "NotFoundException",
        0,
    ),
    Situation(
        "SES is not well",
        after(lambda sim: sim.fail_next(1, "503")),
        Mail(),
        454,
        "Temporary service failure",
        "ServiceUnavailable",
        "ServiceUnavailable",
        0,
    ),
    Situation(
        "the answer is lost",
        after(lambda sim: sim.fail_next(1, "answer lost")),
        Mail(),
        0,
        "Connection unexpectedly closed",
        "ReadTimeoutError",
        "ReadTimeoutError",
        1,
    ),
]
