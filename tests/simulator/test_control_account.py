"""The account's own settings, in either API."""

from __future__ import annotations

import pytest

from sesguard.simulator import Simulator
from tests.simulator.controls import both, refused
from tests.simulator.test_simulator import kinds, send


def test_get_account_tells_how_the_account_stands() -> None:
    """GetAccount: production access and its grant, enforcement, quota, and the list's reasons."""
    sim = Simulator(quota=1_000, rate=5)
    v2, _ = both(sim)
    send(sim)
    answer = v2.get_account()
    assert answer["ProductionAccessEnabled"] is answer["SendingEnabled"] is True
    assert answer["EnforcementStatus"] == "HEALTHY"
    assert answer["SendQuota"] == {
        "Max24HourSend": 1_000.0, "MaxSendRate": 5.0, "SentLast24Hours": 1.0,
    }  # fmt: skip
    assert answer["SuppressionAttributes"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]
    assert answer["Details"]["ReviewDetails"]["Status"] == "GRANTED"
    sandboxed = Simulator(sandbox=True).boto3_client("sesv2").get_account()
    assert sandboxed["ProductionAccessEnabled"] is False
    assert sandboxed["SendQuota"]["Max24HourSend"] == 200.0
    assert "Details" not in sandboxed


def test_either_api_pauses_the_sending_of_both() -> None:
    """PutAccountSendingAttributes and UpdateAccountSendingEnabled are one switch."""
    sim = Simulator()
    v2, v1 = both(sim)
    v2.put_account_sending_attributes(SendingEnabled=False)
    assert v1.get_account_sending_enabled()["Enabled"] is False
    with refused("SendingPausedException"):
        send(sim)
    with refused("AccountSendingPausedException"):
        send(sim, service="ses")
    v1.update_account_sending_enabled(Enabled=True)
    assert v2.get_account()["SendingEnabled"] is True
    assert send(sim)
    v1.update_account_sending_enabled()
    assert v1.get_account_sending_enabled()["Enabled"] is False
    v2.put_account_sending_attributes(SendingEnabled=True)
    v2.put_account_sending_attributes()
    assert v2.get_account()["SendingEnabled"] is False


def test_what_aws_paused_its_owner_cannot_resume() -> None:
    """PutAccountSendingAttributes: after a shutdown the account still does not send."""
    sim = Simulator()
    sim.enforce("SHUTDOWN")
    both(sim)[0].put_account_sending_attributes(SendingEnabled=True)
    with refused("AccountSuspendedException"):
        send(sim)


def test_the_reasons_of_the_accounts_list_can_be_changed() -> None:
    """PutAccountSuppressionAttributes: an entry stops mail only while its reason is on."""
    sim = Simulator()
    v2, _ = both(sim)
    sim.suppress("ann@example.org")
    v2.put_account_suppression_attributes(SuppressedReasons=["COMPLAINT"])
    send(sim)
    assert kinds(sim)[-1] == "Delivery"
    v2.put_account_suppression_attributes(SuppressedReasons=["BOUNCE"])
    send(sim)
    assert kinds(sim)[-1] == "Bounce"
    v2.put_account_suppression_attributes()
    assert v2.get_account()["SuppressionAttributes"]["SuppressedReasons"] == []


def test_a_reason_that_ses_does_not_know_is_refused() -> None:
    """Words are checked against the model, in the words of SES's own validation."""
    v2, _ = both(Simulator())
    with refused("BadRequestException", says="'suppressedReasons' failed to satisfy constraint"):
        v2.put_account_suppression_attributes(SuppressedReasons=["MANUAL"])
    assert v2.get_account()["SuppressionAttributes"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]


def test_validation_attributes_are_kept_where_botocore_has_them() -> None:
    """PutAccountSuppressionAttributes: what is put is what GetAccount shows."""
    v2, _ = both(Simulator())
    model = v2.meta.service_model.operation_model("PutAccountSuppressionAttributes")
    if "ValidationAttributes" not in model.input_shape.members:
        pytest.skip("this botocore is older than ValidationAttributes")
    put = {"ConditionThreshold": {"ConditionThresholdEnabled": "ENABLED"}}
    v2.put_account_suppression_attributes(SuppressedReasons=["BOUNCE"], ValidationAttributes=put)
    put["ConditionThreshold"]["ConditionThresholdEnabled"] = "DISABLED"  # it is ours again
    kept = v2.get_account()["SuppressionAttributes"]
    assert kept["SuppressedReasons"] == ["BOUNCE"]
    condition = kept["ValidationAttributes"]["ConditionThreshold"]
    assert condition == {"ConditionThresholdEnabled": "ENABLED"}
    condition["ConditionThresholdEnabled"] = "DISABLED"
    again = v2.get_account()["SuppressionAttributes"]["ValidationAttributes"]
    assert again["ConditionThreshold"] == {"ConditionThresholdEnabled": "ENABLED"}


def test_regions_do_not_know_of_each_other() -> None:
    """What is set in one region holds in that one alone."""
    sim = Simulator()
    here, there = both(sim)[0], both(sim, "eu-west-1")[0]
    here.put_account_sending_attributes(SendingEnabled=False)
    here.put_suppressed_destination(EmailAddress="ann@example.org", Reason="BOUNCE")
    here.create_configuration_set(ConfigurationSetName="main")
    here.create_email_identity(EmailIdentity="example.com")
    assert there.get_account()["SendingEnabled"] is True
    assert there.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []
    assert there.list_configuration_sets()["ConfigurationSets"] == []
    assert there.list_email_identities()["EmailIdentities"] == []


def test_control_operations_come_once_a_second_if_asked_for() -> None:
    """``control_rate=1``: the next call of the same operation waits; BatchGetMetricData has 16."""
    sim = Simulator(control_rate=1)
    v2, v1 = both(sim)
    v2.list_configuration_sets()
    with refused("TooManyRequestsException", 429):
        v2.list_configuration_sets()
    v1.list_identities()
    with refused("Throttling"):
        v1.list_identities()
    sim.clock.advance(1)
    v2.list_configuration_sets()
    query = {
        "Id": "a", "Namespace": "VDM", "Metric": "SEND", "StartDate": 0, "EndDate": 1,
    }  # fmt: skip
    v2.batch_get_metric_data(Queries=[query])
    sim.clock.advance(1 / 16)
    v2.batch_get_metric_data(Queries=[query])
    with refused("TooManyRequestsException", 429):
        v2.batch_get_metric_data(Queries=[query])
