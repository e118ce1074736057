"""By whom and with which configuration set mail may be sent."""

from __future__ import annotations

import pytest

from sesguard import errors
from sesguard.simulator import Simulator
from tests.simulator.controls import refused
from tests.simulator.sending import ANN, SIMPLE, US, client_of, events, send, send_raw, send_v1


def test_identities_are_of_one_region() -> None:
    """What is verified in one is not in another, and the refusal names the region."""
    sim = Simulator(identities=())
    sim.verify("example.com")
    assert send(sim)
    elsewhere = sim.boto3_client("sesv2", region_name="eu-west-1")
    with refused("MessageRejected", says="check in region EU-WEST-1: us@example.com"):
        elsewhere.send_email(
            FromEmailAddress=US,
            Destination={"ToAddresses": [ANN]},
            Content={"Simple": SIMPLE},
        )


def test_an_identity_counts_once_it_is_verified() -> None:
    """Created alone it does not, and one whose verification has failed does not any more."""
    sim = Simulator(identities=["example.net"])
    client_of(sim).create_email_identity(EmailIdentity="example.com")
    with refused("MessageRejected", says="Email address is not verified"):
        send(sim)
    sim.verify("example.com")
    assert send(sim)
    sim.verify("example.com", "FAILED")
    with refused("MessageRejected"):
        send_v1(sim)


def test_without_identities_every_sender_counts() -> None:
    """Out of the sandbox; in it nobody does who is not verified."""
    sim = Simulator()
    client_of(sim).create_email_identity(EmailIdentity="example.com")
    assert send(sim)
    assert send(sim, sender="them@example.net")
    sandbox = Simulator(sandbox=True)
    with refused("MessageRejected", says=f"{US}, {ANN}"):
        send(sandbox)


def test_an_address_counts_in_its_case_and_with_its_labels() -> None:
    """And a domain with its subdomains, in any case."""
    sim = Simulator(identities=["Us@example.com", "example.net"])
    assert send(sim, sender="Us+news@example.com")
    assert send(sim, sender="any@mail.EXAMPLE.net")
    for stranger in (US, "us@notexample.net"):
        with refused("MessageRejected", says=stranger):
            send(sim, sender=stranger)


def test_a_return_path_is_verified_too() -> None:
    """Over either API."""
    sim = Simulator(identities=["example.com"])
    with refused("MessageRejected", says="bounces@example.net"):
        send(sim, FeedbackForwardingEmailAddress="bounces@example.net")
    with refused("MessageRejected", says="bounces@example.net"):
        send_v1(sim, ReturnPath="bounces@example.net")


@pytest.mark.parametrize(
    ("behaviour", "status", "taken"),
    [
        ("REJECT_MESSAGE", "PENDING", False),
        ("REJECT_MESSAGE", "FAILED", False),
        ("REJECT_MESSAGE", "TEMPORARY_FAILURE", False),
        ("REJECT_MESSAGE", "SUCCESS", True),
        ("USE_DEFAULT_VALUE", "FAILED", True),
    ],
)
def test_a_mail_from_domain_that_is_not_there_may_refuse_the_mail(
    behaviour: str, status: str, taken: bool
) -> None:
    """If its sender wants no other: MailFromDomainNotVerified, over either API."""
    sim = Simulator()
    client = client_of(sim)
    client.create_email_identity(EmailIdentity="example.com")
    client.put_email_identity_mail_from_attributes(
        EmailIdentity="example.com",
        MailFromDomain="mail.example.com",
        BehaviorOnMxFailure=behaviour,
    )
    sim.verify("example.com", mail_from=status)  # type: ignore[arg-type]
    for sending in (send, send_v1):
        if taken:
            assert sending(sim)
        else:
            with refused("MailFromDomainNotVerifiedException"):
                sending(sim)


def test_a_set_that_is_not_there_refuses_the_mail() -> None:
    """NotFoundException; ConfigurationSetDoesNotExist in API v1."""
    sim = Simulator(configuration_sets=["letters"])
    assert send(sim, ConfigurationSetName="letters")
    with refused("NotFoundException", 404, "Configuration set <other> does not exist."):
        send(sim, ConfigurationSetName="other")
    with refused("ConfigurationSetDoesNotExist"):
        send_v1(sim, ConfigurationSetName="other")
    assert send(Simulator(), ConfigurationSetName="any")


def test_a_paused_set_refuses_its_mail_alone() -> None:
    """SendingPausedException; ConfigurationSetSendingPausedException in API v1."""
    sim = Simulator()
    client = client_of(sim)
    client.create_configuration_set(ConfigurationSetName="letters")
    client.put_configuration_set_sending_options(
        ConfigurationSetName="letters", SendingEnabled=False
    )
    with refused("SendingPausedException", says="configuration set <letters>"):
        send(sim, ConfigurationSetName="letters")
    with refused("ConfigurationSetSendingPausedException"):
        send_v1(sim, ConfigurationSetName="letters")
    assert send(sim)
    client.put_configuration_set_sending_options(
        ConfigurationSetName="letters", SendingEnabled=True
    )
    assert send(sim, ConfigurationSetName="letters")


def test_an_identity_may_have_a_set_by_default() -> None:
    """Its mails have it, unless they name another."""
    sim = Simulator()
    client = client_of(sim)
    for name in ("letters", "receipts"):
        client.create_configuration_set(ConfigurationSetName=name)
    client.create_email_identity(EmailIdentity="example.com", ConfigurationSetName="letters")
    sim.verify("example.com")
    send(sim)
    send(sim, ConfigurationSetName="receipts")
    send(sim, sender="them@example.net")
    assert [mail.configuration_set for mail in sim.outbox] == ["letters", "receipts", None]
    assert events(sim)[0]["mail"]["tags"]["ses:configuration-set"] == ["letters"]
    client.put_configuration_set_sending_options(
        ConfigurationSetName="letters", SendingEnabled=False
    )
    with refused("SendingPausedException"):
        send(sim)


def test_raw_mail_names_set_tags_and_tenant_in_headers() -> None:
    """Its reader does not see them; what the request says goes before, and is not mixed in."""
    sim = Simulator()
    lines = (
        "X-SES-CONFIGURATION-SET: letters",
        "X-SES-MESSAGE-TAGS: campaign=spring, row=1",
        "X-SES-TENANT: blue",
    )
    mail = send_raw(sim, *lines)
    assert (mail.configuration_set, mail.tenant) == ("letters", "blue")
    assert dict(mail.tags) == {"campaign": "spring", "row": "1"}
    assert b"X-SES-" not in (mail.raw or b"")
    mail = send_raw(
        sim, *lines, ConfigurationSetName="other", EmailTags=[{"Name": "row", "Value": "2"}]
    )
    assert (mail.configuration_set, dict(mail.tags)) == ("other", {"row": "2"})


@pytest.mark.parametrize(
    "option", ["FromEmailAddressIdentityArn", "FeedbackForwardingEmailAddressIdentityArn"]
)
def test_what_another_account_allows_is_not_known(option: str) -> None:
    """The test is told so; that of the account itself is no more than it has already."""
    sim = Simulator()
    arn = "arn:aws:ses:us-east-1:{}:identity/example.com"
    assert send(sim, **{option: arn.format("123456789012")})
    with pytest.raises(errors.ConfigurationError, match=f"{option}: the simulator has one account"):
        send(sim, **{option: arn.format("999999999999")})


def test_endpoints_of_several_regions_are_not_known() -> None:
    """EndpointId is told, and not ignored."""
    sim = Simulator()
    call = {"EndpointId": "abc.123", "FromEmailAddress": US}
    with pytest.raises(errors.ConfigurationError, match="multi-region endpoints"):
        sim._service.call(
            "sesv2",
            "SendEmail",
            {**call, "Content": {"Simple": SIMPLE}, "Destination": {"ToAddresses": [ANN]}},
            "us-east-1",
        )
