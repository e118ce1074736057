"""What a topic's ARN decides: where its certificate is, and whom that names."""

from __future__ import annotations

import re
from typing import NamedTuple

from sesguard.errors import ConfigurationError

__all__ = ["Topic", "partition_of", "topic_of"]

_ARN = re.compile(
    r"arn:(aws[a-z-]*):sns:([a-z0-9-]{4,30}):([0-9]{12}):([A-Za-z0-9_-]{1,256}(?:\.fifo)?)"
)

_SUFFIXES = {
    "aws": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
    "aws-us-gov": "amazonaws.com",
}

_REGIONS = {
    "aws-cn": "cn-",
    "aws-eusc": "eusc-",
    "aws-iso": "us-iso-",
    "aws-iso-b": "us-isob-",
    "aws-iso-e": "eu-isoe-",
    "aws-iso-f": "us-isof-",
    "aws-us-gov": "us-gov-",
}
"""How the regions of a partition begin; those of ``aws`` begin like none of these."""

_NAMED = {
    "aws": "sns.amazonaws.com",
    "aws-iso": "sns-us-iso-east-1.c2s.ic.gov",
    "aws-iso-b": "sns-us-isob-east-1.sc2s.sgov.gov",
    "aws-us-gov": "sns-us-gov-west-1.amazonaws.com",
}
"""Partitions with one certificate for all of their regions, or for most."""

_OWN_NAME = frozenset(
    (
        *("af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4"),
        *("ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2"),
        *("eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "me-south-1", "mx-central-1"),
    )
)


class Topic(NamedTuple):
    """
    A topic that may speak to us.

    Attributes:
        host: Of SNS in its region, which serves the certificate and takes confirmations.

        certificate_name: Whom the certificate has to name.
    """

    arn: str
    region: str
    host: str
    certificate_name: str

    def is_certificate_url(self, url: str) -> bool:
        """
        Whether SNS has a topic's certificate there, and nobody else can have anything.

        All but the number of the file is compared with what is built here.
        """
        start, end = f"https://{self.host}/SimpleNotificationService-", ".pem"
        number = url[len(start) : -len(end)]
        return url == f"{start}{number}{end}" and _NUMBER.fullmatch(number) is not None

    def confirmation_url(self, token: str) -> str:
        """Where a subscription is confirmed, built and not taken from a message."""
        return f"https://{self.host}/?Action=ConfirmSubscription&TopicArn={self.arn}&Token={token}"


_NUMBER = re.compile(r"[0-9a-f]{32}")


def topic_of(arn: object) -> Topic:
    """
    A topic by its ARN.

    Raises:
        ConfigurationError: It is no topic's ARN, or of no partition that is known.

    Source:
        SNS Developer Guide, "Verifying the signatures of Amazon SNS messages"; the names in the
        certificates are those that AWS SDK for Java v2 asks for.
    """
    found = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    if found is None or found[1] not in _SUFFIXES or not _is_in(found[1], found[2]):
        raise ConfigurationError(
            "topics= takes ARNs of SNS topics, such as "
            "'arn:aws:sns:eu-west-1:123456789012:ses-feedback', and one of them is none."
        )
    partition, region = found[1], found[2]
    host = f"sns.{region}.{_SUFFIXES[partition]}"
    return Topic(found[0], region, host, _certificate_name(partition, region))


def partition_of(region: str) -> str:
    """The partition that a region is in, as ARNs begin with it."""
    return next((name for name, begin in _REGIONS.items() if region.startswith(begin)), "aws")


def _is_in(partition: str, region: str) -> bool:
    begins = _REGIONS.get(partition)
    if begins is not None:
        return region.startswith(begins)
    return not region.startswith(tuple(_REGIONS.values()))


def _certificate_name(partition: str, region: str) -> str:
    if partition == "aws-cn":
        return f"sns-{region}.{_SUFFIXES[partition]}"
    if partition in _NAMED and region not in _OWN_NAME:
        return _NAMED[partition]
    return f"sns-signing.{region}.{_SUFFIXES[partition]}"
