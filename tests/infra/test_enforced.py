"""
A pipe where policies are enforced: on ministack, which is asked for by name.

    MINISTACK=/path/to/ministack python -m pytest tests/infra/test_enforced.py

It needs an environment of its own, as it pins an old botocore: ``pip install ministack``.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3.session
import pytest

from sesguard import Worker, infra
from sesguard.simulator import Simulator
from sesguard.sources import SQSSource
from sesguard.stores import MemoryStore
from tests.peers import feedback

MINISTACK = os.environ.get("MINISTACK") or shutil.which("ministack")
REGION = "us-east-1"

pytestmark = pytest.mark.skipif(
    MINISTACK is None, reason="no ministack on PATH, and MINISTACK does not name one"
)


@pytest.fixture
def endpoint_url(tmp_path: Path) -> Iterator[str]:
    """A ministack of one's own, on loopback, that enforces policies."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AUTH": "true"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [str(MINISTACK)],
            env={**os.environ, **given, "HOME": str(tmp_path)},
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )
        try:
            yield _ready(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=30)


def _ready(url: str) -> str:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=1):
                return url
        except OSError:
            threading.Event().wait(0.1)
    pytest.fail("ministack did not come up")


def test_the_topic_of_the_pipe_gets_through_and_no_other(endpoint_url: str) -> None:
    """Another topic, subscribed to the same queue, is kept out by the condition of our policy."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    session: Any = boto3.session.Session(**keys, region_name=REGION)
    sns, sqs = (session.client(name, endpoint_url=endpoint_url) for name in ("sns", "sqs"))
    with Simulator(configuration_sets=["main"], region_name=REGION):
        pipe = infra.Pipe(
            "feedback",
            configuration_set="main",
            boto3_session=session,
            endpoint_url=endpoint_url,
        )
        plan = pipe.plan()
        pipe.apply(plan)
        assert not pipe.plan().changes
        assert pipe.verify() == ()
    other = sns.create_topic(Name="other")["TopicArn"]
    sns.subscribe(TopicArn=other, Protocol="sqs", Endpoint=plan.layout.queue_arn)
    told = {plan.layout.topic_arn: "bob@example.org", other: "eve@example.org"}
    for topic, address in told.items():
        sns.publish(TopicArn=topic, Message=json.dumps(feedback.bounce([address])))
    url = sqs.get_queue_url(QueueName="feedback")["QueueUrl"]
    store = MemoryStore()
    with Worker(SQSSource(url, boto3_client=sqs, wait_seconds=1), store=store) as worker:
        tally = worker.drain()
    assert (tally.received, tally.applied) == (1, 1)
    assert [entry.address for entry in store.entries().items] == ["bob@example.org"]

    # The other way round: without the pipe's condition the other topic would have come through.
    policy = json.loads(
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    )
    del policy["Statement"][0]["Condition"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.publish(TopicArn=other, Message="open")
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)
    assert [json.loads(one["Body"])["Message"] for one in answer["Messages"]] == ["open"]
