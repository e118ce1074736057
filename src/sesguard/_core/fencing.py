"""Who may be mailed from an environment that is not the real one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

from sesguard.addresses import Address, AddressKey
from sesguard.errors import AddressError, ConfigurationError
from sesguard.mail import Email, Recipients

__all__ = ["HEADER", "SIMULATOR", "Ground", "ground", "listed", "redirected"]

HEADER = "X-Original-Recipients"
"""The header in which a redirected mail tells whom it was for."""

SIMULATOR = "simulator.amazonses.com"
"""
Amazon's mailbox simulator, where nobody lives.

Source:
    SES Developer Guide, "Using the mailbox simulator".
"""

_LONGEST = 900  # characters of the header; a line of a mail may have 998 with its name


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """
    Whom the fence is around: ``key in ground``.

    Attributes:
        keys: Single mailboxes.

        domains: All mailboxes of these, and none of their subdomains.

        above: All mailboxes of the subdomains of these.
    """

    keys: frozenset[AddressKey]
    domains: frozenset[str]
    above: frozenset[str]

    def __contains__(self, key: object, /) -> bool:
        if not isinstance(key, str):
            return False
        domain = key.rpartition("@")[2]
        return key in self.keys or domain in self.domains or self._is_below(domain)

    def _is_below(self, domain: str) -> bool:
        labels = domain.split(".")
        return any(".".join(labels[at:]) in self.above for at in range(1, len(labels)))


def ground(allow: Recipients, to: Address | None = None) -> Ground:
    """
    Read an allow-list.

    Args:
        allow: Addresses, and domains: ``example.org`` for itself, ``*.example.org`` for its
            subdomains. The mailbox simulator is always among them.

        to: Another mailbox among them.

    Raises:
        ConfigurationError: An entry is neither. The message tells its place.
    """
    entries = (allow,) if isinstance(allow, str | Address) else _listed(allow)
    keys, domains, above = set[AddressKey](), {SIMULATOR}, set[str]()
    if to is not None:
        keys.add(to.key)
    for at, entry in enumerate(entries):
        try:
            if isinstance(entry, Address) or "@" in entry:
                keys.add(Address.parse(entry).key)
            elif entry.startswith("*."):
                above.add(_domain(entry[2:]))
            else:
                domains.add(_domain(entry))
        except (AddressError, TypeError):
            raise ConfigurationError(
                f"allow[{at}] is neither an address nor a domain. Write ann@example.org, "
                "example.org, or *.example.org for its subdomains."
            ) from None
    return Ground(keys=frozenset(keys), domains=frozenset(domains), above=frozenset(above))


def redirected(email: Email, to: Address) -> Email:
    """The mail to one mailbox alone. `HEADER` tells whom it was for."""
    parts: dict[str, Any] = {one.name: getattr(email, one.name) for one in fields(Email)}
    kept = {name: text for name, text in email.headers.items() if name.lower() != HEADER.lower()}
    headers = {**kept, HEADER: listed(email.recipients)}
    parts.update(to=(to,), cc=(), bcc=(), headers=headers)
    return Email(**parts)


def listed(recipients: Sequence[Address]) -> str:
    """Bare addresses in one line of ASCII. Those that do not fit are counted."""
    found = dict.fromkeys(one.addr_spec for one in recipients)
    shown: list[str] = []
    length = 0
    for address in found:
        if "=?" in address or "?=" in address:
            continue  # somebody might decode it as an encoded word
        if length + len(address) > _LONGEST:
            break
        shown.append(address)
        length += len(address) + 2
    more = len(found) - len(shown)
    return ", ".join([*shown, f"and {more} more"] if more else shown)


def _domain(text: str) -> str:
    """A domain as `Address` has it."""
    return Address.parse(f"x@{text}").domain


def _listed(allow: object) -> tuple[str | Address, ...]:
    if isinstance(allow, Iterable) and not isinstance(allow, bytes):
        return tuple(cast("Iterable[str | Address]", allow))
    raise ConfigurationError("allow= must be a list of addresses and domains.")
