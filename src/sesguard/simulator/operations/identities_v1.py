"""Identities in API v1: their verification, and the notifications of what becomes of their mail."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

from sesguard.simulator import refusals
from sesguard.simulator.operations.identities import is_domain, make_identity, status
from sesguard.simulator.operations.paging import Paging
from sesguard.simulator.state import Call, Identity

__all__ = ["OPERATIONS"]

_PAGING = Paging(kind="identities", usual=1000, size_name="MaxItems")
_TOPIC = re.compile(r"arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]{1,256}")
_KINDS = ("Bounce", "Complaint", "Delivery")
_WORDS = {
    "SUCCESS": "Success",
    "PENDING": "Pending",
    "FAILED": "Failed",
    "TEMPORARY_FAILURE": "TemporaryFailure",
}


def _verify_email(call: Call) -> dict[str, Any]:
    """Begins to verify an address; once more where that had failed."""
    _begin(call, call.parameters["EmailAddress"])
    return {}


def _verify_domain(call: Call) -> dict[str, Any]:
    """Begins to verify a domain, and gives the token for its TXT record."""
    made = _begin(call, call.parameters["Domain"])
    return {"VerificationToken": _token(call, made)}


def _list(call: Call) -> dict[str, Any]:
    """All names in pages; of addresses or of domains alone."""
    kind = call.parameters.get("IdentityType")
    names = (
        name
        for name in call.region.identities
        if kind is None or is_domain(name) == (kind == "Domain")
    )
    found, more = _PAGING.page(call, names, str, kind)
    return {"Identities": found, **more}


def _get_verification(call: Call) -> dict[str, Any]:
    """How the verification stands; what is not there is left out."""
    answer: dict[str, Any] = {}
    for asked, found in _known(call):
        answer[asked] = {"VerificationStatus": _WORDS[status(found, call.now)]}
        if is_domain(found.name):
            answer[asked]["VerificationToken"] = _token(call, found)
    return {"VerificationAttributes": answer}


def _delete(call: Call) -> dict[str, Any]:
    """Removes an identity, and has nothing against one that is not there."""
    call.region.identities.pop(_key(call.parameters["Identity"]), None)
    return {}


def _set_topic(call: Call) -> dict[str, Any]:
    """The SNS topic of bounces, complaints or deliveries; without one there is none."""
    found, kind = _find(call), call.parameters["NotificationType"]
    topic: str | None = call.parameters.get("SnsTopic")
    if topic is None:
        found.topics.pop(kind, None)
        return {}
    if not _TOPIC.fullmatch(topic):
        raise refusals.invalid(f"SNS topic {topic} is invalid.")
    found.topics[kind] = topic
    call.world.publisher.subscribed(topic, kind, found.name)
    return {}


def _set_forwarding(call: Call) -> dict[str, Any]:
    """Whether bounces and complaints come by e-mail; off only where both have a topic."""
    found, enabled = _find(call), call.parameters["ForwardingEnabled"]
    if not enabled and not {"Bounce", "Complaint"} <= found.topics.keys():
        raise refusals.invalid(
            "Feedback forwarding can be disabled only where bounces and complaints have an SNS "
            "topic."
        )
    found.forwarding = enabled
    return {}


def _set_headers(call: Call) -> dict[str, Any]:
    """Whether notifications of one kind have the headers of the mail."""
    found, kind = _find(call), call.parameters["NotificationType"]
    if call.parameters["Enabled"]:
        found.headers_in.add(kind)
    else:
        found.headers_in.discard(kind)
    return {}


def _get_notification(call: Call) -> dict[str, Any]:
    """Topics, headers and forwarding; a topic that is not set is empty."""
    answer: dict[str, Any] = {}
    for asked, found in _known(call):
        answer[asked] = {"ForwardingEnabled": found.forwarding}
        for kind in _KINDS:
            answer[asked][f"{kind}Topic"] = found.topics.get(kind, "")
            answer[asked][f"HeadersIn{kind}NotificationsEnabled"] = kind in found.headers_in
    return {"NotificationAttributes": answer}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "ses.VerifyEmailIdentity": _verify_email,
    "ses.VerifyDomainIdentity": _verify_domain,
    "ses.ListIdentities": _list,
    "ses.GetIdentityVerificationAttributes": _get_verification,
    "ses.DeleteIdentity": _delete,
    "ses.SetIdentityNotificationTopic": _set_topic,
    "ses.SetIdentityFeedbackForwardingEnabled": _set_forwarding,
    "ses.SetIdentityHeadersInNotificationsEnabled": _set_headers,
    "ses.GetIdentityNotificationAttributes": _get_notification,
}


def _key(name: str) -> str:
    return name.lower() if is_domain(name) else name


def _begin(call: Call, name: str) -> Identity:
    identities, key = call.region.identities, _key(name)
    if key not in identities or status(identities[key], call.now) == "FAILED":
        identities[key] = make_identity(call.world, call.region, name)
    return identities[key]


def _token(call: Call, identity: Identity) -> str:
    sealed = call.world.identifiers.seal("verification", call.region.name, identity.name)
    return base64.b64encode(sealed.encode()).decode()


def _find(call: Call) -> Identity:
    name: str = call.parameters["Identity"]
    found = call.region.identities.get(_key(name))
    if found is None:
        raise refusals.invalid(
            f"Identity {name} is invalid. Must be a verified email address or domain."
        )
    return found


def _known(call: Call) -> list[tuple[str, Identity]]:
    names: list[str] = call.parameters["Identities"]
    if len(names) > 100:
        raise refusals.invalid("At most 100 identities may be asked for at a time.")
    found = ((name, call.region.identities.get(_key(name))) for name in names)
    return [(name, identity) for name, identity in found if identity is not None]
