"""
Samples of what SES tells, as the text that your endpoint, queue or function gets.

    from sesguard.testing.events import sample

    parse_event(sample("Bounce", recipients="gone@example.org"))
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal, Protocol, TypeAlias, cast, get_args

from typing_extensions import Unpack

from sesguard.errors import ConfigurationError
from sesguard.testing._asked import ACCOUNT_ID, Asked, Channel, Details
from sesguard.testing._details import checked
from sesguard.testing._envelopes import DETAIL_TYPES, ENVELOPES, confirmation, notification
from sesguard.testing._records import record

__all__ = ["Channel", "Details", "Envelope", "Kind", "MakeSample", "sample"]

Kind: TypeAlias = Literal[
    "Bounce",
    "Complaint",
    "Delivery",
    "Send",
    "Reject",
    "Open",
    "Click",
    "RenderingFailure",
    "DeliveryDelay",
    "Subscription",
    "SubscriptionConfirmation",
    "UnsubscribeConfirmation",
    "SetupNotice",
    "UnknownEvent",
]
"""The classes of `sesguard.events`. An ``UnknownEvent`` is of a kind that SES may yet invent."""

Envelope: TypeAlias = Literal[
    "sns", "none", "sqs", "sqs_raw", "lambda_sns", "lambda_sqs", "eventbridge", "firehose"
]
"""
In what the record travels: SNS's message (which an HTTP endpoint gets, and which is the body of a
message in SQS), nothing, an answer of SQS's ReceiveMessage (with SNS's message in it, or with the
record alone: raw delivery), a Lambda event of SNS or of SQS, EventBridge, or a line of Firehose.
"""

_TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:ses-feedback"
_NOTIFIED = ("Bounce", "Complaint", "Delivery", "SetupNotice", "UnknownEvent")
_CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
_ARN = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}")


class MakeSample(Protocol):
    """`sample`, as the fixture ``ses_event`` gives it."""

    def __call__(
        self,
        kind: Kind = "Bounce",
        *,
        envelope: Envelope = "sns",
        channel: Channel = "events",
        recipients: str | Iterable[str] = ...,
        **details: Unpack[Details],
    ) -> str: ...


def sample(
    kind: Kind = "Bounce",
    *,
    envelope: Envelope = "sns",
    channel: Channel = "events",
    recipients: str | Iterable[str] = ("bounce@simulator.amazonses.com",),
    **details: Unpack[Details],
) -> str:
    """
    One thing that SES tells, in its JSON.

    Two samples are two events: identifiers differ, and times are now, unless they are given.

    Args:
        kind: The name of a class in `sesguard.events`.

        envelope: In what it travels.

        channel: As a configuration set publishes ``"events"``, or an identity ``"notifications"``.

        recipients: Whom it is about: one address, or several.

        details: What it says otherwise, in the names of our events: ``bounce_type="Transient"``,
            ``message_id="…"``, ``timestamp=…``. A mail had the *recipients* as its
            ``destination`` unless that is given; ``original_headers=False`` leaves out headers,
            as SES does for an identity that is not told to add them.

    Raises:
        ConfigurationError: SES tells no such thing; the message names what there is.
    """
    _known("kind", kind, get_args(Kind))
    _known("envelope", envelope, get_args(Envelope))
    _known("channel", channel, get_args(Channel))
    _meet(kind, envelope, channel)
    given = checked(kind, channel, details)
    topic = given.setdefault("topic_arn", _TOPIC)
    arn = _ARN.fullmatch(topic)
    if arn is None:
        raise ConfigurationError(f"topic_arn= is the ARN of an SNS topic, such as {_TOPIC}.")
    asked = Asked(
        kind=kind,
        channel=channel,
        recipients=_listed(recipients),
        region=arn[1],
        at=given.get("timestamp", datetime.now(UTC)),
        details=given,
    )
    if kind in _CONFIRMATIONS:
        return ENVELOPES[envelope](asked, {}, confirmation(asked))
    found = record(asked)
    return ENVELOPES[envelope](asked, found, notification(asked, found))


def _known(name: str, value: object, there_are: tuple[str, ...]) -> None:
    if value not in there_are:
        raise ConfigurationError(f"{name}= is one of {', '.join(there_are)}.")


def _meet(kind: str, envelope: str, channel: str) -> None:
    """Refuse what SES and SNS never put together."""
    if channel == "notifications" and kind not in (*_NOTIFIED, *_CONFIRMATIONS):
        raise ConfigurationError(
            f"An identity is not notified of {kind}, but of {', '.join(_NOTIFIED)}. "
            'Ask for channel="events".'
        )
    if kind in _CONFIRMATIONS and envelope not in ("sns", "sqs", "lambda_sqs"):
        raise ConfigurationError(
            f"{kind} is a message of SNS's own, which comes by envelope= sns, sqs, lambda_sqs."
        )
    if envelope not in ("eventbridge", "firehose"):
        return
    if channel == "notifications" or kind not in DETAIL_TYPES:
        raise ConfigurationError(
            f"By envelope={envelope} come events alone, of the kinds {', '.join(DETAIL_TYPES)}."
        )


def _listed(recipients: object) -> tuple[str, ...]:
    found = (recipients,) if isinstance(recipients, str) else recipients
    if isinstance(found, Iterable) and not isinstance(found, (bytes, Mapping)):
        addresses = tuple(cast("Iterable[object]", found))
        if addresses and all(isinstance(one, str) and one for one in addresses):
            return cast("tuple[str, ...]", addresses)
    raise ConfigurationError("recipients= takes one address or several, as strings.")
