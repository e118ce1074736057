"""Mail that SES takes and does not deliver."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest

from sesguard import errors
from sesguard.simulator import Simulator
from sesguard.suppression import Reason
from tests.simulator.sending import (
    ANN,
    BOB,
    client_of,
    events,
    kinds,
    send,
    simple,
    sub_types,
)

# In two pieces, so that no scanner takes this file for a virus.
VIRUS = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def infected(sim: Simulator, how: str) -> None:
    if how == "Simple":
        attached = [{"FileName": "sample.txt", "RawContent": VIRUS}]
        send(sim, content=simple(Attachments=attached))
        return
    message = EmailMessage()
    message["From"], message["To"] = "us@example.com", ANN
    message.set_content("Look")
    message.add_attachment(VIRUS, maintype="text", subtype="plain", filename="sample.txt")
    client_of(sim, "ses").send_raw_email(RawMessage={"Data": message.as_bytes()})


@pytest.mark.parametrize("how", ["Simple", "Raw"])
def test_a_virus_is_rejected_after_a_message_id(how: str) -> None:
    """It counts for the quota, and among the rejects of the statistics; nobody gets it."""
    sim = Simulator()
    infected(sim, how)
    assert kinds(sim) == ["Reject"]
    assert events(sim)[0]["reject"] == {"reason": "Bad content"}
    assert sim.outbox[0].stopped_by == "Reject"
    v1 = client_of(sim, "ses")
    assert v1.get_send_quota()["SentLast24Hours"] == 1
    (point,) = v1.get_send_statistics()["SendDataPoints"]
    assert (point["Rejects"], point["DeliveryAttempts"]) == (1, 0)
    with pytest.raises(errors.ConfigurationError, match="by a Reject event"):
        sim.outbox[0].as_received()


def test_the_body_is_not_searched_for_viruses() -> None:
    """Only what is attached."""
    sim = Simulator()
    send(sim, content=simple(Body={"Text": {"Data": VIRUS.decode()}}))
    send(sim, content=simple(Attachments=[{"FileName": "a.txt", "RawContent": b"harmless"}]))
    assert kinds(sim) == ["Send", "Delivery"] * 2


def sets(sim: Simulator, name: str, *reasons: str) -> None:
    client_of(sim).create_configuration_set(
        ConfigurationSetName=name, SuppressionOptions={"SuppressedReasons": list(reasons)}
    )


def test_a_listed_reason_counts_while_it_is_on() -> None:
    """An address that is on the list for complaints is mailed while only bounces stop mail."""
    sim = Simulator()
    sim.suppress(ANN, Reason.COMPLAINT)
    client_of(sim).put_account_suppression_attributes(SuppressedReasons=["BOUNCE"])
    send(sim)
    client_of(sim).put_account_suppression_attributes(SuppressedReasons=["COMPLAINT"])
    send(sim)
    assert kinds(sim) == ["Send", "Delivery", "Send", "Complaint"]
    assert events(sim)[-1]["complaint"]["complaintSubType"] == "OnAccountSuppressionList"


def test_the_reasons_of_a_set_go_before_those_of_the_account() -> None:
    """Both ways: a set may mail whom the account would not, and the other way round."""
    sim = Simulator()
    sim.suppress(ANN)
    sets(sim, "loose", "COMPLAINT")
    sets(sim, "strict", "BOUNCE")
    send(sim, ConfigurationSetName="loose")
    send(sim)
    client_of(sim).put_account_suppression_attributes(SuppressedReasons=[])
    send(sim)
    send(sim, ConfigurationSetName="strict")
    assert kinds(sim) == [
        "Send", "Delivery", "Send", "Bounce", "Send", "Delivery", "Send", "Bounce",
    ]  # fmt: skip
    assert sub_types(sim) == ["OnAccountSuppressionList"] * 2


def test_the_list_stops_any_spelling() -> None:
    """Though the list's own operations go by the exact case."""
    sim = Simulator()
    sim.suppress("Ann@Example.org")
    send(sim, "aNN@example.ORG")
    assert sub_types(sim) == ["OnAccountSuppressionList"]


def test_the_list_of_a_tenant_stops_its_mails_alone() -> None:
    """By its scope, over which that of a configuration set goes."""
    sim = Simulator()
    client = client_of(sim)
    if not hasattr(client, "put_tenant_suppression_attributes"):
        pytest.skip("this botocore is older than the lists of tenants")
    client.put_suppressed_destination(EmailAddress=ANN, Reason="BOUNCE", TenantName="blue")
    sim.suppress(BOB)
    send(sim, ANN, TenantName="blue")
    client.put_tenant_suppression_attributes(
        TenantName="blue", SuppressionScope="TENANT", SuppressedReasons=["BOUNCE"]
    )
    send(sim, ANN, BOB, TenantName="blue")
    send(sim, ANN, TenantName="green")
    assert kinds(sim) == ["Send", "Delivery", "Send", "Delivery", "Bounce", "Send", "Delivery"]
    bounce = events(sim)[4]
    assert bounce["bounce"]["bounceSubType"] == "OnTenantSuppressionList"
    assert bounce["mail"]["tags"]["ses:tenant-name"] == ["blue"]
    (person,) = bounce["bounce"]["bouncedRecipients"]
    assert person["emailAddress"] == ANN
    assert person["diagnosticCode"].endswith("on the suppression list for your tenant.")
    client.create_configuration_set(
        ConfigurationSetName="all", SuppressionOptions={"SuppressionScope": "ACCOUNT"}
    )
    send(sim, ANN, BOB, TenantName="blue", ConfigurationSetName="all")
    assert sub_types(sim)[1:] == ["OnAccountSuppressionList"]


def test_who_has_bounced_is_on_the_global_list_for_14_days() -> None:
    """For accounts that keep no list for bounces; the bounce is Permanent/Suppressed."""
    sim = Simulator(suppressed_reasons=[Reason.COMPLAINT])
    sim.bounces(ANN)
    send(sim)
    send(sim)
    assert sub_types(sim) == ["General", "Suppressed"]
    assert sim.suppressed == {}
    sim.clock.advance(timedelta(days=14))
    send(sim)
    assert sub_types(sim)[2:] == ["General"]


def test_the_global_list_does_not_count_beside_the_accounts_own() -> None:
    """Nor in a set whose list is on for bounces; who is there again is mailed."""
    sim = Simulator()
    sim.bounces(ANN)
    send(sim)
    sim.release(ANN)
    send(sim)
    assert sub_types(sim) == ["General", "General"]
    client_of(sim).put_account_suppression_attributes(SuppressedReasons=[])
    sets(sim, "strict", "BOUNCE")
    sim.release(ANN)
    send(sim, ConfigurationSetName="strict")
    send(sim)
    assert sub_types(sim)[2:] == ["General", "Suppressed"]
    sim.delivers(ANN)
    send(sim)
    assert kinds(sim)[-1] == "Delivery"


def test_soft_bounces_are_on_no_list() -> None:
    """They are tried again with the next mail."""
    sim = Simulator(suppressed_reasons=[])
    sim.bounces(ANN, bounce_type="Transient", bounce_sub_type="MailboxFull")
    send(sim)
    send(sim)
    assert sub_types(sim) == ["MailboxFull", "MailboxFull"]
