"""What the fields of an e-mail must be to one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesguard._mail.fields import MAX_BYTES, MAX_PARTS, MAX_RECIPIENTS
from sesguard.errors import EmailError, HeaderError, MessageTooLargeError, TooManyRecipientsError

if TYPE_CHECKING:
    from sesguard.attachments import Attachment
    from sesguard.mail import Email

__all__ = ["check"]


def check(email: Email) -> None:
    """What no field can tell alone."""
    count = len(email.to) + len(email.cc) + len(email.bcc)
    if count == 0:
        raise EmailError("to: at least one recipient is needed, in to, cc or bcc.", field="to")
    if count > MAX_RECIPIENTS:
        raise TooManyRecipientsError(
            f"to: {count} recipients in to, cc and bcc are more than {MAX_RECIPIENTS}. "
            "Send several e-mails.",
            field="to",
        )
    if email.template is None:
        if email.subject is None:
            raise HeaderError('subject: it is needed; "" counts.', field="subject")
        if email.text is None and email.html is None and not email.attachments:
            raise EmailError(
                "text: a text, an html, a template or an attachment is needed.", field="text"
            )
    else:
        for name in ("subject", "text", "html"):
            if getattr(email, name) is not None:
                raise EmailError(f"{name}: a template brings it. Leave one out.", field=name)
    if email.attachments:
        _check_attachments(email.attachments)


def _check_attachments(attachments: tuple[Attachment, ...]) -> None:
    if len(attachments) > MAX_PARTS - 5:  # two bodies and three multiparts around them
        raise EmailError(
            f"attachments: SES takes at most {MAX_PARTS} MIME parts.", field="attachments"
        )
    ids = [one.content_id for one in attachments if one.content_id is not None]
    if len(set(ids)) < len(ids):
        raise EmailError("attachments: a content_id is given twice.", field="attachments")
    if sum(len(one.content) for one in attachments) * 4 // 3 > MAX_BYTES:
        raise MessageTooLargeError(
            "attachments: encoded they are larger than the 40 MB that SES takes. "
            "Send a link instead.",
            field="attachments",
        )
