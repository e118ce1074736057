"""SES itself, as far as it is simulated: an account, and the operations on it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sesguard.addresses import read_leniently
from sesguard.errors import ConfigurationError
from sesguard.ports import Clock
from sesguard.simulator import refusals
from sesguard.simulator.clock import SimulatedClock
from sesguard.simulator.faults import Fault, Script
from sesguard.simulator.feedback import Channel, Json, envelope, records
from sesguard.simulator.identifiers import Identifiers
from sesguard.simulator.limits import Limits
from sesguard.simulator.mailboxes import Mailboxes, is_simulated
from sesguard.simulator.offers import READERS, Offer, SentMail
from sesguard.simulator.statistics import Statistics
from sesguard.sources.memory import MemorySource

__all__ = ["Service"]

_MOST_RECIPIENTS = 50
_MOST_BYTES = {"ses": 10 * 1024 * 1024, "sesv2": 40 * 1024 * 1024}


@dataclass(slots=True)
class Standing:
    """How the account stands with AWS, and with its owner. May be changed at any time."""

    sandbox: bool
    identities: Collection[str] | None
    sending_enabled: bool = True
    enforcement_status: str = "HEALTHY"


class Service:
    """
    Answers operations of API v1 and v2 out of one account.

    Args:
        seed: Decides every identifier.

        clock: Where time comes from.

        limits: What may be sent.

        standing: Sandbox, identities, pauses.

        mailboxes: What becomes of mail.

        channel: How feedback is published.

        control_rate: Calls a second of each operation that does not send; None for no limit.
    """

    def __init__(
        self,
        *,
        seed: int,
        clock: Clock,
        limits: Limits,
        standing: Standing,
        mailboxes: Mailboxes,
        channel: Channel,
        control_rate: float | None,
    ) -> None:
        self.clock = clock
        self.limits = limits
        self.standing = standing
        self.mailboxes = mailboxes
        self.script: Script = Script()
        self.identifiers: Identifiers = Identifiers(seed)
        self.statistics: Statistics = Statistics(seed)
        self.queue: MemorySource = MemorySource(clock=clock)
        self.outbox: list[SentMail] = []
        self.feedback: list[Json] = []
        self.calls: Counter[str] = Counter()
        self._channel: Channel = channel
        self._control_rate = control_rate
        self._last_call: dict[str, float] = {}
        self._lock = threading.RLock()
        self._operations: Mapping[str, Callable[[], dict[str, Any]]] = {
            "sesv2.GetAccount": self._account,
            "ses.GetSendQuota": self._quota,
            "ses.GetSendStatistics": self._points,
        }

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], region: str
    ) -> dict[str, Any]:
        """
        Answer one call.

        Raises:
            Refusal: SES says no.

            BotoCoreError: The way to SES is broken, by script.

            ConfigurationError: The simulator does not have this operation.
        """
        name = f"{service}.{operation}"
        with self._lock:
            self.calls[name] += 1
            if name in READERS:
                return self._send(service, name, parameters, region)
            if name not in self._operations:
                known = ", ".join(sorted((*READERS, *self._operations)))
                raise ConfigurationError(
                    f"The simulator does not have {name}. It has {known}. Nothing was asked of AWS."
                )
            fault = self.script.next(operation)
            if fault is not None:
                raise fault.error() if isinstance(fault, Fault) else fault
            self._check_control_rate(name)
            return self._operations[name]()

    def fail_next(self, times: int, error: Fault | str | Exception, operation: str) -> None:
        """
        Let the next *times* calls of *operation* fail.

        Raises:
            ConfigurationError: There is no such fault or operation, or nothing is to fail.
        """
        if type(times) is not int or times < 1:
            raise ConfigurationError("times= is how many calls fail: a whole number from 1.")
        known = ("send", *(name.partition(".")[2] for name in self._operations))
        if operation not in known:
            raise ConfigurationError(
                f"operation= is one of {', '.join(known)}, and {operation!r} was given. "
                "'send' is for any kind of send."
            )
        self.script.add(times, error, operation)

    def _check_control_rate(self, name: str) -> None:
        if self._control_rate is None:
            return
        now = self.clock.monotonic()
        before = self._last_call.get(name)
        if before is not None and now - before < 1 / self._control_rate:
            raise refusals.control_rate()
        self._last_call[name] = now

    def _send(
        self, service: str, name: str, parameters: Mapping[str, Any], region: str
    ) -> dict[str, Any]:
        fault = self.script.next("send")
        if isinstance(fault, Exception):
            raise fault
        if fault is not None and not fault.after_taking:
            raise fault.error()
        offer = READERS[name](parameters)
        self._check(offer, service, region)
        mail = self._take(offer)
        self._publish(mail, region)
        if fault is Fault.EMPTY_ANSWER:
            return {}
        if fault is not None:
            raise fault.error()
        return {"MessageId": mail.message_id}

    def _check(self, offer: Offer, service: str, region: str) -> None:
        """What SES has against a mail, in the order of how much it says about the mail itself."""
        self._check_account()
        _check_shape(offer, service)
        self._check_identities(offer, region)
        now = self.clock.monotonic()
        slept = self.clock.slept if isinstance(self.clock, SimulatedClock) else 0.0
        if self.limits.over_rate(now, slept):
            raise refusals.sending_rate()
        if self.limits.over_quota(now) and not all(map(is_simulated, offer.recipients)):
            raise refusals.daily_quota()

    def _check_account(self) -> None:
        if self.standing.enforcement_status == "SHUTDOWN":
            raise refusals.shut_down()
        if not self.standing.sending_enabled:
            raise refusals.sending_paused()

    def _check_identities(self, offer: Offer, region: str) -> None:
        """
        Source:
            SES Developer Guide, "Creating and verifying identities", "Request production access".
        """
        verified = self.standing.identities
        if verified is None and not self.standing.sandbox:
            return
        asked = [offer.sender, *([offer.return_path] if offer.return_path else [])]
        if self.standing.sandbox:
            asked += [one for one in offer.recipients if not is_simulated(one)]
        failed = [one for one in asked if not _is_verified(one, verified or ())]
        if failed:
            raise refusals.not_verified(region, failed)

    def _take(self, offer: Offer) -> SentMail:
        at, now = self.clock.now(), self.clock.monotonic()
        in_quota = sum(not is_simulated(recipient) for recipient in offer.recipients)
        self.limits.take(now, recipients=len(offer.recipients), in_quota=in_quota)
        what = {one.name: getattr(offer, one.name) for one in fields(offer)}
        mail = SentMail(message_id=self.identifiers.message(at), at=at, **what)
        self.outbox.append(mail)
        return mail

    def _publish(self, mail: SentMail, region: str) -> None:
        fates = [(one, self.mailboxes.fate(one)) for one in mail.recipients]
        self.statistics.count(mail.at, [fate for _, fate in fates])
        for record in records(mail, fates, self.identifiers, channel=self._channel, region=region):
            self.feedback.append(record)
            self.queue.put(
                envelope(record, self.identifiers, at=mail.at, channel=self._channel, region=region)
            )
        for recipient, fate in fates:
            self.mailboxes.learn(recipient, fate)

    def _account(self) -> dict[str, Any]:
        return {
            "DedicatedIpAutoWarmupEnabled": False,
            "EnforcementStatus": self.standing.enforcement_status,
            "ProductionAccessEnabled": not self.standing.sandbox,
            "SendQuota": self._quota(),
            "SendingEnabled": self.standing.sending_enabled,
            "SuppressionAttributes": {
                "SuppressedReasons": [str(one) for one in self.mailboxes.suppressed_reasons]
            },
        }

    def _quota(self) -> dict[str, Any]:
        return {
            "Max24HourSend": self.limits.quota,
            "MaxSendRate": self.limits.rate,
            "SentLast24Hours": float(self.limits.sent_last_24_hours(self.clock.monotonic())),
        }

    def _points(self) -> dict[str, Any]:
        now: datetime = self.clock.now()
        return {"SendDataPoints": self.statistics.points(now)}


def _check_shape(offer: Offer, service: str) -> None:
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
    if offer.size > _MOST_BYTES[service]:
        raise refusals.bad_request(
            f"Message length is more than {_MOST_BYTES[service]} bytes long: '{offer.size}'."
        )


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
