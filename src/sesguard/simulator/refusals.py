"""What SES refuses, in the codes and words of either API."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "GENERIC_CODES",
    "Refusal",
    "absent",
    "already_exists",
    "bad_request",
    "control_rate",
    "daily_quota",
    "internal_failure",
    "invalid",
    "invalid_next_token",
    "limit_exceeded",
    "mail_from_not_verified",
    "not_found",
    "not_verified",
    "rejected",
    "sending_paused",
    "sending_rate",
    "set_paused",
    "shut_down",
    "unavailable",
]

GENERIC_CODES: dict[str, frozenset[str]] = {
    "ses": frozenset(
        (
            "InternalFailure",
            "InvalidParameterValue",
            "ServiceUnavailable",
            "Throttling",
            "ValidationError",
        )
    ),
    "sesv2": frozenset(("InternalFailure", "ServiceUnavailable")),
}
"""Codes that the service models do not name for each operation, and that SES answers with."""


@dataclass(frozen=True, slots=True)
class _Code:
    name: str
    status: int


class Refusal(Exception):  # noqa: N818  # an answer of SES on its way out, not an error of ours
    """
    An error answer.

    Args:
        v1: Code and HTTP status in API v1.

        v2: Code and HTTP status in API v2.

        message: SES's words.

        v1_message: Its words in API v1, where they are others.
    """

    def __init__(
        self, v1: _Code, v2: _Code, message: str, *, v1_message: str | None = None
    ) -> None:
        super().__init__(message)
        self._codes = {"ses": v1, "sesv2": v2}
        self._messages = {"ses": v1_message or message, "sesv2": message}

    def message(self, service: str) -> str:
        """The words that *service* (``ses`` or ``sesv2``) answers with."""
        return self._messages[service]

    def code(self, service: str) -> str:
        """The code that *service* answers with."""
        return self._codes[service].name

    def status(self, service: str) -> int:
        """The HTTP status that *service* answers with."""
        return self._codes[service].status


_THROTTLING = _Code("Throttling", 400)
_TOO_MANY_REQUESTS = _Code("TooManyRequestsException", 429)
_REJECTED = _Code("MessageRejected", 400)


def sending_rate() -> Refusal:
    """More recipients a second than the account may mail."""
    return Refusal(_THROTTLING, _TOO_MANY_REQUESTS, "Maximum sending rate exceeded.")


def daily_quota() -> Refusal:
    """The quota of 24 hours is used up."""
    code = _Code("LimitExceededException", 400)
    return Refusal(_THROTTLING, code, "Daily message quota exceeded.")


def control_rate() -> Refusal:
    """More than one call a second of an operation that does not send."""
    return Refusal(_THROTTLING, _TOO_MANY_REQUESTS, "Rate exceeded")


def rejected(message: str) -> Refusal:
    """This message is not taken."""
    return Refusal(_REJECTED, _REJECTED, message)


def not_verified(region: str, identities: list[str]) -> Refusal:
    """The sender, or in the sandbox a recipient, is not verified in this region."""
    return rejected(
        "Email address is not verified. The following identities failed the check in region "
        f"{region.upper()}: {', '.join(identities)}"
    )


def bad_request(message: str) -> Refusal:
    """The request makes no mail."""
    return Refusal(_Code("InvalidParameterValue", 400), _Code("BadRequestException", 400), message)


def sending_paused() -> Refusal:
    """The account's owner has paused its sending."""
    return Refusal(
        _Code("AccountSendingPausedException", 400),
        _Code("SendingPausedException", 400),
        "Email sending is disabled for your account.",
    )


def shut_down() -> Refusal:
    """AWS has ended the account's sending. API v1 says so by a rejection."""
    return Refusal(
        _REJECTED,
        _Code("AccountSuspendedException", 400),
        "The account's ability to send email has been permanently restricted.",
        v1_message="Sending paused for this account. For more information, please check the "
        "inbox of the email address associated with your AWS account.",
    )


def set_paused(name: str) -> Refusal:
    """The sending of a configuration set is paused."""
    return Refusal(
        _Code("ConfigurationSetSendingPausedException", 400),
        _Code("SendingPausedException", 400),
        f"Email sending is disabled for configuration set <{name}>.",
    )


def mail_from_not_verified() -> Refusal:
    """The sender's own MAIL FROM domain is not there, and it does without SES's."""
    code = _Code("MailFromDomainNotVerifiedException", 400)
    return Refusal(code, code, "The MAIL FROM domain of the sender's identity is not verified.")


def not_found(name: str) -> Refusal:
    """A configuration set that is not there."""
    return Refusal(
        _Code("ConfigurationSetDoesNotExist", 400),
        _Code("NotFoundException", 404),
        f"Configuration set <{name}> does not exist.",
    )


def internal_failure() -> Refusal:
    """HTTP 500."""
    code = _Code("InternalFailure", 500)
    return Refusal(code, code, "The request processing has failed because of an unknown error.")


def unavailable() -> Refusal:
    """HTTP 503."""
    code = _Code("ServiceUnavailable", 503)
    return Refusal(code, code, "Service is temporarily unavailable.")


def invalid(message: str, v1: str = "InvalidParameterValue") -> Refusal:
    """What was given makes no sense. *v1* is the code in API v1."""
    return Refusal(_Code(v1, 400), _Code("BadRequestException", 400), message)


def absent(message: str, v1: str = "InvalidParameterValue") -> Refusal:
    """What was named is not there. *v1* is the code in API v1."""
    return Refusal(_Code(v1, 400), _Code("NotFoundException", 404), message)


def already_exists(message: str, v1: str = "AlreadyExists") -> Refusal:
    """What is to be made is there. *v1* is the code in API v1."""
    return Refusal(_Code(v1, 400), _Code("AlreadyExistsException", 400), message)


def limit_exceeded(message: str) -> Refusal:
    """There are too many of these already."""
    return Refusal(_Code("LimitExceeded", 400), _Code("LimitExceededException", 400), message)


def invalid_next_token(message: str) -> Refusal:
    """A page is asked for with a token that was not given out for it."""
    code = _Code("InvalidNextTokenException", 400)
    return Refusal(_Code("InvalidParameterValue", 400), code, message)
