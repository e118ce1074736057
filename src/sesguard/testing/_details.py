"""Which details a sample of each kind has, and what each of them takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast

from sesguard.errors import ConfigurationError
from sesguard.testing._asked import Details

__all__ = ["checked"]

_ANY = "timestamp topic_arn sns_message_id"
_MAIL = f"{_ANY} message_id sender subject destination headers original_headers"
_BARE_MAIL = f"{_ANY} message_id sender destination"
_PUBLISHED = "tags configuration_set"
_DETAILS = {
    "Bounce": f"{_MAIL} bounce_type bounce_sub_type status diagnostic_code feedback_id",
    "Complaint": f"{_MAIL} complaint_feedback_type complaint_sub_type user_agent feedback_id",
    "Delivery": f"{_MAIL} smtp_response processing_time_millis",
    "Send": _MAIL,
    "Reject": f"{_MAIL} reason",
    "Open": f"{_MAIL} ip_address user_agent is_bot_event",
    "Click": f"{_MAIL} ip_address user_agent is_bot_event link link_tags",
    "RenderingFailure": f"{_BARE_MAIL} template_name error_message",
    "DeliveryDelay": f"{_BARE_MAIL} delay_type status diagnostic_code expiration_time",
    "Subscription": f"{_MAIL} contact_list source topic_name unsubscribe_all",
    "UnknownEvent": _MAIL,
    "SetupNotice": f"{_ANY} sender",
    "SubscriptionConfirmation": f"{_ANY} token",
    "UnsubscribeConfirmation": f"{_ANY} token",
}
_WITHOUT_MAIL = ("SetupNotice", "SubscriptionConfirmation", "UnsubscribeConfirmation")

# All else is text.
_TIMES = ("timestamp", "expiration_time")
_FLAGS = ("original_headers", "unsubscribe_all")
_NUMBERS = ("processing_time_millis",)
_LISTS = ("destination",)
_TEXTS_BY_NAME = ("headers", "tags")
_MAY_BE_EMPTY = ("subject", "diagnostic_code", "smtp_response", "user_agent")
_OPEN = ("complaint_feedback_type", "complaint_sub_type", "link_tags")  # these may be None

# Source: SES Developer Guide, "Bounce types", "Complaint object", "DeliveryDelay object".
_BOUNCES = {
    "Permanent": (
        "General NoEmail Suppressed OnAccountSuppressionList OnTenantSuppressionList "
        "EmailValidationSuppressed UnsubscribedRecipient"
    ),
    "Transient": (
        "General MailboxFull MessageTooLarge ContentRejected AttachmentRejected "
        "CustomTimeoutExceeded"
    ),
    "Undetermined": "Undetermined",
}
_WORDS = {
    "bounce_type": " ".join(_BOUNCES),
    "complaint_sub_type": "OnAccountSuppressionList OnTenantSuppressionList",
    "delay_type": (
        "InternalFailure General MailboxFull SpamDetected RecipientServerError IPFailure "
        "TransientCommunicationFailure BYOIPHostNameLookupUnavailable Undetermined SendingDeferral"
    ),
    "is_bot_event": "Likely Unlikely",
}


def checked(kind: str, channel: str, details: Details) -> Details:
    """
    A copy of *details*, each of which this kind has.

    Raises:
        ConfigurationError: Another name, or a value that cannot be one.
    """
    there_are = _DETAILS[kind].split()
    if channel == "events" and kind not in _WITHOUT_MAIL:
        there_are += _PUBLISHED.split()
    given: dict[str, object] = {**details}
    if unknown := given.keys() - set(there_are):
        raise ConfigurationError(
            f"{kind} of channel={channel} has no {', '.join(sorted(unknown))}. "
            f"There are {', '.join(there_are)}."
        )
    for name, value in given.items():
        if not (value is None and name in _OPEN):
            _fit(name, value)
            _say(name, value, _WORDS.get(name))
    if "bounce_sub_type" in given:
        bounce_type = str(given.get("bounce_type", "Permanent"))
        _say("bounce_sub_type", given["bounce_sub_type"], _BOUNCES[bounce_type])
    return cast("Details", given)


def _fit(name: str, value: object) -> None:
    """A value of the type that its name asks for."""
    if name in _TIMES:
        fits, wanted = isinstance(value, datetime) and value.tzinfo is not None, "an aware datetime"
    elif name in _FLAGS:
        fits, wanted = isinstance(value, bool), "True or False"
    elif name in _NUMBERS:
        fits, wanted = type(value) is int and value >= 0, "a whole number"
    elif name in _LISTS:
        fits, wanted = _is_list(value), "a list of strings"
    elif name in _TEXTS_BY_NAME:
        fits, wanted = _is_mapping(value, str), "a mapping of strings to strings"
    elif name == "link_tags":
        fits, wanted = _is_mapping(value, list, tuple), "a mapping of strings to lists"
    else:
        fits, wanted = isinstance(value, str) and _says_enough(name, value), "a string"
    if not fits:
        shown = "an empty one" if value == "" else type(value).__name__
        raise ConfigurationError(f"{name}= takes {wanted}, not {shown}.")


def _say(name: str, value: object, words: str | None) -> None:
    """One of SES's own words, where those are known."""
    if words is not None and value not in words.split():
        raise ConfigurationError(f"{name}= is one of {', '.join(words.split())} here.")


def _says_enough(name: str, value: str) -> bool:
    return value != "" or name in _MAY_BE_EMPTY


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple) and _are(str, cast("Sequence[object]", value))


def _is_mapping(value: object, *kinds: type) -> bool:
    if not isinstance(value, Mapping):
        return False
    pairs = cast("Mapping[object, object]", value)
    return _are(str, pairs) and all(isinstance(one, kinds) for one in pairs.values())


def _are(kind: type, values: Iterable[object]) -> bool:
    return all(isinstance(one, kind) for one in values)
