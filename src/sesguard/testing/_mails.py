"""The ``mail`` object of a record of SES's."""

from __future__ import annotations

from datetime import timedelta

from sesguard.addresses import read_leniently
from sesguard.simulator.identifiers import stamp
from sesguard.testing._asked import ACCOUNT_ID, Asked, Json, ses_id

__all__ = ["mail"]

_SOURCE_IP = "192.0.2.1"
_CALLER = "shop"


def mail(asked: Asked) -> Json:
    """
    The mail that an event is about, as its kind and channel tell of it.

    Source:
        SES Developer Guide, "Contents of event data that Amazon SES publishes to Amazon SNS",
        "Amazon SNS notification contents for Amazon SES"; their examples.
    """
    details = asked.details
    sent = asked.at - timedelta(seconds=1)
    destination = list(details.get("destination", asked.recipients))
    found: Json = {
        "timestamp": stamp(sent),
        "source": asked.sender if asked.published else read_leniently(asked.sender)[0],
        "sourceArn": f"arn:aws:ses:{asked.region}:{ACCOUNT_ID}:identity/{asked.domain}",
        "sendingAccountId": ACCOUNT_ID,
        "messageId": details.get("message_id") or ses_id(sent),
        "destination": destination,
    }
    if asked.kind in ("Open", "Click"):
        del found["sourceArn"]
    if asked.published:
        found["tags"] = _tags(asked)
    else:
        found |= {"sourceIp": _SOURCE_IP, "callerIdentity": _CALLER}
    if asked.kind in ("RenderingFailure", "DeliveryDelay"):
        return found | {"headersTruncated": False}
    if not details.get("original_headers", True):
        return found
    return found | _headers(asked, destination, found["messageId"])


def _headers(asked: Asked, destination: list[str], message_id: str) -> Json:
    own = asked.details.get("headers", {})
    subject = asked.details.get("subject", "Your order")
    to = ", ".join(destination)
    headers = {
        "From": asked.sender,
        "To": to,
        "Subject": subject,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        **own,
    }
    common: Json = {"from": [asked.sender], "to": [to], "subject": subject}
    if asked.published:  # an identity's notifications hold the mail's own, if it had one
        common["messageId"] = message_id
    elif own_id := {name.lower(): value for name, value in own.items()}.get("message-id"):
        common["messageId"] = own_id
    return {
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in headers.items()],
        "commonHeaders": common,
    }


def _tags(asked: Asked) -> Json:
    tags = {"ses:configuration-set": asked.details.get("configuration_set", "orders")}
    if asked.kind not in ("RenderingFailure", "DeliveryDelay"):
        tags |= {
            "ses:operation": "SendEmail",
            "ses:source-ip": _SOURCE_IP,
            "ses:from-domain": asked.domain,
            "ses:caller-identity": _CALLER,
        }
    if asked.kind == "Delivery":
        tags["ses:outgoing-ip"] = _SOURCE_IP
    return {name: [value] for name, value in {**tags, **asked.details.get("tags", {})}.items()}
