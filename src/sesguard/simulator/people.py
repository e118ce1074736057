"""What people do with a mail that they got: open it, click in it, unsubscribe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sesguard.errors import ConfigurationError
from sesguard.simulator.identifiers import stamp
from sesguard.simulator.mails.offers import SentMail
from sesguard.simulator.mails.spelling import read_leniently
from sesguard.simulator.state import Contact, ContactList, World

__all__ = ["clicks", "opens", "unsubscribes"]

_IP = "203.0.113.5"
_WIRE = {"OPT_IN": "OptIn", "OPT_OUT": "OptOut"}


def opens(world: World, target: str, *, user_agent: str, bot: bool | None) -> None:
    """
    Somebody opens a mail.

    Raises:
        ConfigurationError: There is no such mail.
    """
    world.publisher.tell(_mail(world, target), "Open", _seen(world, user_agent, bot))


def clicks(
    world: World,
    target: str,
    link: str,
    *,
    link_tags: Mapping[str, Sequence[str]] | None,
    user_agent: str,
    bot: bool | None,
) -> None:
    """
    Somebody follows a link in a mail.

    Raises:
        ConfigurationError: There is no such mail.
    """
    tags = None if link_tags is None else {name: list(link_tags[name]) for name in link_tags}
    detail = {**_seen(world, user_agent, bot), "link": link, "linkTags": tags}
    world.publisher.tell(_mail(world, target), "Click", detail)


def unsubscribes(
    world: World, target: str, *, topic: str | None, contact_list: str | None, source: str
) -> None:
    """
    Somebody takes himself off a contact list, or off one topic of it.

    Raises:
        ConfigurationError: There is no such mail, list or topic, or it is not clear who it is.

    Source:
        SES Developer Guide, "Using subscription management".
    """
    mail = _mail(world, target)
    address = _who(mail, target)
    lists = world.region(mail.region).contact_lists
    people = _list(lists, contact_list, topic)
    now = world.clock.now()
    contact = people.contacts.get(address.lower())
    if contact is None:
        contact = people.contacts[address.lower()] = Contact(address, now, now)
    old = _preferences(contact, people)
    if topic is None:
        contact.unsubscribe_all = True
        contact.preferences |= dict.fromkeys(people.topics, "OPT_OUT")
    else:
        contact.preferences[topic] = "OPT_OUT"
    contact.updated_at = now
    detail = {
        "contactList": people.name,
        "timestamp": stamp(now),
        "source": source,
        "newTopicPreferences": _preferences(contact, people),
        "oldTopicPreferences": old,
    }
    world.publisher.tell(mail, "Subscription", detail)


def _mail(world: World, target: str) -> SentMail:
    """The mail with that id, or the last one that the address was mailed."""
    key = read_leniently(target)[1]
    for mail in reversed(world.outbox):
        if target == mail.message_id or (
            "@" in target and key in (read_leniently(one)[1] for one in mail.recipients)
        ):
            return mail
    raise ConfigurationError(
        "No mail was taken that has this message id, or went to this address. Send one first."
    )


def _who(mail: SentMail, target: str) -> str:
    if "@" in target:
        return read_leniently(target)[0]
    if len(mail.recipients) == 1:
        return mail.recipients[0]
    raise ConfigurationError("The mail has several recipients: name the address instead.")


def _list(lists: Mapping[str, ContactList], name: str | None, topic: str | None) -> ContactList:
    if name is None and len(lists) == 1:
        (name,) = lists
    if name is None or name not in lists:
        raise ConfigurationError(
            "There is no such contact list in the region of the mail: CreateContactList makes one."
        )
    if topic is not None and topic not in lists[name].topics:
        raise ConfigurationError(f"The contact list has no topic {topic!r}.")
    return lists[name]


def _preferences(contact: Contact, people: ContactList) -> dict[str, Any]:
    """What was said of topics, and what holds of those of which nothing was."""
    found: dict[str, Any] = {
        "unsubscribeAll": contact.unsubscribe_all,
        "topicSubscriptionStatus": [
            _status(name, said) for name, said in contact.preferences.items()
        ],
    }
    unsaid = [
        _status(name, str(topic["DefaultSubscriptionStatus"]))
        for name, topic in people.topics.items()
        if name not in contact.preferences
    ]
    if unsaid:
        found["topicDefaultSubscriptionStatus"] = unsaid
    return found


def _status(topic: str, status: str) -> dict[str, str]:
    return {"topicName": topic, "subscriptionStatus": _WIRE[status]}


def _seen(world: World, user_agent: str, bot: bool | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "timestamp": stamp(world.clock.now()),
        "userAgent": user_agent,
        "ipAddress": _IP,
    }
    if bot is not None:
        found["isBotEvent"] = "Likely" if bot else "Unlikely"
    return found
