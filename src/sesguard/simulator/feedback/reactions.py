"""What mail servers and people make of a mail once it was taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from sesguard.addresses import AddressKey
from sesguard.errors import ConfigurationError
from sesguard.simulator.fates import BounceFate, ComplaintFate, Fate, is_simulated
from sesguard.simulator.feedback import records
from sesguard.simulator.identifiers import stamp
from sesguard.simulator.mails.offers import SentMail
from sesguard.simulator.mails.spelling import read_leniently

if TYPE_CHECKING:
    from sesguard.simulator.state import World

__all__ = ["Delay", "Delays", "Fates", "settle"]

Fates: TypeAlias = Sequence[tuple[str, Fate]]

_GIVES_UP = timedelta(minutes=840)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """
    A mail server that takes its time.

    Attributes:
        seconds: After which it is settled what becomes of the mail.
    """

    delay_type: str
    status: str
    diagnostic_code: str
    seconds: float


class Delays:
    """Knows whose mail server is slow."""

    def __init__(self) -> None:
        self._scripted: dict[AddressKey, Delay] = {}

    def script(self, address: str, delay: Delay | None) -> None:
        """
        From now on mail to *address* is delayed so; None: not any more.

        Raises:
            ConfigurationError: SES would have given up before.
        """
        if delay is None:
            self._scripted.pop(read_leniently(address)[1], None)
            return
        if not 0 <= delay.seconds <= _GIVES_UP.total_seconds():
            raise ConfigurationError(
                f"seconds= is from 0 to {_GIVES_UP.total_seconds():.0f}: then SES gives up. Let "
                "the address bounce as well, and that is what comes after the delay."
            )
        self._scripted[read_leniently(address)[1]] = delay

    def of(self, address: str) -> Delay | None:
        """What is scripted."""
        return self._scripted.get(read_leniently(address)[1])


def settle(mail: SentMail, fates: Fates, world: World) -> None:
    """
    Let happen what becomes of a mail that was taken, and tell it: at once, or after a delay.
    """
    world.publisher.tell(mail, "Send", {})
    delayed: dict[Delay, list[tuple[str, Fate]]] = {}
    at_once: list[tuple[str, Fate]] = []
    for address, fate in fates:
        delay = world.delays.of(address) if _is_attempted(fate) else None
        (at_once if delay is None else delayed.setdefault(delay, [])).append((address, fate))
    _conclude(mail, at_once, world, mail.at)
    for delay, of_it in delayed.items():
        _put_off(mail, delay, of_it, world)


def _is_attempted(fate: Fate) -> bool:
    return fate.delivered or (fate.bounce is not None and fate.bounce.attempted)


def _put_off(mail: SentMail, delay: Delay, fates: Fates, world: World) -> None:
    person = {"status": delay.status, "diagnosticCode": delay.diagnostic_code}
    detail = {
        "timestamp": stamp(mail.at),
        "delayType": delay.delay_type,
        "expirationTime": stamp(mail.at + _GIVES_UP),
        "delayedRecipients": [{"emailAddress": address, **person} for address, _ in fates],
    }
    world.publisher.tell(mail, "DeliveryDelay", detail)
    world.later.put(delay.seconds, lambda at: _conclude(mail, fates, world, at))


def _conclude(mail: SentMail, fates: Fates, world: World, at: datetime) -> None:
    """
    Tell what became of some of a mail's recipients, and what SES learns from it.

    Several bounces of one kind come as one record. A complaint names every recipient at the
    complaining domain, since most providers do not tell which one it was.
    """
    if not fates:
        return
    region = world.region(mail.region)
    region.statistics.count(at, [fate for _, fate in fates])
    if region.reputation is not None:
        verified = {one.name for one in region.identities.values() if one.verified}
        region.reputation.count(fates, verified, region.standing)
    delivered = [address for address, fate in fates if fate.delivered]
    if delivered:
        after = (at - mail.at).total_seconds()
        world.publisher.tell(mail, "Delivery", records.delivery(delivered, at, after), at=at)
    if all(fate.bounce is None and fate.complaint is None for _, fate in fates):
        return  # nobody learns anything from it
    for bounce in _distinct(fate.bounce for _, fate in fates):
        bounced = [address for address, fate in fates if fate.bounce == bounce]
        detail = records.bounce(bounce, bounced, at, world.identifiers.feedback(at))
        world.publisher.tell(mail, "Bounce", detail, at=at)
    for complaint, accused in _complaints(fates):
        detail = records.complaint(complaint, accused, at, world.identifiers.feedback(at))
        world.publisher.tell(mail, "Complaint", detail, at=at)
    for recipient, fate in fates:
        region.suppressed.learn(recipient, fate, at=at, message_id=mail.message_id)
        world.mailboxes.recent_bounces.learn(recipient, fate, at)


def _complaints(fates: Fates) -> list[tuple[ComplaintFate, list[str]]]:
    """Each complaint with whom it accuses; one for several of a kind at one domain."""
    found: dict[tuple[ComplaintFate, str], list[str]] = {}
    for address, fate in fates:
        if fate.complaint is None:
            continue
        domain = address.rpartition("@")[2].lower()
        exact = is_simulated(address) or fate.complaint.sub_type is not None
        found[fate.complaint, domain] = [
            other
            for other, its in fates
            if other.rpartition("@")[2].lower() == domain
            and (its.complaint == fate.complaint if exact else its.delivered)
        ]
    return [(complaint, accused) for (complaint, _), accused in found.items()]


def _distinct(bounces: Iterable[BounceFate | None]) -> list[BounceFate]:
    return [bounce for bounce in dict.fromkeys(bounces) if bounce is not None]
