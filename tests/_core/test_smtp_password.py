"""SMTP passwords out of IAM secrets."""

from __future__ import annotations

from base64 import b64decode
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import smtp
from sesguard._core.smtp_password import (
    password_from_secret,
    require_lasting_key,
    require_no_secret,
)
from sesguard.errors import ConfigurationError

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
VECTORS = {
    "us-west-2": "BF2PynzbSCAjX08zhZZnP/kW+T9P5zs/1Er0pi5vTEmd",
    "us-east-1": "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9",
}


@pytest.mark.parametrize("region_name", VECTORS)
def test_password_is_the_known_one(region_name: str) -> None:
    """The password of the example secret is the one that SES takes in that region."""
    assert smtp.password_from_secret(SECRET, region_name) == VECTORS[region_name]


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_password_has_one_form(secret: str) -> None:
    """Whatever the secret, the password is 44 characters, version 4, another in each region."""
    if secret[:1] == "A" and len(secret) > 15:
        return
    passwords = {password_from_secret(secret, name) for name in ("eu-west-1", "us-gov-west-1")}
    assert len(passwords) == 2
    for password in passwords:
        assert len(password) == 44
        assert b64decode(password)[0] == 4


@pytest.mark.parametrize("secret", ["", " ", "geheim\N{COMBINING DIAERESIS}", None, b"bytes"])
def test_what_is_no_secret_is_refused(secret: object) -> None:
    """What is not a text in ASCII is refused, and not shown."""
    with pytest.raises(ConfigurationError, match="secret access key") as caught:
        password_from_secret(cast("str", secret), "eu-west-1")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("key_id", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
def test_access_key_id_is_no_secret(key_id: str) -> None:
    """If the two halves of a key are mixed up, that is said."""
    with pytest.raises(ConfigurationError, match="the access key id is the user name"):
        password_from_secret(key_id, "eu-west-1")


@pytest.mark.parametrize("region_name", ["", "Ireland", "eu-west-1 ", "EU-WEST-1", None])
def test_what_is_no_region_is_refused(region_name: object) -> None:
    """A password holds in one region, so one has to be named."""
    with pytest.raises(ConfigurationError, match="eu-west-1"):
        password_from_secret(SECRET, cast("str", region_name))


def test_temporary_key_is_refused_and_a_lasting_one_is_not() -> None:
    """Keys that begin with ASIA need a session token, which SMTP has no place for."""
    require_lasting_key("AKIAIOSFODNN7EXAMPLE")
    with pytest.raises(ConfigurationError, match="session token"):
        require_lasting_key("ASIAIOSFODNN7EXAMPLE")


def test_secret_is_not_taken_for_a_password() -> None:
    """A secret has 40 characters, a password 44; the mix-up is said and the secret not shown."""
    require_no_secret(VECTORS["us-east-1"])
    with pytest.raises(ConfigurationError, match="from_iam_secret") as caught:
        require_no_secret(SECRET)
    assert SECRET not in str(caught.value)
