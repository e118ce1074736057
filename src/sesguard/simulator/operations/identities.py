"""Identities: the addresses and domains that the account sends from, in API v2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sesguard.simulator import refusals
from sesguard.simulator.operations import dkim
from sesguard.simulator.operations.paging import Paging
from sesguard.simulator.state import Call, Identity, Region, World

__all__ = ["OPERATIONS", "check_set", "find_identity", "is_domain", "make_identity", "status"]

_PAGING = Paging(kind="identities", usual=25)
_PATIENCE = {True: timedelta(hours=72), False: timedelta(hours=24)}


def is_domain(name: str) -> bool:
    """Whether it is a domain, and no address."""
    return "@" not in name


def status(identity: Identity, now: datetime) -> str:
    """
    How its verification stands, in API v2's word.

    Source:
        SES API Reference, GetIdentityVerificationAttributes: after 24 hours an address has failed,
        after 72 a domain.
    """
    if identity.verified:
        return "SUCCESS"
    over = now - identity.created_at >= _PATIENCE[is_domain(identity.name)]
    return str(identity.attributes.get("VerificationStatus", "FAILED" if over else "PENDING"))


def make_identity(world: World, region: Region, name: str) -> Identity:
    """
    A new one, not verified yet. A domain gets keys to sign with.

    Raises:
        Refusal: It is neither an address nor a domain.
    """
    local, at, domain = name.rpartition("@")
    labels = domain.split(".")
    if (at and not local) or len(labels) < 2 or not all(map(_is_label, labels)):
        raise refusals.invalid(f"Identity {name} is invalid.")
    made = Identity(name if at else name.lower(), world.clock.now())
    if not at:
        made.attributes["DkimAttributes"] = dkim.easy(world, region, made.name)
    return made


def find_identity(call: Call) -> Identity:
    """
    The identity that the call names; a domain in any case.

    Raises:
        Refusal: It is not there.
    """
    name: str = call.parameters["EmailIdentity"]
    found = call.region.identities.get(name.lower() if is_domain(name) else name)
    if found is None:
        raise refusals.absent(f"Email identity {name} does not exist.")
    return found


def check_set(call: Call, name: str | None) -> None:
    """
    Raises:
        Refusal: There is no configuration set of that name.
    """
    if name is not None and call.region.configuration_set(name) is None:
        raise refusals.not_found(name)


def _create(call: Call) -> dict[str, Any]:
    """Begins to verify an address or a domain; a domain gets three DKIM tokens."""
    asked = call.parameters
    made = make_identity(call.world, call.region, asked["EmailIdentity"])
    if made.name in call.region.identities:
        raise refusals.already_exists(f"Email identity {made.name} already exist.")
    check_set(call, asked.get("ConfigurationSetName"))
    made.configuration_set = asked.get("ConfigurationSetName")
    made.attributes["Tags"] = asked.get("Tags", [])
    if "DkimSigningAttributes" in asked:
        dkim.sign_with(call.world, call.region, made, asked["DkimSigningAttributes"])
    call.region.identities[made.name] = made
    answer: dict[str, Any] = {
        "IdentityType": _kind(made),
        "VerifiedForSendingStatus": made.verified,
    }
    if is_domain(made.name):
        answer["DkimAttributes"] = dkim.shown(call.region, made)
    return answer


def _get(call: Call) -> dict[str, Any]:
    """How an identity stands, its DKIM tokens, its MAIL FROM, its default configuration set."""
    found = find_identity(call)
    answer: dict[str, Any] = {
        "IdentityType": _kind(found),
        "FeedbackForwardingStatus": found.forwarding,
        "VerifiedForSendingStatus": found.verified,
        "VerificationStatus": status(found, call.now),
        "DkimAttributes": dkim.shown(call.region, found),
        "Policies": {},
        "Tags": found.attributes.get("Tags", []),
    }
    if "MailFromAttributes" in found.attributes:
        answer["MailFromAttributes"] = found.attributes["MailFromAttributes"]
    if found.configuration_set is not None:
        answer["ConfigurationSetName"] = found.configuration_set
    return answer


def _list(call: Call) -> dict[str, Any]:
    """All identities in pages, by name; filtered by a part of the name, kind and status."""
    wanted: Mapping[str, str] = call.parameters.get("Filter", {})
    part = wanted.get("IDENTITY_NAME_CONTAINS", "").lower()
    kind, how = wanted.get("IDENTITY_TYPE"), wanted.get("VERIFICATION_STATUS")
    matching = (
        one
        for one in call.region.identities.values()
        if part in one.name.lower()
        and kind in (None, _kind(one))
        and how in (None, status(one, call.now))
    )
    found, more = _PAGING.page(call, matching, lambda one: one.name, part, kind, how)
    return {"EmailIdentities": [_summary(one, call.now) for one in found], **more}


def _delete(call: Call) -> dict[str, Any]:
    """Removes an identity: mail from it is refused from then on, if it has to be verified."""
    del call.region.identities[find_identity(call).name]
    return {}


def _put_dkim(call: Call) -> dict[str, Any]:
    """Turns DKIM signing on or off."""
    name, enabled = call.parameters["EmailIdentity"], call.parameters.get("SigningEnabled", False)
    found = find_identity(call)
    keys = dkim.of(call.region, found)
    if keys is None:
        domain = name.rpartition("@")[2]
        raise refusals.invalid(f"Domain {domain} is not verified for DKIM signing.")
    keys["SigningEnabled"] = enabled
    return {}


def _put_dkim_signing(call: Call) -> dict[str, Any]:
    """Signs by Easy DKIM or by a key of one's own; new keys are pending until they are verified."""
    if not is_domain(call.parameters["EmailIdentity"]):
        raise refusals.invalid("The EmailIdentity value must be a valid domain.")
    found = find_identity(call)
    origin: str = call.parameters["SigningAttributesOrigin"]
    given = call.parameters.get("SigningAttributes", {})
    dkim.sign_with(
        call.world, call.region, found, {**given, "DomainSigningAttributesOrigin": origin}
    )
    keys = dkim.shown(call.region, found)
    answer = {"DkimStatus": keys["Status"], "DkimTokens": keys.get("Tokens", [])}
    if "SigningHostedZone" in keys:
        answer["SigningHostedZone"] = keys["SigningHostedZone"]
    return answer


def _put_mail_from(call: Call) -> dict[str, Any]:
    """A MAIL FROM domain of one's own, pending until it is verified; or the usual one again."""
    found = find_identity(call)
    domain: str = call.parameters.get("MailFromDomain", "")
    if not domain:
        found.attributes.pop("MailFromAttributes", None)
        return {}
    parent = found.name.rpartition("@")[2].lower()
    if not domain.lower().endswith(f".{parent}"):
        raise refusals.invalid(f"Provided MAIL-FROM domain <{domain}> is not a subdomain of the "
                               f"domain of the identity <{found.name}>.")  # fmt: skip
    behaviour = call.parameters.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE")
    found.attributes["MailFromAttributes"] = {
        "MailFromDomain": domain,
        "MailFromDomainStatus": "PENDING",
        "BehaviorOnMxFailure": behaviour,
    }
    return {}


def _put_feedback(call: Call) -> dict[str, Any]:
    """Whether bounces and complaints are forwarded by e-mail."""
    find_identity(call).forwarding = call.parameters.get("EmailForwardingEnabled", False)
    return {}


def _put_set(call: Call) -> dict[str, Any]:
    """The configuration set of mails that name none; without one there is none."""
    found, name = find_identity(call), call.parameters.get("ConfigurationSetName")
    check_set(call, name)
    found.configuration_set = name
    return {}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.CreateEmailIdentity": _create,
    "sesv2.GetEmailIdentity": _get,
    "sesv2.ListEmailIdentities": _list,
    "sesv2.DeleteEmailIdentity": _delete,
    "sesv2.PutEmailIdentityDkimAttributes": _put_dkim,
    "sesv2.PutEmailIdentityDkimSigningAttributes": _put_dkim_signing,
    "sesv2.PutEmailIdentityMailFromAttributes": _put_mail_from,
    "sesv2.PutEmailIdentityFeedbackAttributes": _put_feedback,
    "sesv2.PutEmailIdentityConfigurationSetAttributes": _put_set,
}


def _is_label(label: str) -> bool:
    return 0 < len(label) < 64 and label.isascii() and label.replace("-", "a").isalnum()


def _kind(identity: Identity) -> str:
    return "DOMAIN" if is_domain(identity.name) else "EMAIL_ADDRESS"


def _summary(identity: Identity, now: datetime) -> dict[str, Any]:
    return {
        "IdentityType": _kind(identity),
        "IdentityName": identity.name,
        "SendingEnabled": identity.verified,
        "VerificationStatus": status(identity, now),
    }
