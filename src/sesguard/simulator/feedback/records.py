"""SES's own JSON about a mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from sesguard.simulator.fates import BounceFate, ComplaintFate
from sesguard.simulator.feedback.envelopes import ACCOUNT_ID, compact
from sesguard.simulator.feedback.routing import Channel, identity_of, set_of
from sesguard.simulator.identifiers import stamp
from sesguard.simulator.mails.offers import SentMail
from sesguard.simulator.mails.spelling import read_leniently

if TYPE_CHECKING:
    from sesguard.simulator.state import Region

__all__ = ["Json", "Record", "bounce", "complaint", "delivery", "told"]

Json: TypeAlias = dict[str, Any]

_MEMBERS = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
_WITHOUT_HEADERS = ("Rendering Failure", "DeliveryDelay")
_WITHOUT_ARN = ("Open", "Click")
_MOST_HEADERS = 10 * 1024
_SOURCE_IP = "192.0.2.1"
_OUTGOING_IP = "192.0.2.25"
_REMOTE_IP = "198.51.100.1"
_CALLER = "simulator"
_MTA = "a8-1.smtp-out.amazonses.com"
_NO_MTA = "dns; amazonses.com"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """
    One thing that SES tells about one mail. It is written when somebody reads it: most are not.

    Attributes:
        kind: The wire's word, as in ``Rendering Failure``.

        detail: As event publishing has it.

        source_arn: Of the identity that the mail was sent as, when it was told.

        configuration_set: The mail's, or its identity's, when it was told.

        headers: Whether the mail's headers are in it, where this kind has them at all.

    Source:
        SES Developer Guide, "Contents of event data that Amazon SES publishes to Amazon SNS",
        "Amazon SNS notification contents for Amazon SES".
    """

    kind: str
    detail: Json = field(repr=False)
    mail: SentMail
    channel: Channel
    source_arn: str = field(repr=False)
    configuration_set: str | None
    headers: bool

    def text(self) -> str:
        """Its JSON."""
        return compact(self.written())

    def written(self) -> Json:
        """Name and value."""
        about = _mail(self.mail, self.channel, self.source_arn)
        if self.headers and self.kind not in _WITHOUT_HEADERS:
            about |= _headers(self.mail, self.channel)
        elif self.channel == "events":
            about["headersTruncated"] = False
        if self.kind in _WITHOUT_ARN:
            del about["sourceArn"]
        member = _MEMBERS.get(self.kind, self.kind.lower())
        if self.channel == "events":
            about["tags"] = _tags(self.mail, self.kind, self.configuration_set)
            return {"eventType": self.kind, "mail": about, member: self.detail}
        detail = self.detail
        if self.kind == "Delivery" or detail.get("reportingMTA", _NO_MTA) != _NO_MTA:
            detail = {**detail, "remoteMtaIp": _REMOTE_IP}
        return {"notificationType": self.kind, "mail": about, member: detail}


def told(
    kind: str, detail: Json, mail: SentMail, channel: Channel, region: Region, *, headers: bool
) -> Record:
    """What is told now; see `Record`."""
    identity = identity_of(mail.sender, region)
    return Record(
        kind=kind,
        detail=detail,
        mail=mail,
        channel=channel,
        source_arn=f"arn:aws:ses:{region.name}:{ACCOUNT_ID}:identity/{identity}",
        configuration_set=set_of(mail, region),
        headers=headers,
    )


def _mail(mail: SentMail, channel: Channel, source_arn: str) -> Json:
    found: Json = {
        "timestamp": stamp(mail.at),
        "source": mail.sender,
        "sourceArn": source_arn,
        "sendingAccountId": ACCOUNT_ID,
        "messageId": mail.message_id,
        "destination": list(mail.recipients),
    }
    if channel == "notifications":
        found["source"] = read_leniently(mail.sender)[0]
        found |= {"sourceIp": _SOURCE_IP, "callerIdentity": _CALLER}
    return found


def _tags(mail: SentMail, kind: str, configuration_set: str | None) -> dict[str, list[str]]:
    tags = {
        "ses:operation": "SendRawEmail" if mail.kind == "Raw" else "SendEmail",
        "ses:configuration-set": configuration_set,
        "ses:source-ip": _SOURCE_IP,
        "ses:from-domain": read_leniently(mail.sender)[0].rpartition("@")[2],
        "ses:caller-identity": _CALLER,
        "ses:outgoing-ip": _OUTGOING_IP if kind == "Delivery" else None,
        "ses:tenant-name": mail.tenant,
        **mail.tags,
    }
    return {name: [value] for name, value in tags.items() if value is not None}


def _headers(mail: SentMail, channel: Channel) -> Json:
    """Cut after 10 KB of names and values."""
    kept: list[dict[str, str]] = []
    size, truncated = 0, False
    for name, value in (*mail.headers, *_written(mail)):
        size += len(name) + len(value)
        if size > _MOST_HEADERS:
            truncated = True
            break
        kept.append({"name": name, "value": value})
    return {
        "headersTruncated": truncated,
        "headers": kept,
        "commonHeaders": _common_headers(mail, channel),
    }


def _written(mail: SentMail) -> tuple[tuple[str, str], ...]:
    """What SES writes itself when it makes the MIME."""
    if mail.kind == "Raw":
        return ()
    if mail.attachments:
        return (("Content-Type", f'multipart/mixed;  boundary="----=_Part_{mail.message_id}"'),)
    if mail.text is not None and mail.html is not None:
        return (
            ("Content-Type", f'multipart/alternative;  boundary="----=_Part_{mail.message_id}"'),
        )
    subtype = "plain" if mail.html is None else "html"
    return (
        ("Content-Type", f"text/{subtype}; charset=UTF-8"),
        ("Content-Transfer-Encoding", "7bit"),
    )


def _common_headers(mail: SentMail, channel: Channel) -> Json:
    own = {name.lower(): value for name, value in mail.headers}
    message_id = mail.message_id if channel == "events" else own.get("message-id")
    found: Json = {
        "returnPath": own.get("return-path"),
        "from": [mail.sender],
        "date": own.get("date"),
        "to": [", ".join(mail.to)] if mail.to else None,
        "cc": [", ".join(mail.cc)] if mail.cc else None,
        "replyTo": list(mail.reply_to) or None,
        "messageId": message_id,
        "subject": mail.subject,
    }
    return {name: value for name, value in found.items() if value is not None}


def delivery(recipients: list[str], at: datetime, after: float) -> Json:
    """
    Args:
        after: Seconds since the mail was taken.
    """
    return {
        "timestamp": stamp(at),
        "processingTimeMillis": 546 + round(after * 1000),
        "recipients": recipients,
        "smtpResponse": "250 2.0.0 OK",
        "reportingMTA": _MTA,
    }


def bounce(fate: BounceFate, recipients: list[str], at: datetime, feedback_id: str) -> Json:
    """A bounce; what was not attempted was reported by no mail server but SES's own."""
    report = fate.status or fate.diagnostic_code
    person: Json = {
        "action": "failed" if report else None,
        "status": fate.status,
        "diagnosticCode": fate.diagnostic_code,
    }
    known = {name: value for name, value in person.items() if value}
    return {
        "bounceType": fate.bounce_type,
        "bounceSubType": fate.bounce_sub_type,
        "bouncedRecipients": [{"emailAddress": address, **known} for address in recipients],
        "timestamp": stamp(at),
        "feedbackId": feedback_id,
        "reportingMTA": f"dns; {_MTA}" if fate.attempted else _NO_MTA,
    }


def complaint(fate: ComplaintFate, recipients: list[str], at: datetime, feedback_id: str) -> Json:
    """A complaint; only one out of a feedback loop has the loop's report."""
    found: Json = {
        "complainedRecipients": [{"emailAddress": address} for address in recipients],
        "timestamp": stamp(at),
        "feedbackId": feedback_id,
        "complaintSubType": fate.sub_type,
    }
    if fate.feedback_type is not None:
        found |= {
            "userAgent": fate.user_agent,
            "complaintFeedbackType": fate.feedback_type,
            "arrivalDate": stamp(at),
        }
    return found
