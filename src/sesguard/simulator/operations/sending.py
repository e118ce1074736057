"""The operations that send."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Any

from sesguard.addresses import read_leniently
from sesguard.simulator import refusals
from sesguard.simulator.clock import SimulatedClock
from sesguard.simulator.mailboxes import is_simulated
from sesguard.simulator.offers import READERS, Offer, SentMail
from sesguard.simulator.reactions import settle
from sesguard.simulator.state import Call

__all__ = ["OPERATIONS"]

_MOST_RECIPIENTS = 50
_MOST_BYTES = {"ses": 10 * 1024 * 1024, "sesv2": 40 * 1024 * 1024}


def _send(call: Call) -> dict[str, Any]:
    """Takes a mail or refuses it as SES would; what becomes of it is told."""
    offer = READERS[f"{call.api}.{call.operation}"](call.parameters)
    _check(offer, call)
    mail = _take(offer, call)
    _publish(mail, call)
    return {"MessageId": mail.message_id}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = dict.fromkeys(READERS, _send)


def _check(offer: Offer, call: Call) -> None:
    """What SES has against a mail, in the order of how much it says about the mail itself."""
    _check_account(call)
    _check_shape(offer, call.api)
    _check_identities(offer, call)
    now, limits = call.world.clock.monotonic(), call.region.limits
    slept = call.world.clock.slept if isinstance(call.world.clock, SimulatedClock) else 0.0
    if limits.over_rate(now, slept):
        raise refusals.sending_rate()
    if limits.over_quota(now) and not all(map(is_simulated, offer.recipients)):
        raise refusals.daily_quota()


def _check_account(call: Call) -> None:
    if call.region.standing.enforcement_status == "SHUTDOWN":
        raise refusals.shut_down()
    if not call.region.standing.sending_enabled:
        raise refusals.sending_paused()


def _check_shape(offer: Offer, api: str) -> None:
    if not offer.recipients:
        raise refusals.bad_request("Empty required header 'To'.")
    if len(offer.recipients) > _MOST_RECIPIENTS:
        raise refusals.bad_request(f"Recipient count exceeds {_MOST_RECIPIENTS}.")
    for address in (offer.sender, *offer.recipients):
        local, at, domain = read_leniently(address)[0].rpartition("@")
        if not (local and at and domain):
            raise refusals.bad_request("Missing final '@domain'")
        if not local.isascii():
            raise refusals.bad_request("Local address contains non-ASCII characters")
    if offer.size > _MOST_BYTES[api]:
        raise refusals.bad_request(
            f"Message length is more than {_MOST_BYTES[api]} bytes long: '{offer.size}'."
        )


def _check_identities(offer: Offer, call: Call) -> None:
    """
    Source:
        SES Developer Guide, "Creating and verifying identities", "Request production access".
    """
    sandbox, known = call.region.standing.sandbox, call.region.known_identities
    if known is None and not sandbox:
        return
    verified = {
        *(known or ()),
        *(one.name for one in call.region.identities.values() if one.verified),
    }
    asked = [offer.sender, *([offer.return_path] if offer.return_path else [])]
    if sandbox:
        asked += [one for one in offer.recipients if not is_simulated(one)]
    failed = [one for one in asked if not _is_verified(one, verified)]
    if failed:
        raise refusals.not_verified(call.region.name, failed)


def _is_verified(address: str, identities: Collection[str]) -> bool:
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


def _take(offer: Offer, call: Call) -> SentMail:
    world = call.world
    at, now = world.clock.now(), world.clock.monotonic()
    in_quota = sum(not is_simulated(recipient) for recipient in offer.recipients)
    call.region.limits.take(now, recipients=len(offer.recipients), in_quota=in_quota)
    what = {one.name: getattr(offer, one.name) for one in fields(offer)}
    mail = SentMail(
        message_id=world.identifiers.message(at), at=at, region=call.region.name, **what
    )
    world.outbox.append(mail)
    return mail


def _publish(mail: SentMail, call: Call) -> None:
    world, region = call.world, call.region
    chosen = region.configuration_set(mail.configuration_set)
    reasons = None if chosen is None else chosen.suppressed_reasons
    fates = [
        (one, region.suppressed.fate(one, reasons) or world.mailboxes.fate(one))
        for one in mail.recipients
    ]
    settle(mail, fates, world)
