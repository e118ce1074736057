"""AWS that refuses, is away, or answers in pages."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

import boto3.session
import pytest
from botocore.config import Config

from sesguard import errors, infra
from tests.infra.conftest import REGION, Account
from tests.peers.http import Answer, HTTPPeer, deaf_port

KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


class Hasty:
    """A session whose clients make one attempt."""

    def client(self, service: str, **options: Any) -> Any:
        once = Config(retries={"total_max_attempts": 1}, read_timeout=2)
        options["config"] = options["config"].merge(once)
        return boto3.session.Session(**KEYS, region_name=REGION).client(service, **options)


class Answered:
    """A session whose calls of one operation are answered by the test."""

    def __init__(self, session: Any, method: str, *answers: Mapping[str, Any]) -> None:
        self._session, self._method, self._answers = session, method, list(answers)

    def client(self, service: str, **options: Any) -> Any:
        client = self._session.client(service, **options)
        if hasattr(client, self._method):
            setattr(client, self._method, lambda **_: self._answers.pop(0))
        return client


def refusing(url: str) -> infra.Pipe:
    return infra.Pipe("a", configuration_set="m", boto3_session=Hasty(), endpoint_url=url)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(403, "<a><Error><Code>AccessDenied</Code></Error></a>"), errors.AccessDeniedError),
        (Answer(503, "<a/>"), errors.ServiceUnavailableError),
        ("reset_after_body", errors.ServiceUnavailableError),
        ("garbage", errors.ServiceUnavailableError),
    ],
    ids=["denied", "busy", "reset", "garbage"],
)
def test_what_aws_answers_is_one_of_our_errors(
    answer: Any, kind: type[errors.SESGuardError]
) -> None:
    """Whether it refuses, or cannot be read."""
    with HTTPPeer(answer) as peer, refusing(peer.url) as pipe, pytest.raises(kind) as caught:
        pipe.plan()
    assert "GetCallerIdentity" in str(caught.value)


def test_aws_that_is_away_is_worth_another_try() -> None:
    """No connection is no answer about the pipe."""
    with (
        deaf_port() as url,
        refusing(url) as pipe,
        pytest.raises(errors.ServiceUnavailableError) as caught,
    ):
        pipe.verify()
    assert caught.value.retryable


def test_without_a_region_or_credentials_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what to give."""
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(errors.ConfigurationError, match="credentials"):
        infra.Pipe("a", configuration_set="m", region_name=REGION).plan()
    with pytest.raises(errors.ConfigurationError, match="region_name="):
        infra.Pipe("a", configuration_set="m").plan()


def test_subscriptions_are_read_page_by_page(account: Account) -> None:
    """The queue's own may be on the last."""
    pipe = account.pipe()
    pipe.apply(pipe.plan())
    layout = pipe.layout
    ours = {
        "Protocol": "sqs",
        "Endpoint": layout.queue_arn,
        "SubscriptionArn": "PendingConfirmation",
    }
    pages = (
        {"Subscriptions": [{"Protocol": "https"}], "NextToken": "1"},
        {"Subscriptions": [ours]},
    )
    session = Answered(account.session, "list_subscriptions_by_topic", *pages)
    later = infra.Pipe("feedback", configuration_set="main", boto3_session=session)
    assert [finding.code for finding in later.verify()] == ["subscription_unconfirmed"]


def test_a_queue_that_goes_while_it_is_read_is_not_there(account: Account) -> None:
    """Its URL was still known."""
    account.sqs.create_queue(QueueName="feedback")
    gone = {"QueueUrl": f"{account.url()}x"}
    session = Answered(account.session, "get_queue_url", gone, gone)
    pipe = infra.Pipe("feedback", configuration_set="main", boto3_session=session)
    assert "queue_missing" in {finding.code for finding in pipe.verify()}


@pytest.mark.parametrize("leads", [True, False])
def test_both_channels_are_seen_from_either_side(account: Account, leads: bool) -> None:
    """Through the set that an identity uses by default, if that leads to the same topic."""
    by_set = account.pipe("feedback" if leads else "other")
    by_set.apply(by_set.plan())
    by_name = account.pipe(identities="example.com")
    by_name.apply(by_name.plan())
    told = {"Identity": "example.com", "Enabled": True}
    for kind in ("Bounce", "Complaint", "Delivery"):
        account.ses.set_identity_headers_in_notifications_enabled(NotificationType=kind, **told)
    account.ses.set_identity_feedback_forwarding_enabled(
        Identity="example.com", ForwardingEnabled=False
    )
    assert by_name.verify() == ()
    account.sesv2.put_email_identity_configuration_set_attributes(
        EmailIdentity="example.com", ConfigurationSetName="main"
    )
    found = [finding.code for finding in by_name.verify()]
    assert found == (["both_channels"] if leads else [])
    assert [finding.code for finding in by_set.verify()] == found


def test_a_key_whose_policy_may_not_be_read_is_a_note(account: Account) -> None:
    """As that of another account's key."""
    denied = account.kms.exceptions.ClientError(
        {"Error": {"Code": "AccessDeniedException"}, "ResponseMetadata": {"HTTPStatusCode": 400}},
        "GetKeyPolicy",
    )

    class Denied:
        def client(self, service: str, **options: Any) -> Any:
            client = account.session.client(service, **options)
            if service == "kms":
                client.get_key_policy = self.get_key_policy
            return client

        def get_key_policy(self, **_: object) -> Any:
            raise denied

    pipe = infra.Pipe(
        "feedback",
        configuration_set="main",
        kms_key=account.key(),
        boto3_session=Denied(),
    )
    plan = pipe.plan()
    assert "cannot be read here" in str(plan)
    pipe.apply(plan)
    assert {finding.code for finding in pipe.verify()} == {"key_policy_unread"}


def test_a_pipe_takes_what_a_layout_takes() -> None:
    """No option of one is missing from the other."""
    of_pipe = {*inspect.signature(infra.Pipe).parameters}
    of_layout = {*inspect.signature(infra.Layout).parameters}
    assert of_layout - of_pipe == {"account_id"}
    assert of_pipe - of_layout == {"boto3_session", "endpoint_url"}


def test_every_name_of_the_folder_is_there() -> None:
    """And an unknown one is an AttributeError."""
    assert dir(infra) == sorted(infra.__all__)
    assert all(getattr(infra, name) is not None for name in infra.__all__)
    unknown = "nothing_of_this_name"
    with pytest.raises(AttributeError, match=unknown):
        getattr(infra, unknown)
    assert json.dumps(
        infra.iam_policy(
            "worker",
            infra.Layout(account_id="1" * 12, region_name=REGION, topic="a", configuration_set="m"),
        )
    )
