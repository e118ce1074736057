"""Mails of which the text is a template."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesguard import errors, parse_event
from sesguard.simulator import Simulator
from tests.simulator.controls import refused
from tests.simulator.sending import ANN, US, client_of, events, kinds, send


def with_template(**parts: str) -> Simulator:
    """An account with the template ``welcome``."""
    sim = Simulator()
    content = parts or {"Subject": "Hi {{name}}", "Text": "{{name}}!", "Html": "<b>{{name}}</b>"}
    client_of(sim).create_email_template(TemplateName="welcome", TemplateContent=content)
    return sim


def templated(template: str = "welcome", **data: Any) -> dict[str, Any]:
    return {"Template": {"TemplateName": template, "TemplateData": json.dumps(data)}}


def send_v1(sim: Simulator, data: str = '{"name": "Ann"}', template: str = "welcome") -> str:
    answer = client_of(sim, "ses").send_templated_email(
        Source=US,
        Destination={"ToAddresses": [ANN]},
        Template=template,
        TemplateData=data,
        Tags=[{"Name": "campaign", "Value": "spring"}],
    )
    return str(answer["MessageId"])


def test_a_stored_template_is_filled_in() -> None:
    """Over either API: the outbox has what a reader sees, and nothing is escaped."""
    sim = with_template()
    send(sim, content=templated(name="A & B"))
    send_v1(sim)
    first, second = sim.outbox
    assert (first.subject, first.text, first.html) == ("Hi A & B", "A & B!", "<b>A & B</b>")
    assert (second.subject, second.kind, second.template) == ("Hi Ann", "Template", "welcome")
    assert dict(second.tags) == {"campaign": "spring"}
    assert events(sim)[0]["mail"]["commonHeaders"]["subject"] == "Hi A & B"
    assert kinds(sim) == ["Send", "Delivery"] * 2


def test_an_inline_template_is_filled_in() -> None:
    """It comes with the request and is stored nowhere; headers and files may come along."""
    sim = Simulator()
    content = {"Subject": "{{n}} left", "Html": "<p>{{n}}"}
    template = {
        "TemplateContent": content,
        "TemplateData": '{"n": 3}',
        "Headers": [{"Name": "X-Ours", "Value": "1"}],
        "Attachments": [{"FileName": "a.txt", "RawContent": b"abc"}],
    }
    send(sim, content={"Template": template})
    (mail,) = sim.outbox
    assert (mail.subject, mail.text, mail.html, mail.template) == ("3 left", None, "<p>3", None)
    assert ("X-Ours", "1") in mail.headers
    assert mail.attachments == ("a.txt",)


def test_a_template_may_be_named_by_its_arn() -> None:
    """That of this account; what another one allows is not known here."""
    sim = with_template(Subject="Hi", Text="Hello")
    arn = "arn:aws:ses:us-east-1:123456789012:template/welcome"
    send(sim, content={"Template": {"TemplateArn": arn}})
    assert sim.outbox[0].template == "welcome"
    foreign = arn.replace("123456789012", "210987654321")
    with pytest.raises(errors.ConfigurationError, match="does not know what another one"):
        send(sim, content={"Template": {"TemplateArn": foreign}})


def test_an_unknown_template_is_refused() -> None:
    """NotFoundException; TemplateDoesNotExist in API v1."""
    sim = with_template()
    with refused("NotFoundException", 404, "Template nowhere does not exist."):
        send(sim, content=templated("nowhere"))
    with refused("TemplateDoesNotExist", 400, "nowhere"):
        send_v1(sim, template="nowhere")
    assert sim.outbox == ()


def test_templates_are_of_one_region() -> None:
    """One that is stored elsewhere is not there."""
    sim = with_template()
    elsewhere = sim.boto3_client("sesv2", region_name="eu-west-1")
    with refused("NotFoundException", 404):
        elsewhere.send_email(
            FromEmailAddress=US,
            Destination={"ToAddresses": [ANN]},
            Content=templated(name="Ann"),
        )


@pytest.mark.parametrize(
    "template",
    [{}, {"TemplateName": "welcome", "TemplateContent": {"Subject": "x"}}],
)
def test_a_template_is_named_or_comes_along(template: dict[str, Any]) -> None:
    """One of both, or there is no telling which."""
    with refused("BadRequestException", says="name of a template or its content"):
        send(with_template(), content={"Template": template})


def test_data_that_are_no_json_object_are_refused() -> None:
    """Over either API."""
    sim = with_template()
    with refused("BadRequestException", says="not a valid JSON object"):
        send(sim, content={"Template": {"TemplateName": "welcome", "TemplateData": "{"}})
    with refused("InvalidParameterValue", says="not a valid JSON object"):
        send_v1(sim, "[]")


def test_a_missing_attribute_is_a_rendering_failure_after_a_message_id() -> None:
    """The mail is taken and counted, nobody gets it, and the event says what was missing."""
    sim = with_template()
    ids = [send(sim, content=templated()), send_v1(sim, "{}")]
    assert kinds(sim) == ["Rendering Failure"] * 2
    for event, message_id in zip(events(sim), ids, strict=True):
        assert event["mail"]["messageId"] == message_id
        assert event["failure"] == {
            "templateName": "welcome",
            "errorMessage": "Attribute 'name' is not present in the rendering data.",
        }
    assert parse_event(sim.feedback[0]).kind == "RenderingFailure"
    assert [mail.stopped_by for mail in sim.outbox] == ["Rendering Failure"] * 2
    assert client_of(sim).get_account()["SendQuota"]["SentLast24Hours"] == 2


def test_a_template_that_nobody_can_foretell_is_told() -> None:
    """The test hears of it, instead of a mail that SES would have written otherwise."""
    sim = with_template(Subject="{{upper name}}")
    with pytest.raises(errors.ConfigurationError, match="does not know what SES makes of it"):
        send(sim, content=templated(name="Ann"))
    assert sim.outbox == ()
