"""SendBulkEmail: one template to many, each with a status of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesguard.simulator import Simulator
from tests.simulator.controls import refused
from tests.simulator.sending import ANN, BOB, US, client_of, kinds
from tests.simulator.test_sending_stops import VIRUS


def account(**options: Any) -> Simulator:
    """With a template that greets by ``name`` and ``city``."""
    sim = Simulator(**options)
    client_of(sim).create_email_template(
        TemplateName="hello", TemplateContent={"Subject": "Hi {{name}}", "Text": "From {{city}}"}
    )
    return sim


def entry(*to: str, data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    made = {"Destination": {"ToAddresses": list(to)}, **more}
    if data is not None:
        template = {"ReplacementTemplateData": json.dumps(data)}
        made["ReplacementEmailContent"] = {"ReplacementTemplate": template}
    return made


def bulk(sim: Simulator, *entries: dict[str, Any], **options: Any) -> list[dict[str, str]]:
    template = {"TemplateName": "hello", "TemplateData": '{"name": "you", "city": "Rome"}'}
    answer = client_of(sim).send_bulk_email(
        FromEmailAddress=options.pop("sender", US),
        DefaultContent={"Template": {**template, **options.pop("template", {})}},
        BulkEmailEntries=list(entries),
        **options,
    )
    found: list[dict[str, str]] = answer["BulkEmailEntryResults"]
    return found


def statuses(results: list[dict[str, str]]) -> list[str]:
    return [result["Status"] for result in results]


def test_each_entry_is_a_mail_of_its_own() -> None:
    """With its id, its data before those for all, its tags, and its headers."""
    sim = account()
    results = bulk(
        sim,
        entry(ANN, data={"name": "Ann"}, ReplacementTags=[{"Name": "row", "Value": "1"}]),
        entry(BOB, ReplacementHeaders=[{"Name": "X-Row", "Value": "2"}]),
        DefaultEmailTags=[{"Name": "row", "Value": "0"}, {"Name": "campaign", "Value": "spring"}],
    )
    assert statuses(results) == ["SUCCESS", "SUCCESS"]
    first, second = sim.outbox
    assert [mail.message_id for mail in sim.outbox] == [one["MessageId"] for one in results]
    assert (first.subject, first.text) == ("Hi Ann", "From Rome")
    assert (second.subject, second.recipients) == ("Hi you", (BOB,))
    assert dict(first.tags) == {"row": "1", "campaign": "spring"}
    assert dict(second.tags) == {"row": "0", "campaign": "spring"}
    assert ("X-Row", "2") in second.headers
    assert kinds(sim) == ["Send", "Delivery"] * 2


def test_a_missing_attribute_is_no_status() -> None:
    """The entry succeeds, and the event tells later."""
    sim = account()
    results = bulk(sim, entry(ANN), template={"TemplateData": '{"name": "x"}'})
    assert statuses(results) == ["SUCCESS"]
    assert kinds(sim) == ["Rendering Failure"]


def test_the_limits_stop_single_entries() -> None:
    """ACCOUNT_THROTTLED and ACCOUNT_DAILY_QUOTA_EXCEEDED; those before are mailed."""
    entries = [entry(f"n{n}@example.org") for n in range(3)]
    sim = account(rate=2)
    results = bulk(sim, *entries)
    assert statuses(results) == ["SUCCESS", "SUCCESS", "ACCOUNT_THROTTLED"]
    assert results[2]["Error"] == "Maximum sending rate exceeded."
    assert "MessageId" not in results[2]
    sim = account(quota=1)
    assert statuses(bulk(sim, *entries)) == ["SUCCESS"] + ["ACCOUNT_DAILY_QUOTA_EXCEEDED"] * 2
    assert len(sim.outbox) == 1


def paused_set(sim: Simulator) -> None:
    client_of(sim).create_configuration_set(
        ConfigurationSetName="letters", SendingOptions={"SendingEnabled": False}
    )


def mail_from_lost(sim: Simulator) -> None:
    client = client_of(sim)
    client.create_email_identity(EmailIdentity="example.com")
    client.put_email_identity_mail_from_attributes(
        EmailIdentity="example.com",
        MailFromDomain="mail.example.com",
        BehaviorOnMxFailure="REJECT_MESSAGE",
    )
    sim.verify("example.com", mail_from="FAILED")


@pytest.mark.parametrize(
    ("before", "options", "status"),
    [
        (lambda sim: sim.enforce("SHUTDOWN"), {}, "ACCOUNT_SUSPENDED"),
        (Simulator.pause_sending, {}, "ACCOUNT_SENDING_PAUSED"),
        (paused_set, {"ConfigurationSetName": "letters"}, "CONFIGURATION_SET_SENDING_PAUSED"),
        (mail_from_lost, {}, "MAIL_FROM_DOMAIN_NOT_VERIFIED"),
        (lambda sim: None, {"template": {"TemplateName": "gone"}}, "TEMPLATE_NOT_FOUND"),
        (lambda sim: None, {"template": {"TemplateData": "{"}}, "INVALID_PARAMETER"),
        (
            lambda sim: None,
            {"template": {"Attachments": [{"FileName": "a", "RawContent": VIRUS}]}},
            "MESSAGE_REJECTED",
        ),
    ],
)  # fmt: skip
def test_what_ses_has_against_a_mail_is_the_status_of_its_entry(
    before: Any, options: dict[str, Any], status: str
) -> None:
    """In the model's words, with SES's as the error."""
    sim = account()
    before(sim)
    (result,) = bulk(sim, entry(ANN), **options)
    assert result["Status"] == status
    assert result["Error"]
    assert "MessageId" not in result


def test_an_entry_may_be_refused_for_its_own_recipients() -> None:
    """One that is malformed, or has none; in the sandbox, one that is not verified."""
    sim = account(sandbox=True, identities=["example.com", "example.org"], rate=100)
    results = bulk(sim, entry(ANN), entry("bob"), entry(), entry("a@example.net"))
    assert statuses(results) == [
        "SUCCESS", "INVALID_PARAMETER", "INVALID_PARAMETER", "MESSAGE_REJECTED",
    ]  # fmt: skip
    (result,) = bulk(sim, entry(ANN), sender="them@example.net")
    assert result["Status"] == "MAIL_FROM_DOMAIN_NOT_VERIFIED"


def test_a_set_that_is_not_there_is_the_status_of_each() -> None:
    """CONFIGURATION_SET_NOT_FOUND."""
    sim = account(configuration_sets=["letters"])
    results = bulk(sim, entry(ANN), entry(BOB), ConfigurationSetName="other")
    assert statuses(results) == ["CONFIGURATION_SET_NOT_FOUND"] * 2


def test_fifty_destinations_are_the_most() -> None:
    """Of more, nobody is mailed; nor are there calls without any."""
    sim = account(rate=100)
    entries = [entry(f"n{n}@example.org") for n in range(51)]
    for wrong in (entries, []):
        with refused("BadRequestException", says="From 1 to 50"):
            bulk(sim, *wrong)
    assert sim.outbox == ()
    assert len(bulk(sim, *entries[:50])) == 50
