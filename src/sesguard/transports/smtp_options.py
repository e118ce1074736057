"""The options of the SMTP transport, checked when it is made."""

from __future__ import annotations

import ipaddress
import re
import ssl
from datetime import timedelta

from sesguard._core.endpoints import region_of, smtp_host
from sesguard._core.smtp_password import require_lasting_key, require_no_secret
from sesguard.errors import ConfigurationError

__all__ = [
    "checked_context",
    "checked_count",
    "checked_host",
    "checked_login",
    "checked_region",
    "checked_seconds",
]

_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.(?!-)[A-Za-z0-9_-]{1,63})*")


def checked_host(host: object, region_name: str | None) -> str:
    """The server: what is given, or else SES's in the region."""
    if host is None:
        if region_name is None:
            raise ConfigurationError(
                'SMTPTransport needs region_name="eu-west-1" or the like, or host=.'
            )
        return smtp_host(region_name)
    if isinstance(host, str) and len(host) <= 253:
        if _HOST.fullmatch(host):
            return host.lower()
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            pass  # neither a name nor an address: said below
    raise ConfigurationError(
        'host must be a name such as "email-smtp.eu-west-1.amazonaws.com" or an IP address, '
        "without scheme or port."
    )


def checked_region(host: str, region_name: str | None) -> str | None:
    """The one region that host and name tell; None where neither does."""
    in_host = region_of(host)
    if in_host and region_name and in_host != region_name:
        raise ConfigurationError(
            f"host is in {in_host} and region_name says {region_name}. Leave one of them out."
        )
    return region_name or in_host


def checked_login(host: str, username: object, password: object) -> tuple[str, str]:
    """User name and password, of the kinds that SES takes."""
    name, word = _one_line("username", username), _one_line("password", password)
    require_lasting_key(name)
    if region_of(host):
        require_no_secret(word)
    return name, word


def _one_line(name: str, value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ConfigurationError(f"{name} must be the SMTP {name}: a text of one line.")
    return value


def checked_context(context: object) -> ssl.SSLContext:
    """A context that verifies."""
    if not isinstance(context, ssl.SSLContext):
        raise ConfigurationError("ssl_context must be an ssl.SSLContext.")
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise ConfigurationError(
            "ssl_context does not verify the server's certificate and name, so anybody in between "
            "could read the password and the mail. Use ssl.create_default_context(cafile=...) "
            "to trust an authority of your own."
        )
    return context


def checked_seconds(name: str, value: float | timedelta) -> float:
    """A duration above 0."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if type(seconds) not in (int, float) or not 0 < seconds < float("inf"):
        raise ConfigurationError(f"{name} must be seconds above 0, or a timedelta.")
    return float(seconds)


def checked_count(name: str, value: int) -> int:
    """A number of things."""
    if type(value) is not int or value < 1:
        raise ConfigurationError(f"{name} must be a whole number from 1.")
    return value
