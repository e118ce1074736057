"""A delivery report as the bodies of SES's records: one for each result, over its recipients."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sesguard._core.mail_parts import fields_of, first
from sesguard._core.mail_returned import given
from sesguard._core.mailed_groups import Group, Verdict, group_of, verdict_on
from sesguard._readings import Json, Record
from sesguard.errors import ParseError

__all__ = ["results_of"]

_EMPTY_LINES = re.compile(rb"\n(?:[ \t]*\r?\n)+")
_SES_ITSELF = re.compile(r"dns\s*;\s*amazonses\.com", re.IGNORECASE)
_MOST_BLOCKS = 1000  # a mail of SES's has 50 recipients at the most
_GRAVITY = ("Permanent", "Transient", "Undetermined")


def results_of(report: bytes, at: str | None) -> list[tuple[str, Record]]:
    """
    The kinds of events that a delivery report gives, with their bodies, the gravest first.

    A group of fields that names two recipients is left out, since nothing tells whose status it
    has. Of one recipient there is one bounce, the gravest: two would have one key, and the second
    would be taken for the first come again.

    Args:
        report: What the part of the type ``message/delivery-status`` holds.

        at: When the report was sent, as records have it.

    Raises:
        ParseError: It has more than 1,000 groups of fields.

    Source:
        RFC 3464, section 2.
    """
    split = _EMPTY_LINES.split(report, _MOST_BLOCKS)
    if len(split) > _MOST_BLOCKS:
        raise ParseError("The delivery report names more recipients than a mail can have.")
    blocks = [fields_of(block) for block in split]
    reporting_mta = next(
        (mta for block in blocks if (mta := first(block, "reporting-mta")) is not None), None
    )
    by_ses = reporting_mta is not None and bool(_SES_ITSELF.fullmatch(reporting_mta))
    told = [
        (verdict_on(group, by_ses_itself=by_ses), group)
        for block in blocks
        if (group := group_of(block)) is not None
    ]
    told.sort(key=lambda one: _gravity(one[0]))
    gathered: dict[Verdict, list[Group]] = {}
    seen: set[tuple[str, str]] = set()
    for verdict, group in told:
        if (verdict.kind, group.key) not in seen:
            seen.add((verdict.kind, group.key))
            gathered.setdefault(verdict, []).append(group)
    return [
        (verdict.kind, given(timestamp=at, reportingMTA=reporting_mta) | _body(verdict, groups))
        for verdict, groups in gathered.items()
    ]


def _gravity(verdict: Verdict) -> int:
    if verdict.kind != "Bounce" or verdict.type is None:
        return len(_GRAVITY)
    return _GRAVITY.index(verdict.type)


def _body(verdict: Verdict, groups: Sequence[Group]) -> Record:
    """What SES writes for this kind, over all recipients of one verdict."""
    recipients: list[Json] = [
        given(
            emailAddress=group.address,
            action=group.action,
            status=group.status,
            diagnosticCode=group.diagnostic_code,
        )
        for group in groups
    ]
    remote = _shared(group.remote_mta_ip for group in groups)
    if verdict.kind == "Delivery":
        return given(
            recipients=[group.address for group in groups],
            smtpResponse=_shared(_response(group.diagnostic_code) for group in groups),
            remoteMtaIp=remote,
        )
    if verdict.kind == "DeliveryDelay":
        return given(
            delayType=verdict.type,
            delayedRecipients=recipients,
            expirationTime=_shared(group.will_retry_until for group in groups),
        )
    return given(
        bounceType=verdict.type,
        bounceSubType=verdict.sub_type,
        bouncedRecipients=recipients,
        remoteMtaIp=remote,
    )


def _response(diagnostic_code: str | None) -> str | None:
    """What the server said, without the name of its protocol."""
    if diagnostic_code is None:
        return None
    return diagnostic_code.partition(";")[2].strip() or diagnostic_code


def _shared(values: Iterable[str | None]) -> str | None:
    """What all recipients have in common, if they have."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None
