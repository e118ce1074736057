"""Hosts and ports of SES's SMTP interface."""

from __future__ import annotations

from typing import cast

import botocore.session
import pytest

from sesguard import smtp
from sesguard._core.endpoints import (
    REGIONS_WITHOUT_SMTP,
    TLS_BY_PORT,
    TLSMode,
    region_of,
    smtp_host,
    tls_mode,
)
from sesguard.errors import ConfigurationError


@pytest.mark.parametrize(
    ("region_name", "fips", "dual_stack", "host"),
    [
        ("eu-west-1", False, False, "email-smtp.eu-west-1.amazonaws.com"),
        ("ap-southeast-1", False, True, "email-smtp.ap-southeast-1.api.aws"),
        ("us-east-1", True, False, "email-smtp-fips.us-east-1.amazonaws.com"),
        ("us-gov-west-1", True, False, "email-smtp-fips.us-gov-west-1.amazonaws.com"),
        ("ca-central-1", True, True, "email-smtp-fips.ca-central-1.api.aws"),
        ("eusc-de-east-1", False, False, "email-smtp.eusc-de-east-1.amazonaws.eu"),
        ("eusc-de-east-1", False, True, "email-smtp.eusc-de-east-1.api.amazonwebservices.eu"),
    ],
)
def test_host_of_a_region(region_name: str, fips: bool, dual_stack: bool, host: str) -> None:
    """A region's host name is made from its name, and gives it back."""
    assert smtp.smtp_host(region_name, fips=fips, dual_stack=dual_stack) == host
    assert region_of(host) == region_name


@pytest.mark.parametrize("region_name", sorted(REGIONS_WITHOUT_SMTP))
def test_region_without_smtp_is_named(region_name: str) -> None:
    """If a region has no SMTP interface, it is named, and so is the way out."""
    with pytest.raises(ConfigurationError, match=rf"in {region_name}\. Use SESTransport"):
        smtp_host(region_name)


def test_every_region_of_ses_is_one_here() -> None:
    """Every region in which botocore knows SES has a host, or is known to have none."""
    partitions = ("aws", "aws-us-gov", "aws-eusc")
    session = botocore.session.Session()
    names = [name for one in partitions for name in session.get_available_regions("ses", one)]
    assert len(names) > 20
    for name in names:
        if name not in REGIONS_WITHOUT_SMTP:
            assert region_of(smtp_host(name)) == name


@pytest.mark.parametrize(
    "region_name", ["", "cn-north-1", "us-iso-east-1.", "evil.example/#", "eu-west-1\n", None]
)
def test_what_is_no_region_of_ses_is_refused(region_name: object) -> None:
    """A name that is not a region of SES makes no host."""
    with pytest.raises(ConfigurationError, match="not a region"):
        smtp_host(cast("str", region_name))


def test_fips_host_is_in_some_regions_only() -> None:
    """If a region has no FIPS host, that is said."""
    with pytest.raises(ConfigurationError, match="no FIPS host for SMTP in eu-west-1"):
        smtp_host("eu-west-1", fips=True)


@pytest.mark.parametrize(
    ("host", "region_name"),
    [
        ("vpce-0a1b.email-smtp.eu-west-1.vpce.amazonaws.com", "eu-west-1"),
        ("smtp.example.org", None),
        ("notemail-smtp.eu-west-1.amazonaws.com", None),
        ("127.0.0.1", None),
    ],
)
def test_region_of_a_host(host: str, region_name: str | None) -> None:
    """The region is read out of SES's host names only."""
    assert region_of(host) == region_name


@pytest.mark.parametrize(
    ("port", "mode"),
    [(465, "implicit"), (2465, "implicit"), (587, "starttls"), (2587, "starttls")],
)
def test_port_of_ses_has_its_mode(port: int, mode: TLSMode) -> None:
    """Each port of SES speaks TLS in one way, which may be said and not changed."""
    assert TLS_BY_PORT[port] == tls_mode(port) == tls_mode(port, mode) == mode
    other: TLSMode = "starttls" if mode == "implicit" else "implicit"
    with pytest.raises(ConfigurationError, match=f"Port {port} of SES"):
        tls_mode(port, other)


@pytest.mark.parametrize("mode", ["implicit", "starttls"])
def test_other_port_has_the_mode_that_is_given(mode: TLSMode) -> None:
    """A port that SES does not use speaks as the caller says, who has to say it."""
    assert tls_mode(8465, mode) == mode
    with pytest.raises(ConfigurationError, match="tls="):
        tls_mode(8465)
