"""What a recipient has of a mail."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest

from sesguard.simulator import Simulator
from tests.simulator.sending import ANN, BOB, client_of, send, send_raw, simple


def test_ses_writes_id_and_date_itself() -> None:
    """In raw mail in place of the sender's; the id is the answer's, at SES's domain."""
    sim = Simulator()
    mail = send_raw(sim, "Message-ID: <1@example.com>", "Date: Thu, 1 Jan 1970 00:00:00 +0000")
    received = mail.as_received()
    assert received["Message-ID"] == f"<{mail.message_id}@email.amazonses.com>"
    assert parsedate_to_datetime(received["Date"]) == mail.at.replace(microsecond=0)
    assert received.get_all("Message-ID") == [received["Message-ID"]]
    assert received.get_content().strip() == "Hello"


def test_the_id_has_the_region_in_it() -> None:
    """But for us-east-1."""
    sim = Simulator(region_name="eu-west-1")
    send(sim)
    (mail,) = sim.outbox
    assert mail.as_received()["Message-ID"] == f"<{mail.message_id}@eu-west-1.amazonses.com>"


def test_nobody_sees_bcc_or_what_is_for_ses() -> None:
    """In either kind of mail."""
    sim = Simulator()
    send_raw(sim, f"Bcc: {BOB}", "X-SES-CONFIGURATION-SET: letters", "X-Ours: 1")
    client_of(sim).send_email(
        FromEmailAddress="us@example.com",
        Destination={"ToAddresses": [ANN], "BccAddresses": [BOB]},
        Content=simple(Headers=[{"Name": "X-Ours", "Value": "1"}]),
    )
    for mail in sim.outbox:
        assert mail.recipients == (ANN, BOB)
        text = mail.as_received().as_string()
        assert BOB not in text
        assert "X-SES-" not in text
        assert mail.as_received()["X-Ours"] == "1"


@pytest.mark.parametrize("bodies", ["text", "html", "both", "none"])
def test_a_mail_that_ses_writes_has_its_bodies_and_files(bodies: str) -> None:
    """As MIME that can be written and read again."""
    body: dict[str, dict[str, str]] = {}
    if bodies in ("text", "both"):
        body["Text"] = {"Data": "Grüße, 世界"}
    if bodies in ("html", "both"):
        body["Html"] = {"Data": "<p>Grüße"}
    files = [
        {"FileName": "a.csv", "RawContent": b"a,b"},
        {
            "FileName": "logo",
            "RawContent": b"\x89PNG",
            "ContentType": "image/png",
            "ContentDisposition": "INLINE",
            "ContentId": "logo",
        },
        {"FileName": "odd", "RawContent": b"x", "ContentType": "thing"},
    ]
    sim = Simulator()
    content = simple(Subject={"Data": "Grüße"}, Body=body, Attachments=files)
    send(sim, "Änn <ann@example.org>", content=content)
    received = sim.outbox[0].as_received()
    assert received["Subject"] == "Grüße"
    assert received["To"] == "Änn <ann@example.org>"
    for subtype, known in (("plain", "Text"), ("html", "Html")):
        part = received.get_body((subtype,))
        if known in body:
            assert part is not None
            assert part.get_content().strip() == body[known]["Data"]
    found = {one.get_filename(): one for one in received.walk() if one.get_filename()}
    assert found["a.csv"].get_content_type() == "text/csv"
    assert found["a.csv"].get_payload(decode=True) == b"a,b"
    assert found["logo"]["Content-ID"] == "<logo>"
    assert found["logo"].get_content_disposition() == "inline"
    assert found["odd"].get_content_type() == "thing/octet-stream"
    assert received.as_bytes()


def test_links_to_unsubscribe_reach_every_body_of_raw_mail() -> None:
    """And the sender's own header goes."""
    sim = Simulator()
    client = client_of(sim)
    client.create_contact_list(ContactListName="readers")
    message = EmailMessage()
    message["From"], message["To"] = "us@example.com", ANN
    message["List-Unsubscribe"] = "<mailto:no@example.com>"
    message.set_content("{{amazonSESUnsubscribeUrl}}")
    message.add_alternative("<a href='{{amazonSESUnsubscribeUrl}}'>", subtype="html")
    client.send_email(
        Content={"Raw": {"Data": message.as_bytes()}},
        ListManagementOptions={"ContactListName": "readers"},
    )
    received = sim.outbox[0].as_received()
    (header,) = received.get_all("List-Unsubscribe", [])
    url = header.strip("<>")
    assert url.startswith("https://unsubscribe.")
    assert received["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for subtype in ("plain", "html"):
        part = received.get_body((subtype,))
        assert part is not None
        assert url in part.get_content()
