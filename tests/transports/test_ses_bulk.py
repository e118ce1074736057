"""SendBulkEmail through a real boto3 client, answered by the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from sesguard import Email, Template, errors
from sesguard.attachments import Attachment
from sesguard.ports import Receipt
from sesguard.simulator import Simulator
from sesguard.transports import SESTransport
from sesguard.transports.ses_bulk import answers_of, send_bulk_request

STATUSES = {
    "MESSAGE_REJECTED": errors.MessageRejectedError,
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": errors.MailFromNotVerifiedError,
    "CONFIGURATION_SET_NOT_FOUND": errors.NotFoundError,
    "TEMPLATE_NOT_FOUND": errors.NotFoundError,
    "CONFIGURATION_SET_DOES_NOT_EXIST": errors.NotFoundError,
    "TEMPLATE_DOES_NOT_EXIST": errors.NotFoundError,
    "ACCOUNT_SUSPENDED": errors.AccountSuspendedError,
    "ACCOUNT_THROTTLED": errors.SendingRateExceededError,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": errors.DailyQuotaExceededError,
    "INVALID_SENDING_POOL_NAME": errors.NotFoundError,
    "ACCOUNT_SENDING_PAUSED": errors.SendingPausedError,
    "CONFIGURATION_SET_SENDING_PAUSED": errors.SendingPausedError,
    "INVALID_PARAMETER": errors.MessageRejectedError,
    "INVALID_PARAMETER_VALUE": errors.MessageRejectedError,
    "TRANSIENT_FAILURE": errors.ServiceUnavailableError,
    "FAILED": errors.MessageRejectedError,
    "SUCCESS": errors.OutcomeUnknownError,
    "INVENTED_TOMORROW": errors.OutcomeUnknownError,
}
"""The statuses of SES.md 4.2, in both spellings; success without an id proves nothing."""


def letter(name: str, **fields: Any) -> Email:
    fields = {"template": Template("welcome", {"name": name}), **fields}
    return Email(sender="shop@example.com", to=f"{name}@example.org", **fields)


@pytest.fixture
def sim() -> Simulator:
    sim = Simulator()
    content = {"Subject": "Hello {{name}}", "Text": "Hi {{name}}."}
    sim.boto3_client("sesv2").create_email_template(TemplateName="welcome", TemplateContent=content)
    return sim


def submit(sim: Simulator, *emails: Email) -> list[Any]:
    transport = SESTransport(boto3_client=sim.boto3_client("sesv2"))
    return list(transport.submit_bulk(emails, lambda: None))


def test_each_gets_its_own_words_headers_and_tags(sim: Simulator) -> None:
    """One request; what all have in common is said once."""
    file = Attachment("terms.txt", b"terms")
    common: dict[str, Any] = {
        "attachments": [file],
        "reply_to": "desk@example.com",
        "configuration_set": "main",
    }
    answers = submit(
        sim,
        letter("ann", headers={"X-Number": "1"}, tags={"number": "1"}, stream="news", **common),
        letter("bob", cc="cy@example.org", list_unsubscribe="https://example.com/u", **common),
    )
    ann, bob = sim.outbox
    assert [one.message_id for one in answers] == [ann.message_id, bob.message_id]
    assert all(isinstance(one, Receipt) and one.request_id for one in answers)
    assert sim.calls["sesv2.SendBulkEmail"] == 1
    assert (ann.subject, ann.text, bob.subject) == ("Hello ann", "Hi ann.", "Hello bob")
    assert dict(ann.tags) == {"number": "1", "sesguard-stream": "news"}
    assert ("X-Number", "1") in ann.headers
    assert ("X-Number", "1") not in bob.headers
    assert ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click") in bob.headers
    assert bob.recipients == ("bob@example.org", "cy@example.org")
    assert {one.attachments for one in sim.outbox} == {("terms.txt",)}
    assert {one.reply_to for one in sim.outbox} == {("desk@example.com",)}
    assert {one.configuration_set for one in sim.outbox} == {"main"}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_each_status_is_the_error_that_a_send_would_raise(
    status: str, kind: type[errors.SendError]
) -> None:
    """And of the two entries the other one is taken."""
    (error, receipt) = answers_of(
        {
            "BulkEmailEntryResults": [
                {"Status": status, "Error": "See the manual."},
                {"Status": "SUCCESS", "MessageId": "id"},
            ],
            "ResponseMetadata": {"RequestId": "request"},
        },
        2,
        "eu-west-1",
    )
    assert isinstance(error, errors.SendError)
    assert type(error) is kind
    assert (error.request_id, error.region) == ("request", "eu-west-1")
    assert receipt == Receipt(message_id="id", request_id="request")


@pytest.mark.parametrize(
    "answer", [{}, {"BulkEmailEntryResults": None}, {"BulkEmailEntryResults": [{}]}]
)
def test_an_answer_that_does_not_tell_of_each_tells_of_none(answer: dict[str, Any]) -> None:
    """An empty 200, or one that was cut short."""
    with pytest.raises(errors.OutcomeUnknownError):
        answers_of(answer, 2, None)


@pytest.mark.parametrize(
    "other",
    [
        Email(sender="shop@example.com", to="bob@example.org", subject="Hi", text="Hi"),
        letter("bob", template=Template("goodbye")),
        letter("bob", tenant="acme"),
    ],
)
def test_what_does_not_go_together_is_refused(other: Email) -> None:
    """Nothing of it may be sent as something else."""
    with pytest.raises(errors.EmailError, match="template"):
        send_bulk_request([letter("ann"), other])
    with pytest.raises(errors.EmailError, match="template"):
        send_bulk_request([other, letter("ann")])


def test_more_headers_than_ses_takes_are_refused() -> None:
    """Before the request is made."""
    headers = {f"X-{n}": "1" for n in range(16)}
    with pytest.raises(errors.HeaderError):
        send_bulk_request([letter("ann"), letter("bob", headers=headers)])
