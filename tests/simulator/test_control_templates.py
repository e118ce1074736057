"""Templates, in either API."""

from __future__ import annotations

import email
import email.policy
from typing import Any, cast

import pytest

from sesguard.simulator import Simulator
from sesguard.simulator.operations import templates
from tests.simulator.controls import both, pages, refused

CONTENT = {"Subject": "Hi {{name}}", "Text": "Hello {{name}}", "Html": "<p>Hello {{name}}"}
CONTENT_V1 = {"SubjectPart": "Hi {{name}}", "TextPart": "Hello {{name}}"}


def test_a_template_comes_back_as_it_was_put() -> None:
    """GetEmailTemplate: the parts that were given, not filled in."""
    v2, v1 = both(Simulator())
    v2.create_email_template(TemplateName="hello", TemplateContent=CONTENT)
    answer = v2.get_email_template(TemplateName="hello")
    assert (answer["TemplateName"], answer["TemplateContent"]) == ("hello", CONTENT)
    assert v1.get_template(TemplateName="hello")["Template"] == {
        "TemplateName": "hello", **CONTENT_V1, "HtmlPart": CONTENT["Html"],
    }  # fmt: skip


def test_an_update_replaces_all_parts() -> None:
    """UpdateEmailTemplate and UpdateTemplate: what is not given is gone; its age stays."""
    sim = Simulator()
    v2, v1 = both(sim)
    v2.create_email_template(TemplateName="hello", TemplateContent=CONTENT)
    made = sim.clock.now()
    sim.clock.advance(60)
    v2.update_email_template(TemplateName="hello", TemplateContent={"Subject": "New"})
    assert v2.get_email_template(TemplateName="hello")["TemplateContent"] == {"Subject": "New"}
    v1.update_template(Template={"TemplateName": "hello", "TextPart": "Newer"})
    assert v2.get_email_template(TemplateName="hello")["TemplateContent"] == {"Text": "Newer"}
    (listed,) = v2.list_email_templates()["TemplatesMetadata"]
    assert listed == {"TemplateName": "hello", "CreatedTimestamp": made}


def test_tags_are_kept_where_botocore_has_them() -> None:
    """CreateEmailTemplate with Tags; an update leaves them."""
    v2, _ = both(Simulator())
    model = v2.meta.service_model.operation_model("CreateEmailTemplate")
    if "Tags" not in model.input_shape.members:
        pytest.skip("this botocore is older than the tags of templates")
    tags = [{"Key": "team", "Value": "blue"}]
    v2.create_email_template(TemplateName="hello", TemplateContent=CONTENT, Tags=tags)
    v2.update_email_template(TemplateName="hello", TemplateContent=CONTENT)
    assert v2.get_email_template(TemplateName="hello")["Tags"] == tags


def test_a_name_is_taken_or_is_not_there() -> None:
    """AlreadyExists and TemplateDoesNotExist in v1, AlreadyExists- and NotFoundException in v2."""
    v2, v1 = both(Simulator())
    calls: list[tuple[Any, Any, str, int]] = [
        (v2.get_email_template, {}, "NotFoundException", 404),
        (v2.update_email_template, {"TemplateContent": CONTENT}, "NotFoundException", 404),
        (v2.delete_email_template, {}, "NotFoundException", 404),
        (v1.get_template, {}, "TemplateDoesNotExist", 400),
    ]
    for call, more, code, status in calls:
        with refused(code, status, "Template hello does not exist."):
            call(TemplateName="hello", **more)
    with pytest.raises(v1.exceptions.TemplateDoesNotExistException):
        v1.update_template(Template={"TemplateName": "hello", **CONTENT_V1})
    v1.create_template(Template={"TemplateName": "hello", **CONTENT_V1})
    with refused("AlreadyExistsException", says="hello already exists"):
        v2.create_email_template(TemplateName="hello", TemplateContent=CONTENT)
    with pytest.raises(v1.exceptions.AlreadyExistsException):
        v1.create_template(Template={"TemplateName": "hello", **CONTENT_V1})


def test_a_template_can_be_tried_out() -> None:
    """TestRenderEmailTemplate: the whole MIME message, the same for the same data."""
    sim = Simulator()
    v2, _ = both(sim)
    v2.create_email_template(TemplateName="hello", TemplateContent=CONTENT)

    def rendered(data: str) -> str:
        answer = v2.test_render_email_template(TemplateName="hello", TemplateData=data)
        return str(answer["RenderedTemplate"])

    text = rendered('{"name": "Jürgen"}')
    message = email.message_from_string(text, policy=email.policy.default)
    assert message["Subject"] == "Hi Jürgen"
    assert message["Date"].datetime == sim.clock.now()
    plain, rich = cast("Any", message).iter_parts()
    assert (plain.get_content(), rich.get_content()) == ("Hello Jürgen\n", "<p>Hello Jürgen\n")
    assert rendered('{"name": "Jürgen"}') == text
    assert "\nX: y" not in rendered('{"name": "a\\nX: y"}').partition("\n\n")[0]


def test_what_cannot_be_rendered_is_refused() -> None:
    """TestRenderEmailTemplate: a variable without a value, data that are no object, no template."""
    v2, _ = both(Simulator())
    v2.create_email_template(TemplateName="hello", TemplateContent=CONTENT)
    with refused("BadRequestException", says="Attribute 'name' is not present"):
        v2.test_render_email_template(TemplateName="hello", TemplateData="{}")
    for data in ("[]", "{", '"name"'):
        with refused("BadRequestException"):
            v2.test_render_email_template(TemplateName="hello", TemplateData=data)
    with refused("NotFoundException", 404):
        v2.test_render_email_template(TemplateName="other", TemplateData="{}")


def test_v1_deletes_what_is_not_there() -> None:
    """DeleteTemplate has no error in the model; v2's DeleteEmailTemplate has."""
    v2, v1 = both(Simulator())
    v1.delete_template(TemplateName="hello")
    v2.create_email_template(TemplateName="hello", TemplateContent=CONTENT)
    v1.delete_template(TemplateName="hello")
    v2.create_email_template(TemplateName="hello", TemplateContent=CONTENT)
    v2.delete_email_template(TemplateName="hello")
    assert v2.list_email_templates()["TemplatesMetadata"] == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a b", CONTENT),
        ("a" * 65, CONTENT),
        ("hello", {}),
        ("hello", {"Subject": "", "Text": ""}),
        ("hello", {"Subject": "Hi", "Text": "x" * 512_000}),
    ],
)
def test_bad_templates_are_refused(name: str, content: dict[str, str]) -> None:
    """A bad name, no part, more than 500 KB: BadRequestException, and InvalidTemplate in v1."""
    v2, v1 = both(Simulator())
    with refused("BadRequestException"):
        v2.create_email_template(TemplateName=name, TemplateContent=content)
    parts = {f"{part}Part": text for part, text in content.items()}
    with refused("InvalidTemplate"):
        v1.create_template(Template={"TemplateName": name, **parts})
    assert v2.list_email_templates()["TemplatesMetadata"] == []


def test_there_are_at_most_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """LimitExceededException and LimitExceeded; the number is 20,000, and 2 here."""
    assert templates._MOST_TEMPLATES == 20_000
    monkeypatch.setattr(templates, "_MOST_TEMPLATES", 2)
    v2, v1 = both(Simulator())
    for name in "ab":
        v2.create_email_template(TemplateName=name, TemplateContent=CONTENT)
    with refused("LimitExceededException"):
        v2.create_email_template(TemplateName="c", TemplateContent=CONTENT)
    with refused("LimitExceeded"):
        v1.create_template(Template={"TemplateName": "c", **CONTENT_V1})


def test_templates_are_listed_in_pages() -> None:
    """Ten a page; v2 refuses a page of more than 100, v1 gives ten; tokens fit both."""
    v2, v1 = both(Simulator())
    for n in range(15):
        v2.create_email_template(TemplateName=f"t{n:02}", TemplateContent=CONTENT)
    listed = pages(v2.list_email_templates, "TemplatesMetadata")
    assert [len(page) for page in listed] == [10, 5]
    assert listed[1][0]["TemplateName"] == "t10"
    with refused("BadRequestException", says="between 1 and 100"):
        v2.list_email_templates(PageSize=101)
    first = v1.list_templates(MaxItems=101)
    assert len(first["TemplatesMetadata"]) == 10
    assert first["TemplatesMetadata"][0]["Name"] == "t00"
    rest = v2.list_email_templates(NextToken=first["NextToken"])
    assert len(rest["TemplatesMetadata"]) == 5
    with refused("BadRequestException"):
        v2.list_configuration_sets(NextToken=first["NextToken"])
    with refused("InvalidParameterValue"):
        v1.list_templates(NextToken="made up")
