"""Contact lists, and the topics that people may want."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sesguard.simulator import refusals
from sesguard.simulator.operations.naming import check_name
from sesguard.simulator.operations.paging import Paging
from sesguard.simulator.state import Call, ContactList

__all__ = ["OPERATIONS", "find_list"]

_PAGING = Paging(kind="contact lists")
_MOST_TOPICS = 20
_LONGEST_TITLE = 128
_LONGEST_DESCRIPTION = 500


def find_list(call: Call) -> ContactList:
    """
    The list that the call names.

    Raises:
        Refusal: It is not there.
    """
    name: str = call.parameters["ContactListName"]
    if name not in call.region.contact_lists:
        raise refusals.absent(f"List with name: {name} doesn't exist.")
    return call.region.contact_lists[name]


def _create(call: Call) -> dict[str, Any]:
    """Makes the one contact list that an account may have here, with up to 20 topics."""
    asked = call.parameters
    name: str = asked["ContactListName"]
    check_name(name, "ContactListName")
    topics, description = _topics(asked.get("Topics", ())), asked.get("Description")
    _check_description(description)
    if call.region.contact_lists:
        raise refusals.invalid("A maximum of 1 Lists allowed per account.")
    call.region.contact_lists[name] = ContactList(
        name=name,
        created_at=call.now,
        updated_at=call.now,
        description=description,
        topics=topics,
        tags=tuple(asked.get("Tags", ())),
    )
    return {}


def _get(call: Call) -> dict[str, Any]:
    """A contact list and its topics."""
    found = find_list(call)
    answer: dict[str, Any] = {
        "ContactListName": found.name,
        "Topics": list(found.topics.values()),
        "CreatedTimestamp": found.created_at,
        "LastUpdatedTimestamp": found.updated_at,
        "Tags": list(found.tags),
    }
    return answer | ({} if found.description is None else {"Description": found.description})


def _list(call: Call) -> dict[str, Any]:
    """All contact lists in pages, by name."""
    lists = call.region.contact_lists.values()
    found, more = _PAGING.page(call, lists, lambda one: one.name)
    shown = [{"ContactListName": one.name, "LastUpdatedTimestamp": one.updated_at} for one in found]
    return {"ContactLists": shown, **more}


def _update(call: Call) -> dict[str, Any]:
    """Other topics or another description; what is not given stays."""
    asked, found = call.parameters, find_list(call)
    topics = _topics(asked["Topics"]) if "Topics" in asked else found.topics
    description = asked.get("Description", found.description)
    _check_description(description)
    found.topics, found.description, found.updated_at = topics, description, call.now
    return {}


def _delete(call: Call) -> dict[str, Any]:
    """Removes a contact list and all of its contacts."""
    del call.region.contact_lists[find_list(call).name]
    return {}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.CreateContactList": _create,
    "sesv2.GetContactList": _get,
    "sesv2.ListContactLists": _list,
    "sesv2.UpdateContactList": _update,
    "sesv2.DeleteContactList": _delete,
}


def _topics(given: Sequence[Mapping[str, str]]) -> dict[str, Mapping[str, Any]]:
    """
    Source:
        SES Developer Guide, "Using list management", for how many and how long.
    """
    if len(given) > _MOST_TOPICS:
        raise refusals.invalid(f"Maximum of <{_MOST_TOPICS}> topics allowed per ContactList")
    for topic in given:
        check_name(topic["TopicName"], "TopicName")
        if len(topic["DisplayName"]) > _LONGEST_TITLE:
            raise refusals.invalid(
                f"Topic DisplayName can contain up to <{_LONGEST_TITLE}> characters."
            )
    topics = {topic["TopicName"]: topic for topic in given}
    if len(topics) < len(given):
        raise refusals.invalid("Duplicate topic names are not allowed within a List.")
    return topics


def _check_description(description: str | None) -> None:
    if description is not None and len(description) > _LONGEST_DESCRIPTION:
        raise refusals.invalid(
            f"List description can contain up to {_LONGEST_DESCRIPTION} characters."
        )
