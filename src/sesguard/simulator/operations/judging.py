"""What SES has against a mail."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sesguard.errors import ConfigurationError
from sesguard.simulator import refusals
from sesguard.simulator.clock import SimulatedClock
from sesguard.simulator.fates import is_simulated
from sesguard.simulator.feedback.envelopes import ACCOUNT_ID
from sesguard.simulator.feedback.routing import identity_of
from sesguard.simulator.mails.offers import Offer
from sesguard.simulator.mails.spelling import read_leniently
from sesguard.simulator.state import Call, Identity

__all__ = ["check_account", "check_identities", "check_limits", "check_options", "check_shape"]

_MOST_RECIPIENTS = 50
_MOST_BYTES = {"ses": 10 * 1024 * 1024, "sesv2": 40 * 1024 * 1024}
_MOST_HEADERS = 15
_MOST_TAGS = 50
_LONGEST_LINE = 1000
_LONGEST_HEADER = 996
_NAME = re.compile(r"[!-9;-~]{1,126}")
_VALUE = re.compile(r"[ -~]{1,995}")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_SES_TAG = re.compile(r"ses:feedback-id-[ab]")
_OF_ANOTHER = re.compile(rf"arn:[^:]*:ses:[^:]*:(?!{ACCOUNT_ID}:)")
_DISPOSITIONS = ("ATTACHMENT", "INLINE")
_ARNS = (
    "FromEmailAddressIdentityArn",
    "FeedbackForwardingEmailAddressIdentityArn",
    "SourceArn",
    "FromArn",
    "ReturnPathArn",
    "TemplateArn",
)
_ONCE = {
    "accept-language", "acceptlanguage", "archived-at", "auto-submitted", "bounces-to",
    "comments", "content-alternative", "content-base", "content-class", "content-description",
    "content-disposition", "content-duration", "content-id", "content-language",
    "content-length", "content-location", "content-md5", "content-transfer-encoding",
    "content-type", "date", "delivered-to", "disposition-notification-options",
    "disposition-notification-to", "dkim-signature", "domainkey-signature", "errors-to", "from",
    "importance", "in-reply-to", "keywords", "list-archive", "list-help", "list-id",
    "list-owner", "list-post", "list-subscribe", "list-unsubscribe", "message-context",
    "message-id", "mime-version", "organization", "original-from", "original-message-id",
    "original-recipient", "original-subject", "precedence", "priority", "references",
    "reply-to", "return-path", "return-receipt-to", "sender", "solicitation", "sensitivity",
    "subject", "thread-index", "thread-topic", "user-agent", "vbr-info",
}  # fmt: skip


def check_options(call: Call) -> None:
    """
    Find what a request asks for and the simulator does not have.

    Raises:
        ConfigurationError: There is such an option.
    """
    if "EndpointId" in call.parameters:
        raise ConfigurationError("EndpointId: the simulator does not have multi-region endpoints.")
    _check_arns(call.parameters)
    for member in ("Content", "DefaultContent"):
        content: Mapping[str, Any] | None = call.parameters.get(member)
        if content and "Template" in content:
            _check_arns(content["Template"])


def _check_arns(place: Mapping[str, Any]) -> None:
    for name in _ARNS:
        if name in place and _OF_ANOTHER.match(place[name]):
            raise ConfigurationError(
                f"{name}: the simulator has one account, {ACCOUNT_ID}, and does not know what "
                "another one has allowed it."
            )


def check_account(call: Call) -> None:
    """
    Raises:
        Refusal: The account may not send, or does not want to.
    """
    if call.region.standing.enforcement_status == "SHUTDOWN":
        raise refusals.shut_down()
    if not call.region.standing.sending_enabled:
        raise refusals.sending_paused()


def check_shape(offer: Offer, call: Call) -> None:
    """
    Raises:
        Refusal: It is no mail, or one that is too large.

    Source:
        SES Developer Guide, "Service quotas", "Amazon SES header fields"; API v2 Reference,
        MessageHeader and MessageTag.
    """
    if not offer.recipients:
        raise refusals.bad_request("Empty required header 'To'.")
    if len(offer.recipients) > _MOST_RECIPIENTS:
        raise refusals.bad_request(f"Recipient count exceeds {_MOST_RECIPIENTS}.")
    _check_address(offer.sender)
    for address in offer.recipients:
        _check_address(address)
    most = _MOST_BYTES[call.api]
    if offer.size > most:
        raise refusals.bad_request(
            f"Message length is more than {most} bytes long: '{offer.size}'."
        )
    for find in (_wrong_headers, _wrong_tags, _wrong_lines, _wrong_files):
        for wrong in find(offer):
            raise refusals.bad_request(wrong)


def _check_address(address: str) -> None:
    local, at, domain = read_leniently(address)[0].rpartition("@")
    if not (local and at and domain):
        raise refusals.bad_request("Missing final '@domain'")
    if not local.isascii():
        raise refusals.bad_request("Local address contains non-ASCII characters")


def _wrong_headers(offer: Offer) -> Iterator[str]:
    names = [name.lower() for name, _ in offer.headers]
    if len(set(names)) < len(names):
        for name, _ in offer.headers:
            if name.lower() in _ONCE and names.count(name.lower()) > 1:
                yield f"Duplicate header '{name}'."
    if len(offer.own_headers) > _MOST_HEADERS:
        yield f"At most {_MOST_HEADERS} headers are allowed."
    for name, value in offer.own_headers:
        if not _NAME.fullmatch(name):
            yield f"Invalid header name '{name}'."
        elif not _VALUE.fullmatch(value) or len(name) + len(value) > _LONGEST_HEADER:
            yield f"Invalid value of header '{name}'."


def _wrong_tags(offer: Offer) -> Iterator[str]:
    if len(offer.tags) > _MOST_TAGS:
        yield f"At most {_MOST_TAGS} tags are allowed."
    for name, value in offer.tags.items():
        if not (_TAG.fullmatch(name) or _SES_TAG.fullmatch(name)):
            yield f"Invalid tag name <{name}>: only alphanumeric ASCII characters, '_' and '-'."
        elif not _TAG.fullmatch(value):
            yield f"Invalid tag value <{value}>: only alphanumeric ASCII characters, '_' and '-'."


def _wrong_lines(offer: Offer) -> Iterator[str]:
    if offer.raw is not None and len(offer.raw) >= _LONGEST_LINE:
        longest = max(map(len, offer.raw.split(b"\n"))) + 1
        if longest > _LONGEST_LINE:
            yield f"A line of the message is longer than {_LONGEST_LINE} characters."


def _wrong_files(offer: Offer) -> Iterator[str]:
    for file in offer.files:
        if file.disposition not in _DISPOSITIONS:
            yield f"ContentDisposition is one of {', '.join(_DISPOSITIONS)}."


def check_identities(offer: Offer, call: Call) -> None:
    """
    Raises:
        Refusal: Sender or return path is not verified in this region where they have to be, in
            the sandbox a recipient is not, or the sender's MAIL FROM domain is needed and missing.

    Source:
        SES Developer Guide, "Creating and verifying identities", "Request production access",
        "Using a custom MAIL FROM domain".
    """
    region = call.region
    sandbox = region.standing.sandbox
    if sandbox or region.known_identities is not None:
        verified = [one.name for one in region.identities.values() if one.verified]
        verified += region.known_identities or ()
        asked = [offer.sender, *([offer.return_path] if offer.return_path else [])]
        if sandbox:
            asked += [one for one in offer.recipients if not is_simulated(one)]
        failed = [one for one in asked if not _is_covered(one, verified)]
        if failed:
            raise refusals.not_verified(region.name, failed)
    if region.identities:
        identity = region.identities.get(identity_of(offer.sender, region))
        if identity is not None and _lacks_mail_from(identity):
            raise refusals.mail_from_not_verified()


def _is_covered(address: str, identities: Collection[str]) -> bool:
    """A domain covers its addresses and subdomains; an address covers its ``+labels``."""
    bare = read_leniently(address)[0]
    local, _, domain = bare.rpartition("@")
    unlabelled = f"{local.partition('+')[0]}@{domain}"
    for identity in identities:
        if "@" in identity:
            if identity in (bare, unlabelled):
                return True
        elif f".{domain}".lower().endswith(f".{identity}".lower()):
            return True
    return False


def _lacks_mail_from(identity: Identity) -> bool:
    found = identity.attributes.get("MailFromAttributes")
    return (
        found is not None
        and found["BehaviorOnMxFailure"] == "REJECT_MESSAGE"
        and found["MailFromDomainStatus"] != "SUCCESS"
    )


def check_limits(offer: Offer, call: Call) -> None:
    """
    Raises:
        Refusal: Nothing is left of the rate or of the quota; a mail that finds some of it left
            may have more recipients than that.

    Source:
        SES Developer Guide, "Service quotas", "Using the mailbox simulator".
    """
    clock, limits = call.world.clock, call.region.limits
    now = clock.monotonic()
    slept = clock.slept if isinstance(clock, SimulatedClock) else 0.0
    if limits.over_rate(now, slept):
        raise refusals.sending_rate()
    if limits.over_quota(now) and not all(map(is_simulated, offer.recipients)):
        raise refusals.daily_quota()
