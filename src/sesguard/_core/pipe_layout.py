"""What a pipe from SES to a queue consists of, by name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from sesguard._core.sns_topics import partition_of
from sesguard.errors import ConfigurationError

__all__ = ["EVENTS", "Layout"]

EVENTS = (
    *("BOUNCE", "COMPLAINT", "DELIVERY", "SEND", "REJECT", "OPEN", "CLICK", "RENDERING_FAILURE"),
    *("DELIVERY_DELAY", "SUBSCRIPTION"),
)
"""Source: SES API v2 Reference, EventDestinationDefinition, MatchingEventTypes."""

_OF_IDENTITIES = EVENTS[:3]
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,8}(-[a-z]+)+-[0-9]+")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:key/[A-Za-z0-9-]+")
_IDENTITY = re.compile(r"[^\s/:*?\"\\]{1,320}")
_LONGEST = (
    *(("topic", 256), ("queue", 80), ("dead_letter_queue", 80)),
    *(("configuration_set", 64), ("event_destination", 64)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """
    A pipe: SES, a topic, a queue, and the queue for what could not be read.

    Args:
        account_id: The account, 12 digits.

        region_name: The region of all of it: SES publishes to topics of its own region.

        topic: The topic's name.

        queue: The queue's name; that of the topic unless given.

        dead_letter_queue: The other queue's name; the queue's and ``-dead-letters`` unless given.

        configuration_set: The set whose events are taken; either this or *identities*.

        identities: The domains or addresses whose notifications are taken.

        event_destination: The name of the set's event destination.

        events: What is told, by SES's names; an identity has BOUNCE, COMPLAINT and DELIVERY only.

        raw: Whether the queue gets SES's message alone, without the envelope of SNS.

        kms_key: The ARN of a customer key that encrypts topic and queues. None: a new queue has
            SQS's own encryption, and a topic none.

        max_receive_count: How often a message is received before it is set aside.

    Raises:
        ConfigurationError: It cannot work.
    """

    account_id: str
    region_name: str
    topic: str
    queue: str = ""
    dead_letter_queue: str = ""
    configuration_set: str | None = None
    identities: tuple[str, ...] = ()
    event_destination: str = "sesguard"
    events: tuple[str, ...] = _OF_IDENTITIES
    raw: bool = False
    kms_key: str | None = None
    max_receive_count: int = 5

    def __post_init__(self) -> None:
        given: object = self.identities  # a bare string is one
        several = (given,) if isinstance(given, str) else cast("Iterable[str]", given)
        self._set("queue", self.queue or self.topic)
        self._set("dead_letter_queue", self.dead_letter_queue or f"{self.queue}-dead-letters")
        self._set("identities", tuple(dict.fromkeys(several)))
        self._set("events", tuple(dict.fromkeys(self.events)))
        self._check_place()
        self._check_names()
        self._check_source()
        if self.queue == self.dead_letter_queue:
            raise ConfigurationError(
                "queue= and dead_letter_queue= are the same, so what cannot be read would go "
                "round for ever. Give them two names."
            )
        count: object = self.max_receive_count
        if type(count) is not int or not 1 <= count <= 1000:
            raise ConfigurationError("max_receive_count= must be a whole number from 1 to 1000.")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_place(self) -> None:
        if not _matches(_ACCOUNT, self.account_id):
            raise ConfigurationError("account_id= must be the 12 digits of an AWS account.")
        if not _matches(_REGION, self.region_name):
            raise ConfigurationError("region_name= must be a region, such as 'eu-west-1'.")
        if self.kms_key is None:
            return
        found = _KEY.fullmatch(str(self.kms_key))
        if found is None:
            raise ConfigurationError(
                "kms_key= must be the ARN of a key of yours: arn:aws:kms:REGION:ACCOUNT:key/ID. "
                "An alias can be moved, and nobody can change the policies of alias/aws/sqs and "
                "alias/aws/sns, so that SNS and SES cannot use them."
            )
        if found[1] != self.region_name:
            raise ConfigurationError(
                f"kms_key= is in {found[1]}, and the pipe is in {self.region_name}. Give a key of "
                "that region."
            )

    def _check_names(self) -> None:
        for option, longest in _LONGEST:
            name: object = getattr(self, option)
            if option == "configuration_set" and name is None:
                continue
            if isinstance(name, str) and name.endswith(".fifo"):
                raise ConfigurationError(
                    f"{option}= is a FIFO one, and SES publishes to standard topics only, which "
                    "feed standard queues only. Give another name."
                )
            if not _matches(_NAME, name) or len(cast("str", name)) > longest:
                raise ConfigurationError(
                    f"{option}= must be a name of 1 to {longest} letters, digits, - and _. "
                    "A URL or an ARN is none."
                )

    def _check_source(self) -> None:
        if (self.configuration_set is None) == (not self.identities):
            raise ConfigurationError(
                "Give configuration_set= or identities=, one of them: over both channels every "
                "bounce comes twice."
            )
        if not all(_matches(_IDENTITY, identity) for identity in self.identities):
            raise ConfigurationError(
                "identities= must be domains or addresses, as SES lists them: not ARNs."
            )
        able = EVENTS if self.configuration_set else _OF_IDENTITIES
        if not {"BOUNCE", "COMPLAINT"} <= {*self.events} <= {*able}:
            raise ConfigurationError(
                f"events= must hold BOUNCE and COMPLAINT, and none but {', '.join(able)}."
            )

    @property
    def partition(self) -> str:
        """How ARNs of this region begin, after ``arn:``."""
        return partition_of(self.region_name)

    @property
    def topic_arn(self) -> str:
        """The topic."""
        return self._arn("sns", self.topic)

    @property
    def queue_arn(self) -> str:
        """The queue."""
        return self._arn("sqs", self.queue)

    @property
    def dead_letter_queue_arn(self) -> str:
        """The queue for what could not be read."""
        return self._arn("sqs", self.dead_letter_queue)

    @property
    def source_arns(self) -> tuple[str, ...]:
        """The configuration set, or the identities."""
        if self.configuration_set is not None:
            return (self._arn("ses", f"configuration-set/{self.configuration_set}"),)
        return tuple(self._arn("ses", f"identity/{identity}") for identity in self.identities)

    @property
    def source_names(self) -> tuple[str, ...]:
        """The same by names that may be shown: an identity that is an address is numbered."""
        if self.configuration_set is not None:
            return (self.configuration_set,)
        return tuple(
            f"address-{number}" if "@" in identity else identity
            for number, identity in enumerate(self.identities, 1)
        )

    def __repr__(self) -> str:
        return (
            f"Layout({self.topic!r} -> {self.queue!r}, {', '.join(self.source_names)}, "
            f"{self.region_name})"
        )

    def _arn(self, service: str, resource: str) -> str:
        place = f"{self.region_name}:{self.account_id}"
        return f"arn:{self.partition}:{service}:{place}:{resource}"


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
