"""Two ways to mail people: a loop of one's own, and the guard."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from sesguard import errors, events
from sesguard._core.retry import RetryPolicy
from sesguard.mail import Email
from sesguard.outcomes import Attempted, Notice
from sesguard.simulator.simulator import Simulator
from sesguard.stores import MemoryStore
from sesguard.worker import Worker

__all__ = ["Again", "Guarded", "Loop", "Sender"]

_SENDER = "news@example.com"
_TRIES = 3


class Again(NamedTuple):
    """In how many seconds a mail is to be tried again, and whether all others wait so long too."""

    seconds: float
    all_wait: bool = False


class Sender(Protocol):
    """Tries to send one mail, and says when to try it again; None for never."""

    not_mailed: int
    throttles: int
    repeated: int

    def __init__(self, sim: Simulator) -> None: ...

    def attempt(self, address: str, key: str, tries: int) -> Again | None: ...

    def end_of_day(self) -> list[str]: ...


class Loop:
    """
    What is built by hand: whatever failed is tried again a second later, three times in all.

    Nobody reads the events.
    """

    def __init__(self, sim: Simulator) -> None:
        self.not_mailed: int = 0
        self.throttles: int = 0
        self.repeated: int = 0
        self._client = sim.boto3_client("sesv2")

    def attempt(self, address: str, key: str, tries: int) -> Again | None:
        again = Again(1.0) if tries < _TRIES else None
        try:
            self._client.send_email(
                FromEmailAddress=_SENDER,
                Destination={"ToAddresses": [address]},
                Content={
                    "Simple": {"Subject": {"Data": "News"}, "Body": {"Text": {"Data": "Hello."}}}
                },
                EmailTags=[{"Name": "letter", "Value": key}],
            )
        except ClientError as error:
            codes = ("TooManyRequestsException", "LimitExceededException")
            answer: Any = error.response
            self.throttles += answer["Error"]["Code"] in codes
            return again
        except (ConnectionError, HTTPClientError):
            return again
        return None

    def end_of_day(self) -> list[str]:
        return []


class Guarded:
    """The guard, its worker at the end of each day, and what its errors say to do."""

    def __init__(self, sim: Simulator) -> None:
        self.not_mailed: int = 0
        self.throttles: int = 0
        self.repeated: int = 0
        store = MemoryStore(clock=sim.clock)
        self._client = sim.client(
            suppression=store, observers=[self._notice], retry=RetryPolicy.none()
        )
        self._worker = Worker(sim.source(), store=store)
        self._worker.on(events.Send)(self._told)
        self._unknown: dict[str, None] = {}

    def attempt(self, address: str, key: str, tries: int) -> Again | None:
        email = Email(
            sender=_SENDER, to=address, subject="News", text="Hello.", tags={"letter": key}
        )
        try:
            self._client.send(email)
        except errors.SuppressedError:
            self.not_mailed += 1
        except errors.OutcomeUnknownError:
            self._unknown[key] = None
        except errors.SendError as error:
            if error.retry_after is not None:
                return Again(error.retry_after, isinstance(error, errors.ThrottlingError))
        return None

    def end_of_day(self) -> list[str]:
        """Read the events. What was unknown, and was not told of as sent, is sent again."""
        self.repeated += self._worker.drain().repeated
        left, self._unknown = list(self._unknown), {}
        return left

    def _notice(self, notice: Notice) -> None:
        self.throttles += isinstance(notice, Attempted) and isinstance(
            notice.error, errors.ThrottlingError
        )

    def _told(self, event: events.Event) -> None:
        if event.mail is not None:
            for key in event.mail.tags.get("letter", ()):
                self._unknown.pop(key, None)
