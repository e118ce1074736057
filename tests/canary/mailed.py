"""Feedback that comes as mail, and the look at a received mail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sesguard import FeedbackPolicy, mailcheck, mailed
from tests.canary.material import ADDRESS, FOREIGN, LOCAL, MAILBOX, SAID
from tests.canary.watch import CANARIES, Watch
from tests.mails import MAILS, mail

__all__ = ["SCENARIOS"]


def spoilt(message: bytes) -> list[bytes]:
    """A mail, and copies of it with an address in the place of each line's end."""
    lines = message.split(b"\n")
    ends = [line.rpartition(b" ")[0] + b" " + MAILBOX.encode() for line in lines]
    found = [message, message.replace(b"ann@example.org", ADDRESS.encode())]
    return found + [
        b"\n".join([*lines[:at], ends[at], *lines[at + 1 :]]) for at in range(len(lines))
    ]


def read_mails(watch: Watch, folder: Path) -> None:
    """Reports and other mails, with addresses where they belong and elsewhere."""
    policy = FeedbackPolicy(soft_bounce_limit=1)
    for path in sorted(MAILS.iterdir()):
        for message in spoilt(mail(path.name)):
            for event in watch.ask(mailed.parse_mail, message) or ():
                watch.text(event.key, "the key")
                watch.ask(policy.consequences, event)
    wrong: Any
    for wrong in (ADDRESS, FOREIGN.encode(), SAID.encode() * 50_000, 7):
        watch.ask(mailed.parse_mail, wrong)


def looked_at(watch: Watch, folder: Path) -> None:
    """Signatures that say for whom they are, some with an address where none belongs."""
    good = (
        f"v=1; a=rsa-sha256; d=shop.example; s=a; h=From; bh=YWJj; b=YWJj; i={LOCAL}@shop.example"
    )
    for tags in (good, good.replace("d=", f"d={ADDRESS}"), f"{ADDRESS}=1;{ADDRESS}=2", SAID):
        message = (
            f"DKIM-Signature: {tags}\nAuthentication-Results: mx.example; smtp.mailfrom={ADDRESS}\n"
            f"From: {CANARIES['display name']} <{LOCAL}@shop.example>\n"
            f"Subject: {CANARIES['subject']}\n\n{CANARIES['text']}"
        ).encode()
        watch.ask(mailcheck.signatures, message)
        look = watch.ask(mailcheck.seen, message)
        assert look is not None
        watch.value([look.own, look.aligned, [one.is_malformed for one in look.signatures]])
    wrong: Any
    for wrong in (ADDRESS, FOREIGN.encode(), b"", 7):
        watch.ask(mailcheck.seen, wrong)


SCENARIOS = [read_mails, looked_at]
