"""Feedback that came as mail, told apart from all other mail and read into events."""

from __future__ import annotations

from sesguard import events
from sesguard._core.mail_parts import (
    Fields,
    Part,
    content_of,
    content_type,
    fields_of,
    first,
    part_of,
    parts,
    received,
)
from sesguard._core.mail_returned import given, returned_mail, stamp
from sesguard._core.mailed_complaints import complaint_of
from sesguard._core.mailed_statuses import results_of
from sesguard._core.records import Origin, event_of
from sesguard._readings import Record
from sesguard.errors import ParseError

__all__ = ["parse_mail"]

_LONGEST_REPORT = 1 << 20

_READ = {
    "delivery-status": "message/delivery-status",
    "feedback-report": "message/feedback-report",
}
_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers")
_RECEIPT = "disposition-notification"
_BODIES = {
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Delivery": "delivery",
    "DeliveryDelay": "deliveryDelay",
}


def parse_mail(message: bytes) -> tuple[events.Event, ...]:
    """
    Read a mail that SES forwarded feedback in.

    Its events are those of `parse_event`, as far as mail tells them: there is no feedback id, no
    tags, no ``mail.destination``, and ``channel`` is ``"mail"``. A delivery report gives one
    event for each result, such as a hard bounce of two recipients and a delay of a third.

    SES signs none of it, and anybody may write to the address. Before an event changes a list,
    see that ``event.mail.message_id`` is an id that a send of yours was answered with.

    Args:
        message: The mail as it was received, headers and all.

    Raises:
        ParseError: It is no feedback, and the error says what it is; or it is, and cannot be
            read. Nothing else is raised.

    Source:
        RFC 3464 and RFC 5965; SES Developer Guide, "Receiving Amazon SES notifications through
        email".
    """
    mail = received(message)
    kind, parameters = content_type(mail)
    if kind != "multipart/report" or not parameters.get("boundary"):
        raise ParseError(_what_else(mail.fields))
    said = parameters.get("report-type", "").lower()
    if said and said not in _READ:
        raise ParseError(_what_report(said))
    report, returned = _taken_apart(mail, parameters["boundary"], said)
    if report is None:
        raise ParseError(
            "The mail calls itself a report, and the part that a machine can read is missing."
        )
    return _events(report, returned, stamp(first(mail.fields, "date")))


def _taken_apart(mail: Part, boundary: str, said: str) -> tuple[Part | None, Fields]:
    """The part with the report, and the header of the mail that came back."""
    wanted = (_READ[said],) if said else tuple(_READ.values())
    report: Part | None = None
    for part in parts(mail, boundary):
        kind = content_type(part)[0]
        if report is None:
            report = part if kind in wanted else None
        elif kind in _RETURNED:
            return report, part_of(content_of(part).lstrip(b"\r\n")).fields
    return report, ()


def _events(report: Part, returned: Fields, at: str | None) -> tuple[events.Event, ...]:
    if not report.whole:
        raise ParseError("The mail is cut off within its report. Fetch it again, whole.")
    content = content_of(report)
    if len(content) > _LONGEST_REPORT:
        raise ParseError("The mail has a report of more than 1 MiB: nothing sends that.")
    if content_type(report)[0] == _READ["feedback-report"]:
        fields = fields_of(content)
        if not first(fields, "feedback-type"):
            raise ParseError(
                "The complaint in the mail does not say what kind it is: no Feedback-Type."
            )
        about = returned_mail(returned, first(fields, "original-mail-from"))
        return (_event("Complaint", complaint_of(fields, returned, at), about),)
    results = results_of(content, at)
    if not results:
        raise ParseError(
            "The delivery report in the mail names no recipient by an e-mail address, or not so "
            "that one could tell whose status is whose."
        )
    about = returned_mail(returned)
    return tuple([_event(kind, body, about) for kind, body in results])


def _event(kind: str, body: Record, about: Record | None) -> events.Event:
    """By the way of a record of SES's, so that mail gives what its other channels give."""
    record = given(mail=about)
    record[_BODIES[kind]] = body
    return event_of(record, Origin(named=kind, channel="mail"))


def _what_else(fields: Fields) -> str:
    """What a mail that is no report is."""
    if first(fields, "x-amz-sns-message-id") is not None:
        return (
            "The mail is a notification that SNS sent by mail. Pass its text, without the lines "
            "about unsubscribing, to parse_event."
        )
    submitted = (first(fields, "auto-submitted") or "").lower()
    if submitted.startswith("auto-replied") or first(fields, "x-autoreply") is not None:
        return "The mail is an automatic reply, such as out-of-office: it is not feedback."
    sender = (first(fields, "from") or "").lower()
    if "mailer-daemon@" in sender or first(fields, "return-path") == "<>":
        return (
            "The mail may be a bounce, but it holds no delivery report (RFC 3464) that tells who "
            "bounced: it is not feedback that can be read. Look at it yourself."
        )
    return "The mail is an ordinary one: it holds no report, so it is not feedback."


def _what_report(kind: str) -> str:
    if kind == _RECEIPT:
        return "The mail is a receipt for one that was read or deleted (RFC 8098): not feedback."
    return "The mail is a report, but neither on delivery nor a complaint: it is not feedback."
