"""The SMTP password that belongs to an IAM secret."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from hashlib import sha256

from sesguard.errors import ConfigurationError

__all__ = ["password_from_secret", "require_lasting_key", "require_no_secret"]

# What Amazon signs is the same for everybody: a date that never passes, and this one action.
_DATE = b"11111111"
_SERVICE = b"ses"
_TERMINAL = b"aws4_request"
_MESSAGE = b"SendRawEmail"
_VERSION = b"\x04"

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")
_SECRET = re.compile(r"[A-Za-z0-9+/]{40}")
_ACCESS_KEY_ID = re.compile(r"A[A-Z]IA[A-Z0-9]{12,}")


def password_from_secret(secret: str, region_name: str) -> str:
    """
    The password for SES's SMTP interface that a secret access key gives in one region.

    Args:
        secret: The secret access key of an IAM user. Temporary credentials give no password
            that SES takes, and their secret does not tell: see `require_lasting_key`.

        region_name: The region the password will be used in; it is good in no other.

    Returns:
        44 characters. The user name that goes with it is the access key id.

    Raises:
        ConfigurationError: The secret or the region is not one.

    Source:
        SES Developer Guide, "Obtaining Amazon SES SMTP credentials".
    """
    if type(secret) is not str or not secret.isascii() or not secret.strip():
        raise ConfigurationError(
            "The secret must be an IAM user's secret access key: 40 ASCII characters."
        )
    if _ACCESS_KEY_ID.fullmatch(secret):
        raise ConfigurationError(
            "That is an access key id. The password comes from the secret access key; "
            "the access key id is the user name."
        )
    if type(region_name) is not str or not _REGION.fullmatch(region_name):
        raise ConfigurationError(
            'The region must be one such as "eu-west-1": an SMTP password is good in one region.'
        )
    key = b"AWS4" + secret.encode()
    for part in (_DATE, region_name.encode(), _SERVICE, _TERMINAL, _MESSAGE):
        key = hmac.digest(key, part, sha256)
    return b64encode(_VERSION + key).decode()


def require_lasting_key(access_key_id: str) -> None:
    """
    Refuse the key id of temporary credentials.

    Raises:
        ConfigurationError: It begins with ``ASIA``: SES's SMTP interface takes no session token.

    Source:
        SES Developer Guide, "Obtaining Amazon SES SMTP credentials".
    """
    if access_key_id.startswith("ASIA"):
        raise ConfigurationError(
            "Temporary credentials (an access key id that begins with ASIA) cannot be used over "
            "SMTP: there is no place for their session token, and SES answers 535. "
            "Use an IAM user's key, or send by the API with SESTransport()."
        )


def require_no_secret(password: str) -> None:
    """
    Refuse a secret access key in the place of the password that is derived from it.

    Raises:
        ConfigurationError: It has a secret's 40 characters. SES's passwords have 44.
    """
    if _SECRET.fullmatch(password):
        raise ConfigurationError(
            "The password looks like a secret access key, which SES does not take over SMTP. "
            "Give the SMTP password that is derived from it: SMTPTransport.from_iam_secret() "
            "does that, or sesguard.smtp.password_from_secret()."
        )
