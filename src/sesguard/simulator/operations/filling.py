"""What SES puts into a mail itself: a template's data, and ways to unsubscribe."""

from __future__ import annotations

from dataclasses import replace

from sesguard.simulator import refusals
from sesguard.simulator.mails.offers import InlineTemplate, Offer
from sesguard.simulator.operations.rendering import (
    UNSUBSCRIBE_URL,
    MissingAttributeError,
    read_data,
    render,
)
from sesguard.simulator.state import Call

__all__ = ["fill", "with_unsubscribing"]

_MOST_LINKS = 2
_UNSUBSCRIBING = ("list-unsubscribe", "list-unsubscribe-post")


def fill(offer: Offer, call: Call) -> tuple[Offer, MissingAttributeError | None]:
    """
    Put its data into the template of a mail.

    Returns:
        The mail as a reader would see it, and why nobody will, if the data lack something.

    Raises:
        Refusal: There is no such template, or its data are no JSON object.

        ConfigurationError: The template has what the simulator does not know.
    """
    if offer.kind != "Template":
        return offer, None
    template, data = _template(offer, call), read_data(offer.template_data)
    try:
        written = (template.subject, template.text, template.html)
        parts = [None if part is None else render(part, data) for part in written]
    except MissingAttributeError as missing:
        return offer, missing
    subject, text, html = parts
    headers = list(offer.headers)
    if subject:
        place = next(n for n, (name, _) in enumerate(headers) if name == "MIME-Version")
        headers.insert(place, ("Subject", subject))
    size = offer.size + sum(len(part.encode()) for part in parts if part)
    filled = replace(
        offer, subject=subject, text=text, html=html, headers=tuple(headers), size=size
    )
    return filled, None


def _template(offer: Offer, call: Call) -> InlineTemplate:
    if offer.inline is not None:
        return offer.inline
    found = call.region.templates.get(offer.template or "")
    if found is None:
        raise refusals.absent(f"Template {offer.template} does not exist.", "TemplateDoesNotExist")
    return InlineTemplate(found.subject, found.text, found.html)


def with_unsubscribing(offer: Offer, call: Call) -> Offer:
    """
    With links by which its one recipient may take himself off the contact list.

    Those of a mail that its sender has signed are not touched, and two places in each body are
    filled at most.

    Source:
        SES Developer Guide, "Using subscription management"; RFC 8058.
    """
    managed = offer.list_management
    if managed is None or len(offer.recipients) != 1:
        return offer
    if any(name.lower() == "dkim-signature" for name, _ in offer.headers):
        return offer
    seal = call.world.identifiers.seal(
        "unsubscribe", managed.contact_list, managed.topic or "", offer.recipients[0]
    )
    url = f"https://unsubscribe.simulator.invalid/{seal}"
    kept = [header for header in offer.headers if header[0].lower() not in _UNSUBSCRIBING]
    text, html = (
        None if body is None else body.replace(UNSUBSCRIBE_URL, url, _MOST_LINKS)
        for body in (offer.text, offer.html)
    )
    added = (
        ("List-Unsubscribe", f"<{url}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
    return replace(offer, headers=(*kept, *added), text=text, html=html)
