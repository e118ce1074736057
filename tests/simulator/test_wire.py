"""Real boto3 clients that are answered inside the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast
from unittest.mock import Mock

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from sesguard import errors
from sesguard.simulator import SimulatedClock, Simulator, wire
from sesguard.simulator.refusals import Refusal, not_found, sending_rate

SIMPLE: dict[str, Any] = {
    "FromEmailAddress": "us@example.com",
    "Destination": {"ToAddresses": ["ann@example.org"]},
    "Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hello"}}}},
}


def plain_boto3(service: str, **options: Any) -> Any:
    return cast("Any", boto3).client(service, **options)


@pytest.fixture
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that has neither credentials nor a region."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    yield
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


def test_an_answer_is_what_boto3_would_give() -> None:
    """With a message id in SES's shape, a request id, and the HTTP status."""
    clock = SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC))
    answer = Simulator(clock=clock).boto3_client("sesv2").send_email(**SIMPLE)
    assert answer["MessageId"].startswith("0100019b76da")
    assert answer["MessageId"].endswith("-000000")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["RequestId"]


def test_errors_are_the_clients_own_exceptions() -> None:
    """``except client.exceptions.MessageRejected`` works as against SES."""
    client = Simulator(identities=()).boto3_client("sesv2", region_name="eu-west-1")
    with pytest.raises(client.exceptions.MessageRejected, match="region EU-WEST-1: us@") as caught:
        client.send_email(**SIMPLE)
    answer = caught.value.response
    assert answer["Error"]["Code"] == "MessageRejected"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.operation_name == "SendEmail"


def test_parameters_are_checked_by_botocore_first() -> None:
    """What botocore would not send is not taken either."""
    sim = Simulator()
    with pytest.raises(ParamValidationError):
        sim.boto3_client("sesv2").send_email(**SIMPLE, Nonsense=1)
    assert sim.outbox == ()


@pytest.mark.parametrize("service", ["ses", "sesv2"])
def test_an_operation_that_is_not_there_is_named(service: Any) -> None:
    """It neither reaches the network nor answers with nothing."""
    client = Simulator().boto3_client(service)
    with pytest.raises(
        errors.ConfigurationError,
        match=rf"does not have {service}\.ListReceiptFilters|"
        rf"does not have {service}\.ListDedicatedIpPools",
    ):
        client.list_receipt_filters() if service == "ses" else client.list_dedicated_ip_pools()


def test_every_client_made_inside_is_answered() -> None:
    """Whoever makes it, and only while it is open."""
    before = cast("Any", botocore.session.Session).create_client
    with Simulator() as sim:
        plain_boto3("sesv2").send_email(**SIMPLE)
        for region, sent in (("us-east-1", 1.0), ("eu-west-1", 0.0)):
            session = cast("Any", boto3).session.Session(region_name=region)
            assert session.client("ses").get_send_quota()["SentLast24Hours"] == sent
        botocore_own = cast("Any", botocore.session.get_session())
        assert botocore_own.create_client("ses", "eu-west-1").get_send_quota()
        assert plain_boto3("ses", aws_access_key_id="a", aws_secret_access_key="b").get_send_quota()
        assert plain_boto3("sqs").meta.service_model.service_name == "sqs"
    assert sim.calls["sesv2.SendEmail"] == 1
    assert cast("Any", botocore.session.Session).create_client is before


def test_inside_neither_credentials_nor_region_are_needed(nothing_configured: None) -> None:
    """As on a machine that has never seen AWS; its own region counts where it has one."""
    with Simulator(region_name="eu-north-1") as sim:
        client = plain_boto3("sesv2")
        assert client.meta.region_name == "eu-north-1"
        assert plain_boto3("sesv2", region_name="us-west-2").meta.region_name == "us-west-2"
        client.send_email(**SIMPLE)
    assert len(sim.outbox) == 1


def test_no_configuration_of_the_machine_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a profile that does not exist nor a wish for other endpoints."""
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    monkeypatch.setenv("AWS_DEFAULTS_MODE", "nonsense")
    client = Simulator().boto3_client("sesv2")
    assert client.send_email(**SIMPLE)["MessageId"]
    assert client.meta.config.retries["total_max_attempts"] == 1


def test_a_client_outlives_the_block_answered() -> None:
    """One that is kept does not suddenly ask Amazon."""
    with Simulator() as sim:
        client = plain_boto3("sesv2")
    client.send_email(**SIMPLE)
    assert len(sim.outbox) == 1


def refused_afterwards(sim: Simulator) -> None:
    """Send one mail, then run into an error of ours."""
    plain_boto3("sesv2").send_email(**SIMPLE)
    sim.clock.advance(-1)


def test_of_two_open_simulators_the_inner_one_answers() -> None:
    """And afterwards the outer one again; an exception closes as well."""
    with Simulator() as outer:
        with pytest.raises(errors.ConfigurationError), Simulator() as inner:
            refused_afterwards(inner)
        plain_boto3("sesv2").send_email(**SIMPLE)
        with outer:
            plain_boto3("sesv2").send_email(**SIMPLE)
    assert (len(outer.outbox), len(inner.outbox)) == (2, 1)


def test_threads_may_share_it() -> None:
    """Every mail is taken once, each with an id of its own."""
    sim = Simulator(rate=1_000)
    client = sim.boto3_client("sesv2")
    threads = [
        threading.Thread(target=lambda: [client.send_email(**SIMPLE) for _ in range(25)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({mail.message_id for mail in sim.outbox}) == len(sim.outbox) == 100


def test_the_same_seed_gives_the_same_answers() -> None:
    """Identifiers, events and statistics, however often the quota was read in between."""

    def story(seed: int, *, curious: bool) -> list[object]:
        sim = Simulator(seed)
        client = sim.boto3_client("sesv2")
        answers: list[object] = []
        for _ in range(3):
            answers.append(client.send_email(**SIMPLE))
            for _ in range(curious):
                client.get_account()
            sim.clock.advance(900)
        return [*answers, sim.feedback, sim.boto3_client("ses").get_send_statistics()]

    assert story(7, curious=False) == story(7, curious=True)
    assert story(7, curious=False) != story(8, curious=False)


def test_an_answer_that_the_model_does_not_know_is_an_alarm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the wrong type, with a member too many, or an error the operation does not have."""
    sim = Simulator()
    client = sim.boto3_client("sesv2")
    wrong: list[dict[str, Any]] = [
        {"SendingEnabled": "yes"},
        {"Sandbox": True},
        {"SendQuota": {"MaxPerDay": 1.0}},
        {"SuppressionAttributes": {"SuppressedReasons": [1]}},
    ]
    for answer in wrong:
        monkeypatch.setattr(sim._service, "call", Mock(return_value=answer))
        with pytest.raises(AssertionError, match="simulator's answer to GetAccount"):
            client.get_account()
    monkeypatch.setattr(sim._service, "call", Mock(return_value={"Enabled": True}))
    with pytest.raises(AssertionError, match="UpdateAccountSendingEnabled: it answers nothing"):
        sim.boto3_client("ses").update_account_sending_enabled(Enabled=True)
    monkeypatch.setattr(sim._service, "call", Mock(side_effect=not_found("set")))
    with pytest.raises(AssertionError, match="GetAccount has no error NotFoundException"):
        client.get_account()


def test_maps_and_lists_are_looked_into() -> None:
    """A wrong member is found however deep it lies."""
    model = cast("Any", botocore.session.get_session()).get_service_model("sqs")
    shape = model.operation_model("GetQueueAttributes").output_shape
    assert list(wire._unknown({"Attributes": {"Policy": "{}"}}, shape, "it")) == []
    receive = model.operation_model("ReceiveMessage").output_shape
    deep = {"Messages": [{"MessageAttributes": {"a": {"Nonsense": 1}}}]}
    assert list(wire._unknown(deep, receive, "it")) == ["it.Messages.MessageAttributes.Nonsense"]


def test_refusals_speak_either_api() -> None:
    """The same refusal has the code and status of the API that was asked."""
    refusal: Refusal = sending_rate()
    assert (refusal.code("ses"), refusal.status("ses")) == ("Throttling", 400)
    assert (refusal.code("sesv2"), refusal.status("sesv2")) == ("TooManyRequestsException", 429)


def test_v1_errors_tell_whose_fault_it_was() -> None:
    """As the XML of API v1 does."""
    sim = Simulator()
    client = sim.boto3_client("ses")
    for fault, side in (("rate", "Sender"), ("503", "Receiver")):
        sim.fail_next(1, fault, operation="GetSendQuota")
        with pytest.raises(ClientError) as caught:
            client.get_send_quota()
        assert cast("Any", caught.value.response)["Error"]["Type"] == side


def test_the_face_of_the_folder_knows_its_names() -> None:
    """And no others."""
    from sesguard import simulator

    assert {getattr(simulator, name) for name in dir(simulator)}
    with pytest.raises(AttributeError, match="Emulator"):
        simulator.Emulator  # noqa: B018  # pyright: ignore
