"""One mail of an outbox, from its taking to the record of its end."""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sesguard import errors
from sesguard._core import outboxes as core
from sesguard._core.outboxes import Again, Aside, Fate
from sesguard._outbox.counts import What
from sesguard._outbox.hold import Hold
from sesguard._outbox.store import Trouble, ask
from sesguard.client import Client
from sesguard.mail import Email
from sesguard.outcomes import SendResult
from sesguard.ports import Clock, OutboxStore

__all__ = ["End", "Sending"]

logger = logging.getLogger("sesguard.outbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """
    What became of a mail that was taken.

    Attributes:
        what: None where it is not known to the store: a lapsed lease will tell.

        fate: What its error meant; None where it was sent.

        failure: What waiting cannot mend, so that the run has to end.
    """

    hold: Hold
    what: What | None
    fate: Fate | None = None
    failure: BaseException | None = None


class Sending:
    """
    Sends mails of an outbox. Threads share it.

    Args:
        rest: Waits so many seconds, or until the run is stopped. Answers whether it goes on.
    """

    def __init__(
        self,
        store: OutboxStore,
        client: Client,
        *,
        max_age: timedelta,
        clock: Clock,
        rest: Callable[[float], bool],
    ) -> None:
        self._store = store
        self._client = client
        self._max_age = max_age
        self._clock = clock
        self._trouble = Trouble(rest)

    def send(self, hold: Hold) -> End:
        """Send one, and record what became of it, unless it was called off on the way."""
        entry, now = hold.entry, self._clock.now()
        fate: Fate | None = core.too_old(entry.id, entry.put_at, self._max_age, now=now)
        failure: BaseException | None = None
        kept = True
        try:
            if fate is None:
                kept = self._hand_over(hold)
        except Exception as error:  # whatever it is, it must not cost the mail
            if isinstance(error, errors.ConfigurationError):
                failure = error
            fate = core.judge(
                error, attempts=entry.attempts, begun=hold.begun, jitter=random.random()
            )
        if not hold.end() or not kept:
            return End(hold=hold, what=None)
        if hold.lost:
            return End(hold=hold, what="lost")
        return End(hold=hold, what=self._recorded(hold, fate), fate=fate, failure=failure)

    def _hand_over(self, hold: Hold) -> bool:
        """Send it. False: it was sent, and who is to get it later could not be kept."""
        entry = hold.entry
        email = core.email_of(entry.body)
        guarded = self._client._guarded_by(hold)  # pyright: ignore[reportPrivateUsage]  made for this
        # A mail that is settled to be sent again is another send than the one before.
        key = f"{entry.id} {entry.put_at.isoformat()}" if self._client.has_ledger else None
        result = guarded.send(
            email.with_defaults(tags={core.ENTRY_TAG: entry.id}), idempotency_key=key
        )
        return not result.refused or self._keep_refused(email, entry.id, result)

    def _keep_refused(self, email: Email, id: str, result: SendResult) -> bool:
        """Put those in as a mail of their own who were refused for now, while others were taken."""
        later = {address: one for address, one in result.refused.items() if one.retryable}
        for_good = len(result.refused) - len(later)
        if for_good:
            logger.warning("SES took mail %s, and refused %d of its recipients.", id, for_good)
        if not later:
            return True
        rest = email.keeping({one.key for one in email.recipients if one.addr_spec in later})
        due = self._clock.now() + timedelta(seconds=max(one.delay(1) for one in later.values()))
        new = core.id_of(due, secrets.randbits(74))

        def put() -> bool:
            ask(self._store.put, new, core.body_of(rest), due=due, priority=0)
            return True

        return self._trouble.wait_out(put, id) is True

    def _recorded(self, hold: Hold, fate: Fate | None) -> What | None:
        had = self._trouble.wait_out(lambda: self._record(hold, fate), hold.entry.id)
        if not had:
            return None if had is None else "lost"
        if fate is None:
            return "sent"
        if isinstance(fate, Again):
            return "put_back"
        return "unknown" if fate.unknown else "failed"

    def _record(self, hold: Hold, fate: Fate | None) -> bool:
        receipt = hold.entry.receipt
        if fate is None:
            return ask(self._store.sent, receipt)
        if isinstance(fate, Aside):
            return ask(self._store.set_aside, receipt, fate.reason, unknown=fate.unknown)
        due = self._clock.now() + timedelta(seconds=fate.seconds)
        return ask(self._store.put_back, receipt, due=due, counts=fate.counts)

    def hand_back(self, hold: Hold) -> End:
        """Record that one which was called off is due as before."""
        fate = Again(seconds=0.0, counts=False, pause=0.0, reason="The outbox was stopped.")
        return End(hold=hold, what=self._recorded(hold, fate), fate=fate)
