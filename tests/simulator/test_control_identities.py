"""Addresses and domains to send from, in API v2, and how the test verifies them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sesguard import errors
from sesguard.simulator import Simulator
from tests.simulator.controls import both, pages, refused
from tests.simulator.test_simulator import send

DOMAIN = {"EmailIdentity": "example.com"}


def created(sim: Simulator, name: str = "example.com", **options: Any) -> Any:
    """A client of API v2 whose account has an identity of that name."""
    v2, _ = both(sim)
    v2.create_email_identity(EmailIdentity=name, **options)
    return v2


def test_a_domain_gets_three_tokens_to_sign_with() -> None:
    """CreateEmailIdentity: Easy DKIM with 2048 bits, pending; Get shows the same."""
    v2, _ = both(Simulator())
    answer = v2.create_email_identity(**DOMAIN)
    assert (answer["IdentityType"], answer["VerifiedForSendingStatus"]) == ("DOMAIN", False)
    keys = answer["DkimAttributes"]
    assert len(set(keys["Tokens"])) == 3
    assert all(len(token) == 32 and token.isalnum() for token in keys["Tokens"])
    assert (keys["Status"], keys["SigningEnabled"]) == ("PENDING", True)
    assert (keys["SigningAttributesOrigin"], keys["CurrentSigningKeyLength"]) == (
        "AWS_SES", "RSA_2048_BIT",
    )  # fmt: skip
    found = v2.get_email_identity(**DOMAIN)
    assert found["DkimAttributes"] == keys
    assert (found["VerificationStatus"], found["FeedbackForwardingStatus"]) == ("PENDING", True)


def test_tokens_follow_from_the_seed_and_the_region() -> None:
    """The same seed gives the same, in whatever order domains are made."""

    def tokens(seed: int, *names: str, region: str = "us-east-1") -> list[str]:
        client = Simulator(seed).boto3_client("sesv2", region_name=region)
        made = [client.create_email_identity(EmailIdentity=name) for name in names]
        found: list[str] = made[-1]["DkimAttributes"]["Tokens"]
        return found

    assert tokens(1, "example.com") == tokens(1, "example.net", "example.com")
    others = [tokens(2, "example.com"), tokens(1, "example.net")]
    others.append(tokens(1, "example.com", region="eu-west-1"))
    assert tokens(1, "example.com") not in others


def test_the_zone_of_the_tokens_is_told_where_botocore_has_it() -> None:
    """SigningHostedZone; an older botocore's answer is without it, as its parser makes it."""
    v2 = created(Simulator())
    members = v2.meta.service_model.shape_for("DkimAttributes").members
    keys = v2.get_email_identity(**DOMAIN)["DkimAttributes"]
    assert keys.get("SigningHostedZone") == (
        "dkim.amazonses.com" if "SigningHostedZone" in members else None
    )


def test_an_address_signs_as_its_domain() -> None:
    """It has no keys of its own: those of the domain, if that is there, or none."""
    v2 = created(Simulator(), "us@example.com")
    address = {"EmailIdentity": "us@example.com"}
    found = v2.get_email_identity(**address)
    assert found["IdentityType"] == "EMAIL_ADDRESS"
    assert found["DkimAttributes"]["Status"] == "NOT_STARTED"
    keys = v2.create_email_identity(**DOMAIN)["DkimAttributes"]
    assert v2.get_email_identity(**address)["DkimAttributes"] == keys


def test_the_test_verifies() -> None:
    """``sim.verify``: identity, keys and MAIL FROM together; mail is taken from then on."""
    sim = Simulator(identities=[])
    v2 = created(sim)
    v2.put_email_identity_mail_from_attributes(**DOMAIN, MailFromDomain="mail.example.com")
    with refused("MessageRejected", says="us@example.com"):
        send(sim)
    sim.verify("Example.com")
    found = v2.get_email_identity(**DOMAIN)
    assert found["VerifiedForSendingStatus"] is True
    assert found["VerificationStatus"] == found["DkimAttributes"]["Status"] == "SUCCESS"
    assert found["MailFromAttributes"]["MailFromDomainStatus"] == "SUCCESS"
    assert send(sim)


def test_verification_may_fail_in_any_part() -> None:
    """The keys or the MAIL FROM domain alone, or all of it."""
    sim = Simulator(identities=[])
    v2 = created(sim)
    v2.put_email_identity_mail_from_attributes(**DOMAIN, MailFromDomain="mail.example.com")
    sim.verify("example.com", dkim="FAILED", mail_from="TEMPORARY_FAILURE")
    found = v2.get_email_identity(**DOMAIN)
    assert found["VerifiedForSendingStatus"] is True
    assert found["DkimAttributes"]["Status"] == "FAILED"
    assert found["MailFromAttributes"]["MailFromDomainStatus"] == "TEMPORARY_FAILURE"
    sim.verify("example.com", "FAILED")
    assert v2.get_email_identity(**DOMAIN)["VerificationStatus"] == "FAILED"
    with refused("MessageRejected"):
        send(sim)


def test_what_nobody_created_is_created_by_its_verification() -> None:
    """``sim.verify`` of a new name; what is no name is told."""
    sim = Simulator(identities=[])
    sim.verify("us@example.com")
    assert send(sim)
    with pytest.raises(errors.ConfigurationError, match="neither an address nor a domain"):
        sim.verify("somebody")


def test_identities_that_the_simulator_was_given_are_verified() -> None:
    """``identities=`` are listed, signed, and can be deleted: then their mail is refused."""
    sim = Simulator(identities=["example.com"])
    v2, _ = both(sim)
    found = v2.get_email_identity(**DOMAIN)
    assert found["VerificationStatus"] == found["DkimAttributes"]["Status"] == "SUCCESS"
    assert send(sim)
    v2.delete_email_identity(**DOMAIN)
    with refused("MessageRejected", says="not verified"):
        send(sim)


def test_nobody_verifies_in_time() -> None:
    """GetIdentityVerificationAttributes: 24 hours for an address, 72 for a domain."""
    sim = Simulator()
    v2 = created(sim)
    v2.create_email_identity(EmailIdentity="us@example.com")

    def statuses() -> list[str]:
        listed = v2.list_email_identities()["EmailIdentities"]
        return [one["VerificationStatus"] for one in listed]

    assert statuses() == ["PENDING", "PENDING"]
    sim.clock.advance(timedelta(hours=24))
    assert statuses() == ["PENDING", "FAILED"]
    sim.clock.advance(timedelta(hours=48))
    assert statuses() == ["FAILED", "FAILED"]
    sim.verify("example.com")
    assert statuses() == ["SUCCESS", "FAILED"]


def test_the_case_of_an_address_counts_and_that_of_a_domain_does_not() -> None:
    """Verified identities: addresses are case-sensitive."""
    v2 = created(Simulator(), "Us@example.com")
    v2.create_email_identity(EmailIdentity="us@example.com")
    v2.create_email_identity(EmailIdentity="Example.COM")
    with refused("AlreadyExistsException", says="Email identity example.com already exist."):
        v2.create_email_identity(EmailIdentity="example.com")
    names = [one["IdentityName"] for one in v2.list_email_identities()["EmailIdentities"]]
    assert names == ["Us@example.com", "example.com", "us@example.com"]


@pytest.mark.parametrize("name", ["example", "@example.com", "ex ample.com", "a..b", "a.", "ä.com"])
def test_only_addresses_and_domains_are_identities(name: str) -> None:
    """BadRequestException for all else."""
    v2, _ = both(Simulator())
    with refused("BadRequestException", says=f"Identity {name} is invalid."):
        v2.create_email_identity(EmailIdentity=name)
    assert v2.list_email_identities()["EmailIdentities"] == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("get_email_identity", {}),
        ("delete_email_identity", {}),
        ("put_email_identity_dkim_attributes", {"SigningEnabled": True}),
        ("put_email_identity_dkim_signing_attributes", {"SigningAttributesOrigin": "AWS_SES"}),
        ("put_email_identity_mail_from_attributes", {}),
        ("put_email_identity_feedback_attributes", {}),
        ("put_email_identity_configuration_set_attributes", {}),
    ],
)
def test_an_identity_that_is_not_there_has_no_attributes(
    name: str, options: dict[str, Any]
) -> None:
    """NotFoundException, 404, also where SES would take mail from any sender."""
    v2, _ = both(Simulator())
    with refused("NotFoundException", 404, "Email identity example.com does not exist."):
        getattr(v2, name)(**DOMAIN, **options)


def test_signing_may_be_turned_off() -> None:
    """PutEmailIdentityDkimAttributes; the verification of the keys stays."""
    sim = Simulator()
    v2 = created(sim)
    sim.verify("example.com")
    v2.put_email_identity_dkim_attributes(**DOMAIN, SigningEnabled=False)
    keys = v2.get_email_identity(**DOMAIN)["DkimAttributes"]
    assert (keys["SigningEnabled"], keys["Status"]) == (False, "SUCCESS")
    v2.create_email_identity(EmailIdentity="us@example.org")
    with refused("BadRequestException", says="example.org is not verified for DKIM signing"):
        v2.put_email_identity_dkim_attributes(EmailIdentity="us@example.org", SigningEnabled=True)


def test_keys_of_another_length_are_new_keys() -> None:
    """PutEmailIdentityDkimSigningAttributes: other tokens, pending again; the same length, none."""
    sim = Simulator()
    v2 = created(sim)
    sim.verify("example.com")

    def sign(length: str) -> Any:
        return v2.put_email_identity_dkim_signing_attributes(
            **DOMAIN,
            SigningAttributesOrigin="AWS_SES",
            SigningAttributes={"NextSigningKeyLength": length},
        )

    before = v2.get_email_identity(**DOMAIN)["DkimAttributes"]["Tokens"]
    same = sign("RSA_2048_BIT")
    assert (same["DkimStatus"], same["DkimTokens"]) == ("SUCCESS", before)
    other = sign("RSA_1024_BIT")
    assert other["DkimStatus"] == "PENDING"
    assert not set(other["DkimTokens"]) & set(before)
    again = sign("RSA_2048_BIT")
    assert not set(again["DkimTokens"]) & {*before, *other["DkimTokens"]}
    assert v2.get_email_identity(**DOMAIN)["VerifiedForSendingStatus"] is True


def test_a_domain_may_sign_with_a_key_of_its_own() -> None:
    """BYODKIM at creation or later: the selector is the only token; both parts are needed."""
    own = {"DomainSigningSelector": "s1", "DomainSigningPrivateKey": "a" * 20}
    v2 = created(Simulator(), DkimSigningAttributes=own)
    keys = v2.get_email_identity(**DOMAIN)["DkimAttributes"]
    assert (keys["SigningAttributesOrigin"], keys["Tokens"]) == ("EXTERNAL", ["s1"])
    answer = v2.put_email_identity_dkim_signing_attributes(
        **DOMAIN, SigningAttributesOrigin="AWS_SES"
    )
    assert len(answer["DkimTokens"]) == 3
    answer = v2.put_email_identity_dkim_signing_attributes(
        **DOMAIN, SigningAttributesOrigin="EXTERNAL", SigningAttributes=own
    )
    assert answer["DkimTokens"] == ["s1"]
    with refused("BadRequestException", says="selector and a private key"):
        v2.put_email_identity_dkim_signing_attributes(**DOMAIN, SigningAttributesOrigin="EXTERNAL")
    with refused("BadRequestException", says="must be a valid domain"):
        v2.put_email_identity_dkim_signing_attributes(
            EmailIdentity="us@example.com", SigningAttributesOrigin="AWS_SES"
        )
    with refused("BadRequestException", says="must be a valid domain"):
        v2.create_email_identity(EmailIdentity="us@example.com", DkimSigningAttributes=own)
    with pytest.raises(errors.ConfigurationError, match="keys of another region"):
        v2.put_email_identity_dkim_signing_attributes(
            **DOMAIN, SigningAttributesOrigin="AWS_SES_EU_WEST_1"
        )


def test_a_mail_from_domain_is_below_the_identity() -> None:
    """PutEmailIdentityMailFromAttributes: pending, with what happens without its MX; "" removes."""
    v2 = created(Simulator())
    v2.put_email_identity_mail_from_attributes(
        **DOMAIN, MailFromDomain="mail.example.com", BehaviorOnMxFailure="REJECT_MESSAGE"
    )
    assert v2.get_email_identity(**DOMAIN)["MailFromAttributes"] == {
        "MailFromDomain": "mail.example.com",
        "MailFromDomainStatus": "PENDING",
        "BehaviorOnMxFailure": "REJECT_MESSAGE",
    }
    for domain in ("example.com", "mail.example.org", "notexample.com"):
        with refused("BadRequestException", says="not a subdomain"):
            v2.put_email_identity_mail_from_attributes(**DOMAIN, MailFromDomain=domain)
    assert "MailFromAttributes" in v2.get_email_identity(**DOMAIN)
    v2.put_email_identity_mail_from_attributes(**DOMAIN, MailFromDomain="")
    assert "MailFromAttributes" not in v2.get_email_identity(**DOMAIN)


def test_an_identity_has_a_configuration_set_of_its_own() -> None:
    """At creation or later, removed by naming none; one that is not there is refused."""
    sim = Simulator(configuration_sets=["main"])
    v2 = created(sim, ConfigurationSetName="main", Tags=[{"Key": "team", "Value": "blue"}])
    found = v2.get_email_identity(**DOMAIN)
    assert found["ConfigurationSetName"] == "main"
    assert found["Tags"] == [{"Key": "team", "Value": "blue"}]
    found["Tags"].clear()  # an answer is the caller's own
    assert v2.get_email_identity(**DOMAIN)["Tags"] == [{"Key": "team", "Value": "blue"}]
    v2.put_email_identity_configuration_set_attributes(**DOMAIN)
    assert "ConfigurationSetName" not in v2.get_email_identity(**DOMAIN)
    message = "Configuration set <other> does not exist."
    with refused("NotFoundException", 404, message):
        v2.put_email_identity_configuration_set_attributes(**DOMAIN, ConfigurationSetName="other")
    with refused("NotFoundException", 404, message):
        v2.create_email_identity(EmailIdentity="example.net", ConfigurationSetName="other")
    with refused("NotFoundException", 404, "example.net does not exist"):
        v2.get_email_identity(EmailIdentity="example.net")


def test_forwarding_may_be_turned_off() -> None:
    """PutEmailIdentityFeedbackAttributes, without a condition in API v2."""
    v2 = created(Simulator())
    v2.put_email_identity_feedback_attributes(**DOMAIN, EmailForwardingEnabled=False)
    assert v2.get_email_identity(**DOMAIN)["FeedbackForwardingStatus"] is False


def test_identities_are_listed_in_pages() -> None:
    """ListEmailIdentities: 25 a page; by part of a name, kind and status where botocore has it."""
    sim = Simulator()
    v2, _ = both(sim)
    for n in range(30):
        v2.create_email_identity(EmailIdentity=f"a{n:02}.example.com")
    v2.create_email_identity(EmailIdentity="us@example.com")
    sim.verify("a07.example.com")
    listed = pages(v2.list_email_identities, "EmailIdentities")
    assert [len(page) for page in listed] == [25, 6]
    assert listed[0][7] == {
        "IdentityType": "DOMAIN",
        "IdentityName": "a07.example.com",
        "SendingEnabled": True,
        "VerificationStatus": "SUCCESS",
    }
    with refused("BadRequestException", says="PageSize must be between 1 and 1000"):
        v2.list_email_identities(PageSize=0)
    model = v2.meta.service_model.operation_model("ListEmailIdentities")
    if "Filter" not in model.input_shape.members:
        return

    def names(**wanted: str) -> list[str]:
        answer = v2.list_email_identities(Filter=wanted)
        return [one["IdentityName"] for one in answer["EmailIdentities"]]

    assert names(IDENTITY_NAME_CONTAINS="A07") == ["a07.example.com"]
    assert names(IDENTITY_TYPE="EMAIL_ADDRESS") == ["us@example.com"]
    assert names(VERIFICATION_STATUS="SUCCESS") == ["a07.example.com"]
    with refused("BadRequestException", says="'filter' failed"):
        names(COLOUR="blue")
