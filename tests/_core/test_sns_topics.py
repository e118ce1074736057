"""Where a topic's certificate is, and whom it names: SES.md 3.3, row by row."""

from __future__ import annotations

import pytest

from sesguard._core.sns_topics import topic_of

ROWS = """
aws us-east-1.amazonaws.com sns.amazonaws.com
aws eu-west-1.amazonaws.com sns.amazonaws.com
aws eu-south-1.amazonaws.com sns-signing.eu-south-1.amazonaws.com
aws mx-central-1.amazonaws.com sns-signing.mx-central-1.amazonaws.com
aws ap-southeast-2.amazonaws.com sns.amazonaws.com
aws ap-southeast-3.amazonaws.com sns-signing.ap-southeast-3.amazonaws.com
aws-us-gov us-gov-west-1.amazonaws.com sns-us-gov-west-1.amazonaws.com
aws-us-gov us-gov-east-1.amazonaws.com sns-us-gov-west-1.amazonaws.com
aws-cn cn-north-1.amazonaws.com.cn sns-cn-north-1.amazonaws.com.cn
aws-cn cn-northwest-1.amazonaws.com.cn sns-cn-northwest-1.amazonaws.com.cn
aws-eusc eusc-de-east-1.amazonaws.eu sns-signing.eusc-de-east-1.amazonaws.eu
aws-iso us-iso-east-1.c2s.ic.gov sns-us-iso-east-1.c2s.ic.gov
aws-iso-b us-isob-east-1.sc2s.sgov.gov sns-us-isob-east-1.sc2s.sgov.gov
aws-iso-e eu-isoe-west-1.cloud.adc-e.uk sns-signing.eu-isoe-west-1.cloud.adc-e.uk
aws-iso-f us-isof-south-1.csp.hci.ic.gov sns-signing.us-isof-south-1.csp.hci.ic.gov
"""
"""Partition, host without its first word, and the name in the certificate."""


@pytest.mark.parametrize("row", ROWS.split("\n")[1:-1])
def test_a_region_has_its_host_and_its_name(row: str) -> None:
    """And a certificate URL of its own."""
    partition, where, name = row.split()
    region, host = where.partition(".")[0], f"sns.{where}"
    topic = topic_of(f"arn:{partition}:sns:{region}:123456789012:feedback.fifo")
    assert (topic.region, topic.host, topic.certificate_name) == (region, host, name)
    assert topic.is_certificate_url(f"https://{host}/SimpleNotificationService-{'0' * 32}.pem")


@pytest.mark.parametrize("number", ["", "0" * 31, "0" * 33, "0" * 31 + "G", "0" * 31 + "\n"])
def test_a_number_of_another_form_is_no_certificate(number: str) -> None:
    """Thirty-two digits of hexadecimal."""
    topic = topic_of("arn:aws:sns:eu-west-1:123456789012:feedback")
    url = f"https://{topic.host}/SimpleNotificationService-{number}.pem"
    assert not topic.is_certificate_url(url)


@pytest.mark.parametrize("url", ["", "https://sns.eu-west-1.amazonaws.com", ".pem", "x" * 10_000])
def test_what_is_no_url_is_none(url: str) -> None:
    """However short or long."""
    assert not topic_of("arn:aws:sns:eu-west-1:123456789012:feedback").is_certificate_url(url)


def test_a_subscription_is_confirmed_by_a_url_of_our_own_making() -> None:
    """Out of topic and token alone."""
    topic = topic_of("arn:aws:sns:eu-west-1:123456789012:feedback")
    assert topic.confirmation_url("abc") == (
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
        "&TopicArn=arn:aws:sns:eu-west-1:123456789012:feedback&Token=abc"
    )
