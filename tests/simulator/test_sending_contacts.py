"""Mail to the people of a contact list."""

from __future__ import annotations

from typing import Any

from sesguard.simulator import Simulator
from tests.simulator.controls import refused
from tests.simulator.sending import (
    ANN,
    BOB,
    client_of,
    kinds,
    send,
    send_raw,
    simple,
    sub_types,
)

NEWS = {"ContactListName": "readers", "TopicName": "news"}


def people(sim: Simulator) -> Any:
    client = client_of(sim)
    topic = {"TopicName": "news", "DisplayName": "News", "DefaultSubscriptionStatus": "OPT_IN"}
    client.create_contact_list(
        ContactListName="readers", Topics=[topic, {**topic, "TopicName": "offers"}]
    )
    return client


def test_a_contact_who_has_opted_out_is_not_mailed() -> None:
    """The bounce is Permanent/UnsubscribedRecipient, and puts nobody on a list."""
    sim = Simulator()
    client = people(sim)
    for address, choice in (
        (ANN, {"TopicPreferences": [{"TopicName": "news", "SubscriptionStatus": "OPT_OUT"}]}),
        (BOB, {"UnsubscribeAll": True}),
    ):
        client.create_contact(ContactListName="readers", EmailAddress=address, **choice)
    for address in (ANN, BOB):
        send(sim, address, ListManagementOptions=NEWS)
    assert sub_types(sim) == ["UnsubscribedRecipient"] * 2
    assert "Delivery" not in kinds(sim)
    assert sim.suppressed == {}
    send(sim, ANN, ListManagementOptions={**NEWS, "TopicName": "offers"})
    send(sim, ANN)
    assert kinds(sim)[-4:] == ["Send", "Delivery"] * 2


def test_a_mail_of_a_list_makes_contacts() -> None:
    """Of who was none yet, and he gets it."""
    sim = Simulator()
    client = people(sim)
    send(sim, ANN, ListManagementOptions=NEWS)
    assert client.get_contact(ContactListName="readers", EmailAddress=ANN)
    assert kinds(sim) == ["Send", "Delivery"]


def test_who_unsubscribes_gets_no_more_of_that_topic() -> None:
    """Once somebody has followed the link."""
    sim = Simulator()
    people(sim)
    send(sim, ANN, ListManagementOptions=NEWS)
    sim.unsubscribes(ANN, topic="news")
    send(sim, ANN, ListManagementOptions=NEWS)
    assert sub_types(sim) == ["UnsubscribedRecipient"]


def test_links_to_unsubscribe_are_put_in() -> None:
    """Two headers in place of one's own, and a URL in the first two places of each body."""
    sim = Simulator()
    people(sim)
    place = "{{amazonSESUnsubscribeUrl}}"
    content = simple(
        Body={"Text": {"Data": " ".join([place] * 3)}, "Html": {"Data": f"<a href='{place}'>"}},
        Headers=[{"Name": "List-Unsubscribe", "Value": "<mailto:a@example.com>"}],
    )
    send(sim, content=content, ListManagementOptions=NEWS)
    (mail,) = sim.outbox
    headers = dict(mail.headers)
    url = headers["List-Unsubscribe"].strip("<>")
    assert url.startswith("https://")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.text == f"{url} {url} {place}"
    assert mail.html == f"<a href='{url}'>"
    assert sum(name == "List-Unsubscribe" for name, _ in mail.headers) == 1


def test_only_mail_to_one_unsigned_has_links() -> None:
    """Mail to two, mail that its sender has signed, and mail of no list stay as they are."""
    sim = Simulator()
    people(sim)
    send(sim, ANN, BOB, ListManagementOptions=NEWS)
    send(sim)
    send_raw(sim, "DKIM-Signature: v=1; a=rsa-sha256", ListManagementOptions=NEWS)
    for mail in sim.outbox:
        assert "List-Unsubscribe" not in dict(mail.headers)


def test_a_list_that_is_not_there_is_refused() -> None:
    """Or a topic of it."""
    sim = Simulator()
    with refused("NotFoundException", 404, "List with name: readers doesn't exist."):
        send(sim, ListManagementOptions=NEWS)
    people(sim)
    with refused("NotFoundException", 404, "Topic with name: cats doesn't exist."):
        send(sim, ListManagementOptions={**NEWS, "TopicName": "cats"})
    assert sim.outbox == ()


def test_raw_mail_may_name_its_list_in_a_header() -> None:
    """X-SES-LIST-MANAGEMENT-OPTIONS, which its reader does not see."""
    sim = Simulator()
    people(sim)
    mail = send_raw(
        sim,
        "X-SES-LIST-MANAGEMENT-OPTIONS: readers; topic=news",
        body="Go: {{amazonSESUnsubscribeUrl}}\r\n",
    )
    assert mail.list_management == ("readers", "news")
    received = mail.as_received()
    url = received["List-Unsubscribe"].strip("<>")
    assert received.get_content().strip() == f"Go: {url}"
    assert "X-SES-LIST-MANAGEMENT-OPTIONS" not in received
