"""What may be wrong where a pipe begins: at a configuration set, or at identities. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sesguard._core.pipe_facts import DestinationFacts, Found, IdentityFacts
from sesguard._core.pipe_finding import APPLY, Finding, Severity
from sesguard._core.pipe_layout import Layout

__all__ = ["of_identities", "of_set"]

_MAKE_SET = "aws sesv2 create-configuration-set --configuration-set-name NAME"
_VERIFY = "aws sesv2 create-email-identity --email-identity NAME"


def of_set(layout: Layout, found: Found) -> Iterator[Finding]:
    """The event destination, and identities that tell the same topic the same."""
    name, there = f"configuration set {layout.configuration_set}", found.to_topic(layout)
    if found.destinations is None:
        yield _broken("source_missing", "There is no such configuration set.", name, _MAKE_SET)
    elif not there:
        yield from _elsewhere(layout, [one.topic_arn for one in found.destinations], name)
        what = "None of its event destinations leads to the topic: nothing is told."
        yield _broken("destination_missing", what, name)
    else:
        yield from _destinations(layout, there, name)
    told = [event for one in there if one.enabled for event in one.events]
    if len({*told}) < len(told):
        yield Finding(
            code="told_twice",
            severity=Severity.RISK,
            what="Several of its event destinations lead to the topic: an event may come twice.",
            resource=name,
            command="aws sesv2 delete-configuration-set-event-destination --region "
            f"{layout.region_name} --configuration-set-name {layout.configuration_set} "
            "--event-destination-name ONE_OF_THEM",
        )
    for identity in found.identities:
        yield from _both(layout, identity, str(layout.configuration_set))


def _destinations(
    layout: Layout, there: tuple[DestinationFacts, ...], name: str
) -> Iterator[Finding]:
    on = [one for one in there if one.enabled]
    if not on:
        what = f"Its event destination {there[0].name} is disabled: nothing is told."
        yield _broken("destination_disabled", what, name)
        return
    told = {event for one in on for event in one.events}
    missing = [event for event in layout.events if event not in told]
    if missing:
        severe = {"BOUNCE", "COMPLAINT"} & {*missing}
        yield Finding(
            code="events_missing",
            severity=Severity.BROKEN if severe else Severity.NOTE,
            what=f"{', '.join(missing)} is not told.",
            resource=name,
            command=APPLY,
        )


def of_identities(layout: Layout, found: Found) -> Iterator[Finding]:
    """Topics, forwarding and headers of each identity, and the set that it uses."""
    there = {identity.name for identity in found.identities}
    for missing, label in zip(layout.identities, layout.source_names, strict=True):
        if missing not in there:
            what = "SES does not know it in this region."
            yield _broken("source_missing", what, f"identity {label}", _VERIFY)
    for identity in found.identities:
        name = f"identity {identity.label}"
        wanted = {
            event.capitalize(): identity.topics[event.capitalize()] for event in layout.events
        }
        lacking = [kind for kind, arn in wanted.items() if arn != layout.topic_arn]
        yield from _elsewhere(layout, list(wanted.values()), name)
        for kind in lacking:
            where = f" but to {wanted[kind]}" if wanted[kind] else ""
            yield Finding(
                code="identity_topic",
                severity=Severity.NOTE if kind == "Delivery" else Severity.BROKEN,
                what=f"Its {kind} notifications do not go to the topic{where}.",
                resource=name,
                command=APPLY,
            )
        yield from _forwarding(layout, identity, lacking, name)
        yield from _headers(layout, identity, name)
        if identity.through_set:
            yield from _both(layout, identity, identity.through_set)


def _forwarding(
    layout: Layout, identity: IdentityFacts, lacking: list[str], name: str
) -> Iterator[Finding]:
    if identity.forwarding and not {"Bounce", "Complaint"} & {*lacking}:
        yield Finding(
            code="forwarding",
            severity=Severity.RISK,
            what="Feedback comes by e-mail as well, to the Return-Path of each mail.",
            resource=name,
            command="aws ses set-identity-feedback-forwarding-enabled --region "
            f"{layout.region_name} --identity {_named(identity)} --no-forwarding-enabled",
        )


def _headers(layout: Layout, identity: IdentityFacts, name: str) -> Iterator[Finding]:
    kinds = (event.capitalize() for event in layout.events)
    without = [kind for kind in kinds if kind not in identity.headers]
    if without:
        yield Finding(
            code="headers",
            severity=Severity.NOTE,
            what=f"{', '.join(without)} notifications are without the mail's headers: "
            "event.mail.header() finds nothing, and message tags are never in notifications.",
            resource=name,
            command="aws ses set-identity-headers-in-notifications-enabled --region "
            f"{layout.region_name} --identity {_named(identity)} --notification-type "
            f"{without[0]} --enabled",
        )


def _both(layout: Layout, identity: IdentityFacts, through_set: str) -> Iterator[Finding]:
    kinds = [kind for kind, arn in identity.topics.items() if arn == layout.topic_arn]
    if kinds:
        yield Finding(
            code="both_channels",
            severity=Severity.RISK,
            what=f"Its {', '.join(kinds)} notifications go to the topic, and so do the events of "
            f"the configuration set {through_set}: the same comes twice, in two forms.",
            resource=f"identity {identity.label}",
            command="aws ses set-identity-notification-topic --region "
            f"{layout.region_name} --identity {_named(identity)} --notification-type {kinds[0]}",
        )


def _elsewhere(layout: Layout, arns: list[str], name: str) -> Iterator[Finding]:
    """Topics of the same name in other regions or accounts, and such as are FIFO."""
    for arn in dict.fromkeys(arns):
        if not arn or arn == layout.topic_arn:
            continue
        if arn.endswith(".fifo"):
            what = f"It tells {arn}, a FIFO topic, to which SES does not publish."
            yield _broken("fifo", what, name)
        parts = arn.split(":")
        if len(parts) == 6 and parts[5] == layout.topic:
            what = f"It tells {arn}, a topic of that name in another region or account."
            yield _broken("other_region", what, name)
        elif len(parts) == 6 and parts[3] != layout.region_name:
            what = f"It tells {arn}, and SES publishes to topics of its own region only."
            yield _broken("other_region", what, name)


def _named(identity: IdentityFacts) -> str:
    return "ADDRESS" if "@" in identity.name else identity.name


def _broken(code: str, what: str, resource: str, command: str = APPLY) -> Finding:
    return Finding(
        code=code, severity=Severity.BROKEN, what=what, resource=resource, command=command
    )
