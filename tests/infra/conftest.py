"""An account: moto's SNS, SQS, KMS and STS, and the simulator's SES."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3.session
import pytest
from moto import mock_aws

from sesguard import infra
from sesguard.simulator import Simulator

REGION = "eu-west-1"
READS = ("Get", "List", "Describe")


@cache
def sessions() -> tuple[Any, Any]:
    """One for what a test does itself, and one for what is looked at; read once each."""
    made: list[Any] = [boto3.session.Session(region_name=REGION) for _ in range(2)]
    return made[0], made[1]


class Account:
    """
    One account, whose calls are written down.

    Attributes:
        calls: All operations that were asked for through `pipe`, by service and name.
    """

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.calls: list[str] = []
        plain, self.session = sessions()
        self.sns, self.sqs, self.kms = (plain.client(name) for name in ("sns", "sqs", "kms"))
        self.ses, self.sesv2 = plain.client("ses"), plain.client("sesv2")
        self.session.events.register("provide-client-params", self._write_down, "written down")

    def close(self) -> None:
        self.session.events.unregister("provide-client-params", unique_id="written down")

    def _write_down(self, model: Any, **_: object) -> None:
        self.calls.append(f"{model.service_model.service_name}.{model.name}")

    @property
    def writes(self) -> list[str]:
        """What was changed through `pipe` since this was asked."""
        asked, self.calls = self.calls, []
        return [call for call in asked if not call.partition(".")[2].startswith(READS)]

    def pipe(self, topic: str = "feedback", **options: Any) -> infra.Pipe:
        if "identities" not in options:
            options.setdefault("configuration_set", "main")
        return infra.Pipe(topic, boto3_session=self.session, **options)

    def url(self, queue: str = "feedback") -> str:
        return str(self.sqs.get_queue_url(QueueName=queue)["QueueUrl"])

    def queue_policy(self) -> dict[str, Any]:
        told = self.sqs.get_queue_attributes(QueueUrl=self.url(), AttributeNames=["Policy"])
        return dict(json.loads(told["Attributes"]["Policy"]))

    def topic_policy(self, arn: str) -> dict[str, Any]:
        told = self.sns.get_topic_attributes(TopicArn=arn)
        return dict(json.loads(told["Attributes"]["Policy"]))

    def set_queue(self, **attributes: str) -> None:
        self.sqs.set_queue_attributes(QueueUrl=self.url(), Attributes=attributes)

    def key(self, policy: dict[str, Any] | None = None) -> str:
        given = {} if policy is None else {"Policy": json.dumps(policy)}
        return str(self.kms.create_key(**given)["KeyMetadata"]["Arn"])


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), Simulator(region_name=REGION) as sim:
        made = Account(sim)
        made.sesv2.create_configuration_set(ConfigurationSetName="main")
        made.sesv2.create_email_identity(EmailIdentity="example.com")
        yield made
        made.close()
