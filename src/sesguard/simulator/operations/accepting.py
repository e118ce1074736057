"""Takes a mail, if SES has nothing against it, and lets happen what becomes of it."""

from __future__ import annotations

from dataclasses import fields, replace
from operator import attrgetter
from typing import Literal

from sesguard.simulator import refusals
from sesguard.simulator.fates import is_simulated
from sesguard.simulator.feedback.reactions import settle
from sesguard.simulator.feedback.routing import identity_of
from sesguard.simulator.mails.offers import Offer, SentMail
from sesguard.simulator.operations import judging
from sesguard.simulator.operations.filling import fill, with_unsubscribing
from sesguard.simulator.operations.stopping import check_list, enroll, has_virus, stopped
from sesguard.simulator.state import Call, ConfigurationSet, ContactList

__all__ = ["accept"]

_FIELDS = tuple(one.name for one in fields(Offer))
_values = attrgetter(*_FIELDS)


def accept(offer: Offer, call: Call) -> SentMail:
    """
    Take one mail.

    Returns:
        What has an id now. Nobody gets it, and an event tells so, if it has a virus or if its
        template cannot be filled in.

    Raises:
        Refusal: SES does not take it.

        ConfigurationError: It needs what the simulator does not have.
    """
    judging.check_options(call)
    judging.check_account(call)
    offer, chosen = _with_set(offer, call)
    people = check_list(offer.list_management, call)
    offer, missing = fill(offer, call)
    judging.check_shape(offer, call)
    judging.check_identities(offer, call)
    judging.check_limits(offer, call)
    offer = with_unsubscribing(offer, call)
    if missing is not None:
        detail = {"templateName": offer.template or "", "errorMessage": str(missing)}
        return _stop(offer, call, "Rendering Failure", detail)
    if has_virus(offer):
        call.region.statistics.reject(call.now, len(offer.recipients))
        return _stop(offer, call, "Reject", {"reason": "Bad content"})
    return _deliver(offer, call, chosen, people)


def _with_set(offer: Offer, call: Call) -> tuple[Offer, ConfigurationSet | None]:
    """
    The configuration set that a mail names, or that its sender has by default.

    Raises:
        Refusal: There is none of that name, or its sending is paused.
    """
    region = call.region
    if offer.configuration_set is None and region.identities:
        identity = region.identities.get(identity_of(offer.sender, region))
        if identity is not None and identity.configuration_set is not None:
            offer = replace(offer, configuration_set=identity.configuration_set)
    if offer.configuration_set is None:
        return offer, None
    chosen = region.configuration_set(offer.configuration_set)
    if chosen is None:
        raise refusals.not_found(offer.configuration_set)
    if not chosen.sending_enabled:
        raise refusals.set_paused(chosen.name)
    return offer, chosen


def _stop(
    offer: Offer, call: Call, kind: Literal["Reject", "Rendering Failure"], detail: dict[str, str]
) -> SentMail:
    mail = _take(offer, call, kind)
    call.world.publisher.tell(mail, kind, detail)
    return mail


def _deliver(
    offer: Offer, call: Call, chosen: ConfigurationSet | None, people: ContactList | None
) -> SentMail:
    mail = _take(offer, call)
    if people is not None:
        enroll(people, mail, call)
    fates = [
        (one, stopped(one, mail, call, chosen, people) or call.world.mailboxes.fate(one))
        for one in mail.recipients
    ]
    settle(mail, fates, call.world)
    return mail


def _take(
    offer: Offer, call: Call, stopped_by: Literal["Reject", "Rendering Failure"] | None = None
) -> SentMail:
    world = call.world
    at = call.now
    in_quota = sum(not is_simulated(recipient) for recipient in offer.recipients)
    call.region.limits.take(
        world.clock.monotonic(), recipients=len(offer.recipients), in_quota=in_quota
    )
    mail = SentMail(
        message_id=world.identifiers.message(at),
        at=at,
        region=call.region.name,
        stopped_by=stopped_by,
        **dict(zip(_FIELDS, _values(offer), strict=True)),
    )
    world.outbox.append(mail)
    return mail
