"""Who of an e-mail's recipients may be mailed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, cast

from sesguard._frozen import FrozenMapping
from sesguard.addresses import AddressKey
from sesguard.errors import SuppressedError, SuppressionUnavailableError
from sesguard.mail import Email
from sesguard.suppression import Reason, Suppression

__all__ = ["Found", "Screened", "checked", "keys_of", "screen", "unavailable", "verdict"]

OnSuppressed = Literal["raise", "drop"]

Found: TypeAlias = Mapping[AddressKey, Suppression | SuppressionUnavailableError]
"""What the list says of each key that it stops, or why it could not be asked about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """
    An e-mail that may be sent.

    Attributes:
        email: With the recipients that may be mailed, and no other.

        suppressed: Bare address to entry, for those taken off.
    """

    email: Email
    suppressed: Mapping[str, Suppression]


def keys_of(emails: Iterable[Email]) -> tuple[AddressKey, ...]:
    """The mailboxes of all To, Cc and Bcc, each once, in their order."""
    return tuple(dict.fromkeys(one.key for email in emails for one in email.recipients))


def unavailable(error: Exception) -> SuppressionUnavailableError:
    """What an exception out of a look-up means: the list was not asked, so nothing goes out."""
    if isinstance(error, SuppressionUnavailableError):
        return error
    return SuppressionUnavailableError(
        f"The suppression look-up failed with {type(error).__name__}, so nothing was sent. "
        "Mend it (error.original holds the cause) and send again.",
        original=error,
    )


def verdict(
    answer: object, key: AddressKey, *, now: datetime
) -> Suppression | SuppressionUnavailableError | None:
    """What one answer about one key means. None lets mail go; so does nothing else but False."""
    if answer is None or answer is False:
        return None
    if isinstance(answer, (Suppression, SuppressionUnavailableError)):
        return answer
    if answer is True:
        return Suppression(key=key, reason=Reason.MANUAL, at=now, source="hook")
    return SuppressionUnavailableError(
        f"The suppression hook answered with {type(answer).__name__}, so nothing was sent. "
        "It must answer True (do not mail), False, None, or a Suppression."
    )


def checked(answer: object, asked: Sequence[AddressKey], *, now: datetime) -> Found:
    """
    The verdicts in an answer of ``look_up``, when it makes sense as a whole.

    Raises:
        SuppressionUnavailableError: It is no mapping, or names a key that was not asked. An
            answer in other spellings would let through whom it means to stop.
    """
    if not isinstance(answer, Mapping):
        raise SuppressionUnavailableError(
            f"look_up answered with {type(answer).__name__}, so nothing was sent. "
            "It must answer a mapping of address key to Suppression."
        )
    found: dict[AddressKey, Suppression | SuppressionUnavailableError] = {}
    known = frozenset(asked)
    for key, value in cast("Mapping[AddressKey, object]", answer).items():
        if key not in known:
            raise SuppressionUnavailableError(
                "look_up answered for a key that was not asked, so nothing was sent. "
                "It must answer by the same strings that it was given."
            )
        entry = verdict(value, key, now=now)
        if entry is not None:
            found[key] = entry
    return found


def screen(email: Email, found: Found, *, on_suppressed: OnSuppressed) -> Screened:
    """
    Take the suppressed recipients off an e-mail.

    Args:
        found: The entries that hold, by key, and what could not be told.

        on_suppressed: ``"raise"`` stops the whole e-mail, ``"drop"`` mails the rest.

    Raises:
        SuppressedError: Somebody is suppressed and *on_suppressed* is ``"raise"``, or nobody is
            left.

        SuppressionUnavailableError: The list could not be asked about somebody.
    """
    if not found:
        return Screened(email=email, suppressed=FrozenMapping())
    suppressed: dict[str, Suppression] = {}
    for one in email.recipients:
        entry = found.get(one.key)
        if isinstance(entry, SuppressionUnavailableError):
            raise entry
        if entry is not None:
            suppressed[one.addr_spec] = entry
    if not suppressed:
        return Screened(email=email, suppressed=FrozenMapping())
    left = frozenset(one.key for one in email.recipients if one.key not in found)
    if on_suppressed == "raise" or not left:
        raise SuppressedError(
            f"{len(suppressed)} of {len(email.recipients)} recipients are on the suppression "
            "list, so nothing was sent. See error.reasons for who and why"
            + (", or pass on_suppressed='drop' to mail the others." if left else "."),
            reasons={address: str(entry.reason) for address, entry in suppressed.items()},
        )
    return Screened(email=email.keeping(left), suppressed=FrozenMapping(suppressed))
