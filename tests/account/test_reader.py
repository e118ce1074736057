"""The account's figures, read from SES."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from sesguard import account, errors, metrics
from sesguard.account.reader import AccountReader
from sesguard.simulator import Simulator


class Broken:
    """A client whose calls raise."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_account(self) -> Mapping[str, Any]:
        raise self.error


def test_the_quota_is_read_over_either_api() -> None:
    """A client for ``sesv2`` or ``ses`` does; the numbers are the same."""
    sim = Simulator(quota=200, rate=5)
    sim.client().send_many([])
    for service in ("ses", "sesv2"):
        found = account.quota(boto3_client=sim.boto3_client(cast("Any", service)))
        assert (found.max_24_hour_send, found.max_send_rate) == (200, 5)
        assert (found.left, found.unlimited) == (200, False)
    assert dict(sim.calls) == {"ses.GetSendQuota": 1, "sesv2.GetAccount": 1}


def test_minus_one_is_unlimited() -> None:
    """And infinitely much is left."""
    found = account.quota(boto3_client=Simulator(quota=-1).boto3_client("sesv2"))
    assert found.unlimited
    assert found.left == float("inf")


def test_clients_of_our_own_ask_once_in_the_region_that_is_named() -> None:
    """With a session, a region, or what the environment says; never with a second attempt."""
    with Simulator() as sim:
        session = cast("Any", boto3).session.Session(region_name="eu-west-1")
        assert "eu-west-1" in account.check(boto3_session=session)["region"].what
        assert "ap-south-1" in account.check(region_name="ap-south-1")["region"].what
        assert "us-east-1" in account.check(endpoint_url="http://127.0.0.1:9")["region"].what
        reader = AccountReader()
        assert reader.max_send_rate() == reader.quota().max_send_rate == 14
        retries = cast("Any", reader._client("sesv2")).meta.config.retries
        assert retries["total_max_attempts"] == 1
        sim.fail_next(1, "503", operation="GetAccount")
        with pytest.raises(errors.ServiceUnavailableError):
            reader.quota()
    assert sim.calls["sesv2.GetAccount"] == 6


def test_a_report_tells_what_stops_the_mail() -> None:
    """Sandbox, shut down, paused: each with what to do."""
    sim = Simulator(sandbox=True)
    sim.enforce("SHUTDOWN")
    sim.pause_sending()
    report = account.check(boto3_client=sim.boto3_client("sesv2"))
    stopped = [finding.name for finding in report if finding.level is account.Level.STOP]
    assert stopped == ["sandbox", "enforcement", "sending"]
    assert report.region == "us-east-1"
    assert all(finding.do for finding in report if finding.name in stopped)


def test_statistics_come_in_order() -> None:
    """Whatever order SES has them in."""
    sim = Simulator()
    client = sim.boto3_client("sesv2")
    for _ in range(9):
        client.send_email(
            FromEmailAddress="us@example.com",
            Destination={"ToAddresses": ["bounce@simulator.amazonses.com"]},
            Content={"Simple": {"Subject": {"Data": ""}, "Body": {}}},
        )
        sim.clock.advance(timedelta(hours=1))
    points = metrics.fetch(boto3_client=sim.boto3_client("ses"))
    assert [point.timestamp for point in points] == sorted(point.timestamp for point in points)
    assert sum(point.bounces for point in points) == 9
    assert metrics.rates(points).bounce.value == 1.0


def test_a_client_for_the_other_api_is_named() -> None:
    """Statistics are in API v1 alone, the account's standing in v2 alone."""
    sim = Simulator()
    with pytest.raises(errors.ConfigurationError, match=r"boto3\.client\('ses'\)"):
        metrics.fetch(boto3_client=sim.boto3_client("sesv2"))
    with pytest.raises(errors.ConfigurationError, match=r"boto3\.client\('sesv2'\)"):
        account.check(boto3_client=sim.boto3_client("ses"))


@pytest.mark.parametrize(
    "options", [{"region_name": "eu-west-1"}, {"boto3_session": object()}, {"endpoint_url": "x"}]
)
def test_a_client_brings_its_own_region_and_session(options: Any) -> None:
    """Others beside it would be without effect."""
    client = Simulator().boto3_client("ses")
    with pytest.raises(errors.ConfigurationError, match="Give it alone"):
        account.quota(boto3_client=client, **options)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rate", errors.SendingRateExceededError),
        ("500", errors.ServiceUnavailableError),
        ("503", errors.ServiceUnavailableError),
        ("connection refused", errors.ServiceUnavailableError),
        ("answer lost", errors.ServiceUnavailableError),
    ],
)
def test_a_reading_that_fails_leaves_nothing_unknown(
    fault: str, error: type[errors.SendError]
) -> None:
    """No mail is at stake, so all of these may be tried again."""
    sim = Simulator()
    sim.fail_next(2, fault, operation="GetAccount")
    for read in (account.quota, account.check):
        with pytest.raises(error) as caught:
            read(boto3_client=sim.boto3_client("sesv2"))
        assert caught.value.retryable
        assert caught.value.__cause__ is None
        assert caught.value.original is not None


def test_boto3s_own_trouble_is_ours_to_name() -> None:
    """Credentials, permissions, and a region that is missing."""
    denied = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": "User is not authorized"}},
        "GetAccount",
    )
    for error, ours in (
        (NoCredentialsError(), errors.AuthenticationError),
        (EndpointConnectionError(endpoint_url="https://x"), errors.ServiceUnavailableError),
    ):
        with pytest.raises(ours):
            account.quota(boto3_client=Broken(error))
    with pytest.raises((errors.AccessDeniedError, errors.ConfigurationError)):
        account.quota(boto3_client=Broken(denied))


def test_a_missing_region_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is asked."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(errors.ConfigurationError, match="region_name="):
        AccountReader(boto3_session=cast("Any", boto3).session.Session()).quota()


def _client_in_child(reader: AccountReader, answers: Any) -> None:
    answers.put((os.getpid(), len(reader._own), reader.max_send_rate(), len(reader._own)))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_makes_a_client_of_its_own() -> None:
    """The parent's connections are the parent's."""
    context = multiprocessing.get_context("fork")
    with Simulator():
        reader = AccountReader()
        reader.quota()
        answers: Any = context.SimpleQueue()
        child = context.Process(target=_client_in_child, args=(reader, answers))
        child.start()
        child.join(30)
        pid, before, rate, after = answers.get()
    assert pid != os.getpid()
    assert (before, rate, after) == (1, 14, 2)


def test_the_face_of_the_folder_knows_its_names() -> None:
    """And no others."""
    assert {getattr(account, name) for name in dir(account)}
    with pytest.raises(AttributeError, match="audit"):
        account.audit  # noqa: B018  # pyright: ignore
