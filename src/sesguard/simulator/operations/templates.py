"""Templates, which SES fills in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from sesguard.simulator import refusals
from sesguard.simulator.operations.naming import check_name
from sesguard.simulator.operations.paging import Paging
from sesguard.simulator.operations.rendering import MissingAttributeError, read_data, render
from sesguard.simulator.state import Call, StoredTemplate

__all__ = ["OPERATIONS", "find_template"]

_PAGING = Paging(kind="templates", usual=10, most=100)
_PAGING_V1 = Paging(kind="templates", usual=10, most=100, size_name="MaxItems", lenient=True)
_MOST_TEMPLATES = 20_000
_MOST_BYTES = 500 * 1024


def find_template(call: Call) -> StoredTemplate:
    """
    The template that the call names.

    Raises:
        Refusal: It is not there.
    """
    return _find(call, call.parameters["TemplateName"])


def _create(call: Call) -> dict[str, Any]:
    """Keeps a template; its parts are filled in when a mail names it."""
    content = call.parameters["TemplateContent"]
    parts = (content.get("Subject"), content.get("Text"), content.get("Html"))
    made = _make(call, call.parameters["TemplateName"], *parts)
    tags = tuple(call.parameters.get("Tags", ()))
    call.region.templates[made.name] = replace(made, tags=tags)
    return {}


def _create_v1(call: Call) -> dict[str, Any]:
    """Keeps a template; its parts are filled in when a mail names it."""
    made = _make(call, *_parts_v1(call))
    call.region.templates[made.name] = made
    return {}


def _update(call: Call) -> dict[str, Any]:
    """Puts other parts in place of all the old ones."""
    content = call.parameters["TemplateContent"]
    parts = (content.get("Subject"), content.get("Text"), content.get("Html"))
    _change(call, call.parameters["TemplateName"], *parts)
    return {}


def _update_v1(call: Call) -> dict[str, Any]:
    """Puts other parts in place of all the old ones."""
    _change(call, *_parts_v1(call))
    return {}


def _get(call: Call) -> dict[str, Any]:
    """A template's parts, not filled in."""
    found = find_template(call)
    parts = {"Subject": found.subject, "Text": found.text, "Html": found.html}
    answer = {"TemplateName": found.name, "TemplateContent": _given(parts)}
    return answer | ({"Tags": list(found.tags)} if found.tags else {})


def _get_v1(call: Call) -> dict[str, Any]:
    """A template's parts, not filled in."""
    found = find_template(call)
    parts = {"SubjectPart": found.subject, "TextPart": found.text, "HtmlPart": found.html}
    return {"Template": {"TemplateName": found.name, **_given(parts)}}


def _list(call: Call) -> dict[str, Any]:
    """All templates in pages, by name."""
    return _listed(call, _PAGING, "TemplateName")


def _list_v1(call: Call) -> dict[str, Any]:
    """All templates in pages, by name."""
    return _listed(call, _PAGING_V1, "Name")


def _delete(call: Call) -> dict[str, Any]:
    """Removes a template."""
    del call.region.templates[find_template(call).name]
    return {}


def _delete_v1(call: Call) -> dict[str, Any]:
    """Removes a template, and has nothing against one that is not there."""
    call.region.templates.pop(call.parameters["TemplateName"], None)
    return {}


def _test_render(call: Call) -> dict[str, Any]:
    """The MIME text of a template that is filled in; a variable without a value is refused."""
    found, data = find_template(call), read_data(call.parameters["TemplateData"])
    try:
        subject, text, html = (
            render(part or "", data) for part in (found.subject, found.text, found.html)
        )
    except MissingAttributeError as missing:
        raise refusals.invalid(str(missing)) from None
    message = EmailMessage()
    message["Date"] = format_datetime(call.now)
    message["Subject"] = " ".join(subject.splitlines())
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    message.set_boundary(call.world.identifiers.seal("boundary", subject, text, html))
    return {"RenderedTemplate": message.as_string()}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.CreateEmailTemplate": _create,
    "sesv2.UpdateEmailTemplate": _update,
    "sesv2.GetEmailTemplate": _get,
    "sesv2.ListEmailTemplates": _list,
    "sesv2.DeleteEmailTemplate": _delete,
    "sesv2.TestRenderEmailTemplate": _test_render,
    "ses.CreateTemplate": _create_v1,
    "ses.UpdateTemplate": _update_v1,
    "ses.GetTemplate": _get_v1,
    "ses.ListTemplates": _list_v1,
    "ses.DeleteTemplate": _delete_v1,
}


def _find(call: Call, name: str) -> StoredTemplate:
    if name not in call.region.templates:
        raise refusals.absent(f"Template {name} does not exist.", "TemplateDoesNotExist")
    return call.region.templates[name]


def _parts_v1(call: Call) -> tuple[str, str | None, str | None, str | None]:
    template: Mapping[str, str] = call.parameters["Template"]
    parts = (template.get("SubjectPart"), template.get("TextPart"), template.get("HtmlPart"))
    return template["TemplateName"], *parts


def _make(
    call: Call, name: str, subject: str | None, text: str | None, html: str | None
) -> StoredTemplate:
    """
    Source:
        SES Developer Guide, "Service quotas", for how many there may be and how large.
    """
    check_name(name, "TemplateName", "InvalidTemplate")
    _check_parts(subject, text, html)
    if name in call.region.templates:
        raise refusals.already_exists(f"Template {name} already exists.")
    if len(call.region.templates) >= _MOST_TEMPLATES:
        raise refusals.limit_exceeded(f"At most {_MOST_TEMPLATES} templates are allowed.")
    return StoredTemplate(name, call.now, subject, text, html)


def _change(call: Call, name: str, subject: str | None, text: str | None, html: str | None) -> None:
    _check_parts(subject, text, html)
    before = _find(call, name)
    call.region.templates[name] = replace(before, subject=subject, text=text, html=html)


def _check_parts(subject: str | None, text: str | None, html: str | None) -> None:
    parts = [part for part in (subject, text, html) if part]
    if not parts:
        message = "Template must have at least a subject, text, or html part."
        raise refusals.invalid(message, "InvalidTemplate")
    if sum(len(part.encode()) for part in parts) > _MOST_BYTES:
        message = f"Template is larger than {_MOST_BYTES} bytes."
        raise refusals.invalid(message, "InvalidTemplate")


def _given(parts: Mapping[str, str | None]) -> dict[str, str]:
    return {name: part for name, part in parts.items() if part is not None}


def _listed(call: Call, paging: Paging, name_member: str) -> dict[str, Any]:
    found, more = paging.page(call, call.region.templates.values(), lambda one: one.name)
    shown = [{name_member: one.name, "CreatedTimestamp": one.created_at} for one in found]
    return {"TemplatesMetadata": shown, **more}
