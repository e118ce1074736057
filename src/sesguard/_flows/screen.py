"""What is asked before a send: the guards, and then the suppression list, once for all."""

from __future__ import annotations

from collections.abc import Sequence

from sesguard import errors
from sesguard._core.screening import (
    Found,
    Screened,
    checked,
    keys_of,
    screen,
    unavailable,
)
from sesguard._flows.guarding import admit
from sesguard._flows.send_ports import Rules, SendPorts
from sesguard.addresses import AddressKey
from sesguard.mail import Email
from sesguard.outcomes import LookUpFailed

__all__ = ["screen_all", "screen_one"]


async def screen_one(email: Email, ports: SendPorts, rules: Rules) -> Screened:
    """
    Ask the guards, and then the list, about one e-mail.

    Raises:
        CircuitOpenError, FencedError, SuppressedError, SuppressionUnavailableError: It may not be
            sent.
    """
    (answer,) = await screen_all((email,), ports, rules)
    if isinstance(answer, errors.SESGuardError):
        raise answer
    return answer


async def screen_all(
    emails: Sequence[Email], ports: SendPorts, rules: Rules
) -> list[Screened | errors.SESGuardError]:
    """
    Ask the guards, and then the list, about several e-mails.

    There is one look-up for all that share their scopes.

    Returns:
        For each e-mail, in order, what may be sent or why it may not.
    """
    admitted = [await admit(email, ports) for email in emails] if ports.guards else emails
    by_scopes: dict[tuple[str, ...], list[Email]] = {}
    for email in admitted:
        if isinstance(email, Email):
            by_scopes.setdefault(email.scopes, []).append(email)
    found: dict[tuple[str, ...], Found] = {}
    for scopes, group in by_scopes.items():
        found[scopes] = await _look_up(keys_of(group), scopes, ports, rules)
    return [
        _screened(email, found[email.scopes], rules) if isinstance(email, Email) else email
        for email in admitted
    ]


def _screened(email: Email, found: Found, rules: Rules) -> Screened | errors.SESGuardError:
    try:
        screened = screen(email, found, on_suppressed=rules.on_suppressed)
    except (errors.SuppressedError, errors.SuppressionUnavailableError) as error:
        return error
    email = screened.email.with_defaults(configuration_set=rules.configuration_set, tags=rules.tags)
    return Screened(email=email, suppressed=screened.suppressed)


async def _look_up(
    keys: Sequence[AddressKey], scopes: Sequence[str], ports: SendPorts, rules: Rules
) -> Found:
    try:
        found = checked(await ports.look_up(keys, scopes), keys, now=ports.clock.now())
    except errors.ConfigurationError:
        raise
    except Exception as error:
        # Whatever a hook raises, the list was not asked: the mail must not go out unseen.
        found = dict.fromkeys(keys, unavailable(error))
    if rules.on_lookup_error == "raise":
        return found
    failed = [one for one in found.values() if isinstance(one, errors.SuppressionUnavailableError)]
    for failure in dict.fromkeys(failed):
        ports.observe(LookUpFailed(error=failure))
    return {key: one for key, one in found.items() if one not in failed}
