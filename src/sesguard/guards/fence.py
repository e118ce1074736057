"""Keeps an environment that is not the real one from mailing real people."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Literal, Self, cast

from sesguard import errors
from sesguard._core import fencing as core
from sesguard.addresses import Address
from sesguard.mail import Email, Recipients

__all__ = ["Fence", "Otherwise"]

logger: logging.Logger = logging.getLogger(__name__)

Otherwise = Literal["refuse", "drop", "redirect"]


class Fence:
    """
    Lets mail go to an allow-list alone. For staging, where the addresses are those of real people.

        Fence(["example.com", "ann@example.org"])

    Mailboxes are compared as suppression lists compare them: whatever the case, the display name
    or the spelling of the domain; ``ann+x@example.org`` is another mailbox than
    ``ann@example.org``. Amazon's mailbox simulator is always allowed: nobody lives there.

    Put it first of all guards. It looks again right before each request, so that what another
    guard makes of a mail cannot get round it.

    Args:
        allow: Addresses and domains, or one of them. ``example.com`` stands for its own mailboxes
            and for none of its subdomains; those are ``*.example.com``.

        otherwise: What happens when a recipient is not among them. ``"refuse"``: `FencedError`.
            ``"drop"``: the others get it, and where there is none it is `FencedError`.
            ``"redirect"``: the mail goes to *to* alone, in place of all its To, Cc and Bcc, and
            the header ``X-Original-Recipients`` tells whom it was for, as many as go in a line.

        to: The one mailbox for ``"redirect"``. It need not be among *allow*.

    Attributes:
        fenced: Whether it stops anything. False only of one made `for_environment`.

    Raises:
        ConfigurationError: An entry that is neither address nor domain, or options that do not go
            together.
    """

    def __init__(
        self,
        allow: Recipients,
        *,
        otherwise: Otherwise = "refuse",
        to: str | Address | None = None,
    ) -> None:
        if otherwise not in ("refuse", "drop", "redirect"):
            raise errors.ConfigurationError("otherwise= must be 'refuse', 'drop' or 'redirect'.")
        if (to is not None) != (otherwise == "redirect"):
            raise errors.ConfigurationError(
                "to= is the mailbox for otherwise='redirect', which needs it. Give both or none."
            )
        self.fenced: bool = True
        self._otherwise = otherwise
        self._to = None if to is None else _mailbox(to)
        self._ground = core.ground(allow, self._to)

    @classmethod
    def for_environment(
        cls,
        name: str,
        *,
        fenced: Collection[str],
        unfenced: Collection[str],
        allow: Recipients,
        otherwise: Otherwise = "refuse",
        to: str | Address | None = None,
    ) -> Self:
        """
        A fence that an environment's name asks for.

        A name that stands nowhere, a misspelt or an empty one too, is an error: so production is
        never fenced and staging never unfenced by accident.

            Fence.for_environment(settings.ENVIRONMENT, fenced=["dev", "staging"],
                                  unfenced=["production"], allow="example.com")

        Args:
            name: The name of this environment, exactly.

            fenced: The names of those that mail *allow* alone.

            unfenced: The names of those that mail anybody. There the fence lets everything pass,
                and the other options are checked all the same.

            allow, otherwise, to: As for a `Fence`.

        Raises:
            ConfigurationError: No such name, or one that is both; or as for a `Fence`.
        """
        for option, names in (("fenced", fenced), ("unfenced", unfenced)):
            if not _are_names(names):
                raise errors.ConfigurationError(f"{option}= must be a list of names.")
        if both := {*fenced} & {*unfenced}:
            raise errors.ConfigurationError(
                f"These environments are fenced and unfenced: {', '.join(sorted(both))}."
            )
        if type(name) is not str or name not in {*fenced, *unfenced}:
            raise errors.ConfigurationError(
                "This environment's name is neither among fenced= "
                f"({', '.join(sorted(fenced))}) nor among unfenced= "
                f"({', '.join(sorted(unfenced))}). Correct it, or add it to one of them."
            )
        fence = cls(allow, otherwise=otherwise, to=to)
        fence.fenced = name in fenced
        return fence

    def admit(self, email: Email, /) -> Email:
        """
        The mail as it may go from here.

        Raises:
            FencedError: It may not.
        """
        outside = self._outside(email)
        if not outside:
            return email
        if self._to is not None:
            logger.info("A mail to %d recipients is redirected", len(email.recipients))
            return core.redirected(email, self._to)
        if self._otherwise == "refuse" or outside == len(email.recipients):
            raise _fenced(outside, len(email.recipients))
        logger.info("%d of %d recipients are left out", outside, len(email.recipients))
        return email.keeping(self._ground)

    def permit(self, email: Email, /) -> None:
        """
        Look once more.

        Raises:
            FencedError: Something else put a recipient in who may not be mailed.
        """
        if outside := self._outside(email):
            raise _fenced(outside, len(email.recipients))

    def learn(self, email: Email, error: errors.SESGuardError | None, /) -> None:
        """Nothing: a fence stands whatever SES says."""

    def _outside(self, email: Email) -> int:
        if not self.fenced:
            return 0
        return sum(one.key not in self._ground for one in email.recipients)


def _fenced(outside: int, all_of_them: int) -> errors.FencedError:
    return errors.FencedError(
        f"This environment must not mail {outside} of {all_of_them} recipients, so nothing was "
        "sent. Allow them by Fence(allow=), or take otherwise='drop' or 'redirect'.",
        attempts=0,
    )


def _mailbox(to: str | Address) -> Address:
    try:
        return Address.parse(to)
    except errors.AddressError as error:
        raise errors.ConfigurationError(f"to= is not a mailbox: {error}") from None


def _are_names(given: object) -> bool:
    if isinstance(given, str) or not isinstance(given, Collection):
        return False
    names = cast("Collection[object]", given)
    return all(isinstance(name, str) and name and "@" not in name for name in names)
