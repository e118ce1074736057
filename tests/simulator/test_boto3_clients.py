"""The same situations over boto3's clients for API v1 and v2, as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from tests.simulator.situations import SITUATIONS, Mail, Situation, in_mime


def body(mail: Mail) -> dict[str, Any]:
    found = {"Text": {"Data": mail.text}}
    return found | ({"Html": {"Data": mail.html}} if mail.html else {})


def destination(mail: Mail) -> dict[str, list[str]]:
    return {
        "ToAddresses": list(mail.to),
        "CcAddresses": list(mail.cc),
        "BccAddresses": list(mail.bcc),
    }


def options(mail: Mail, tags: str) -> dict[str, Any]:
    named = {"ConfigurationSetName": mail.configuration_set} if mail.configuration_set else {}
    return named | {tags: [{"Name": name, "Value": value} for name, value in mail.tags]}


def by_v1(client: Any, mail: Mail) -> None:
    client.send_email(
        Source=mail.sender,
        Destination=destination(mail),
        Message={"Subject": {"Data": mail.subject}, "Body": body(mail)},
        **options(mail, "Tags"),
    )


def by_v1_raw(client: Any, mail: Mail) -> None:
    client.send_raw_email(
        RawMessage={"Data": in_mime(mail).as_bytes()},
        Destinations=[*mail.to, *mail.cc, *mail.bcc],
    )


def by_v2(client: Any, mail: Mail) -> None:
    file = {"FileName": "bytes.bin", "RawContent": mail.file}
    client.send_email(
        FromEmailAddress=mail.sender,
        Destination=destination(mail),
        Content={
            "Simple": {
                "Subject": {"Data": mail.subject},
                "Body": body(mail),
                "Attachments": [file] if mail.file else [],
            }
        },
        **options(mail, "EmailTags"),
    )


def by_v2_raw(client: Any, mail: Mail) -> None:
    client.send_email(
        Content={"Raw": {"Data": in_mime(mail, headers_for_ses=False).as_bytes()}},
        Destination=destination(mail),
        **options(mail, "EmailTags"),
    )


SENDS = [
    ("ses", "SendEmail", by_v1),
    ("ses", "SendRawEmail", by_v1_raw),
    ("sesv2", "SendEmail", by_v2),
    ("sesv2", "SendEmail", by_v2_raw),
]
UNMODELLED = ("InvalidParameterValue", "ServiceUnavailable", "Throttling")
CASES = [
    pytest.param(situation, api, operation, send, id=f"{send.__name__}-{situation.name}")
    for situation in SITUATIONS
    for api, operation, send in SENDS
    if send is not by_v1 or not situation.mail.file  # SendEmail of API v1 takes no files
]


@pytest.mark.parametrize(("situation", "api", "operation", "send"), CASES)
def test_boto3_is_answered_as_by_ses(
    situation: Situation, api: str, operation: str, send: Callable[[Any, Mail], None]
) -> None:
    """A client that boto3 makes gets an id, or the error that its service model has for it."""
    sim = situation.account()
    before, calls = len(sim.outbox), sim.calls[f"{api}.{operation}"]
    with sim:
        client: Any = cast("Any", boto3).client(api, region_name="us-east-1")
    expected = situation.v1 if api == "ses" else situation.v2
    assert refusal(client, send, situation.mail) == expected
    assert len(sim.outbox) - before == situation.taken
    assert sim.calls[f"{api}.{operation}"] - calls == 1
    situation.holds(sim, sim.outbox[-1] if situation.taken else None)


def refusal(client: Any, send: Callable[[Any, Mail], None], mail: Mail) -> str:
    """The code of what a call raises, where the client knows the error, or the error's name."""
    try:
        send(client, mail)
    except client.exceptions.ClientError as error:
        code: str = error.response["Error"]["Code"]
        names = ("ClientError",) if code in UNMODELLED else (code, f"{code}Exception")
        assert type(error).__name__ in names  # noqa: PT017
        return code
    except BotoCoreError as error:
        return type(error).__name__
    return ""
