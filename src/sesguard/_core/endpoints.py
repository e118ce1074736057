"""Where SES listens for SMTP, and which ports speak TLS from the first byte."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from sesguard._frozen import FrozenMapping
from sesguard.errors import ConfigurationError

__all__ = ["REGIONS_WITHOUT_SMTP", "TLS_BY_PORT", "TLSMode", "region_of", "smtp_host", "tls_mode"]

TLSMode: TypeAlias = Literal["implicit", "starttls"]
"""TLS from the first byte, or after STARTTLS, which is then required. There is no third."""

_BY_PORT: dict[int, TLSMode] = {
    465: "implicit",
    2465: "implicit",
    587: "starttls",
    2587: "starttls",
}
TLS_BY_PORT: Mapping[int, TLSMode] = FrozenMapping(_BY_PORT)
"""How each port of SES sets up TLS. Port 25 is left out: see `tls_mode`."""

REGIONS_WITHOUT_SMTP = frozenset(
    {
        "af-south-1",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-5",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "il-central-1",
        "me-central-1",
        "me-south-1",
    }
)
"""
Regions in which SES has the API alone.

Source:
    AWS General Reference, "Amazon Simple Email Service endpoints and quotas".
"""

_SUFFIXES = {  # (European Sovereign Cloud, dual stack)
    (False, False): "amazonaws.com",
    (False, True): "api.aws",
    (True, False): "amazonaws.eu",
    (True, True): "api.amazonwebservices.eu",
}
_FIPS = re.compile(r"us-[a-z]+-\d|us-gov-[a-z]+-\d|ca-central-1")
_REGION = re.compile(r"(?:us|eu|ap|sa|ca|me|af|il|mx|eusc)(?:-[a-z]+)+-\d{1,2}")
_LIKE_A_REGION = re.compile(r"[a-z0-9-]{1,25}")
_IN_HOST = re.compile(r"(?:^|\.)email-smtp(?:-fips)?\.([a-z0-9-]+)\.")


def smtp_host(region_name: str, *, fips: bool = False, dual_stack: bool = False) -> str:
    """
    The host name of SES's SMTP interface in a region.

    Args:
        region_name: The region.

        fips: The host whose cryptography is FIPS validated; in some regions only.

        dual_stack: The host that answers over IPv6 too.

    Raises:
        ConfigurationError: There is no such host.

    Source:
        AWS General Reference, "Amazon Simple Email Service endpoints and quotas".
    """
    if type(region_name) is not str or not _REGION.fullmatch(region_name):
        # Anything longer may be a secret in the wrong place.
        named = type(region_name) is str and _LIKE_A_REGION.fullmatch(region_name)
        raise ConfigurationError(
            f"{repr(region_name) if named else 'What was given'} is not a region that SES is in. "
            'Use one such as "eu-west-1".'
        )
    if region_name in REGIONS_WITHOUT_SMTP:
        raise ConfigurationError(
            f"SES has no SMTP interface in {region_name}. "
            "Use SESTransport(), which sends by the API, or another region."
        )
    if fips and not _FIPS.fullmatch(region_name):
        raise ConfigurationError(
            f"SES has no FIPS host for SMTP in {region_name}: "
            "only in the United States, GovCloud and ca-central-1."
        )
    suffix = _SUFFIXES[region_name.startswith("eusc-"), dual_stack]
    return f"email-smtp{'-fips' if fips else ''}.{region_name}.{suffix}"


def region_of(host: str) -> str | None:
    """The region in an SMTP host name of SES, a VPC endpoint's too; None in any other name."""
    found = _IN_HOST.search(host)
    return found[1] if found else None


def tls_mode(port: int, tls: TLSMode | None = None) -> TLSMode:
    """
    How TLS is set up on a port.

    Args:
        port: The TCP port.

        tls: What the caller says. A port that SES does not use needs it.

    Raises:
        ConfigurationError: Port 25; a port that nothing is known of; or *tls* contradicts SES.

    Source:
        SES Developer Guide, "Connecting to an Amazon SES SMTP endpoint".
    """
    if type(port) is not int or not 0 < port < 65536:
        raise ConfigurationError("port must be a whole number from 1 to 65535.")
    if tls not in (None, "implicit", "starttls"):
        raise ConfigurationError(
            'tls must be "implicit" or "starttls". There is no mode without TLS: '
            "SES does not take mail in clear, and the password would be readable on the way."
        )
    if port == 25:
        raise ConfigurationError(
            "Port 25 is not used: EC2 throttles it and many networks block it. "
            "Use 465 (TLS from the first byte) or 587 (STARTTLS)."
        )
    known = TLS_BY_PORT.get(port)
    if known is None and tls is None:
        raise ConfigurationError(
            f"Port {port} is not one of SES's (465, 587, 2465, 2587), so say how it speaks TLS: "
            'tls="implicit" or tls="starttls".'
        )
    if known is not None and tls not in (None, known):
        raise ConfigurationError(
            f'Port {port} of SES speaks tls="{known}". Leave tls out, or use another port.'
        )
    return tls or known or "implicit"
