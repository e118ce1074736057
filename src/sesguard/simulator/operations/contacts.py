"""Contacts: what each of the people on a contact list wants to get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sesguard.simulator import refusals
from sesguard.simulator.operations.contact_lists import find_list
from sesguard.simulator.operations.paging import Paging
from sesguard.simulator.operations.suppression import check_address
from sesguard.simulator.state import Call, Contact, ContactList

__all__ = ["OPERATIONS"]

_PAGING = Paging(kind="contacts")


def _create(call: Call) -> dict[str, Any]:
    """Puts somebody on a list, with a preference for any of its topics."""
    asked, address = call.parameters, call.parameters["EmailAddress"]
    check_address(address)
    owner = find_list(call)
    preferences = _preferences(owner, asked)
    if address.lower() in owner.contacts:
        raise refusals.already_exists(f"{address} already exists in List.")
    owner.contacts[address.lower()] = Contact(
        address=address,
        created_at=call.now,
        updated_at=call.now,
        unsubscribe_all=asked.get("UnsubscribeAll", False),
        preferences=preferences,
        attributes_data=asked.get("AttributesData"),
    )
    return {}


def _get(call: Call) -> dict[str, Any]:
    """A contact's preferences, and the defaults where there are none."""
    owner, found = find_list(call), _find(call)
    answer = {
        "ContactListName": owner.name,
        "CreatedTimestamp": found.created_at,
        **_summary(owner, found),
    }
    if found.attributes_data is not None:
        answer["AttributesData"] = found.attributes_data
    return answer


def _list(call: Call) -> dict[str, Any]:
    """All contacts of a list in pages, by address; filtered by what they want."""
    owner, wanted = find_list(call), call.parameters.get("Filter", {})
    contacts = (one for one in owner.contacts.values() if _matches(owner, one, wanted))
    found, more = _PAGING.page(call, contacts, lambda one: one.address.lower(), owner.name, wanted)
    return {"Contacts": [_summary(owner, one) for one in found], **more}


def _update(call: Call) -> dict[str, Any]:
    """Adds preferences to the old ones; all else that is not given is gone."""
    asked, found = call.parameters, _find(call)
    found.preferences |= _preferences(find_list(call), asked)
    found.unsubscribe_all = asked.get("UnsubscribeAll", False)
    found.attributes_data = asked.get("AttributesData")
    found.updated_at = call.now
    return {}


def _delete(call: Call) -> dict[str, Any]:
    """Takes somebody off a list."""
    del find_list(call).contacts[_find(call).address.lower()]
    return {}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.CreateContact": _create,
    "sesv2.GetContact": _get,
    "sesv2.ListContacts": _list,
    "sesv2.UpdateContact": _update,
    "sesv2.DeleteContact": _delete,
}


def _find(call: Call) -> Contact:
    address: str = call.parameters["EmailAddress"]
    found = find_list(call).contacts.get(address.lower())
    if found is None:
        raise refusals.absent(f"{address} doesn't exist in List.")
    return found


def _preferences(owner: ContactList, asked: Mapping[str, Any]) -> dict[str, str]:
    given = asked.get("TopicPreferences", ())
    for one in given:
        if one["TopicName"] not in owner.topics:
            topic = one["TopicName"]
            raise refusals.invalid(f"List: {owner.name} doesn't contain Topic: {topic}")
    return {one["TopicName"]: one["SubscriptionStatus"] for one in given}


def _summary(owner: ContactList, one: Contact) -> dict[str, Any]:
    defaults = {
        name: topic["DefaultSubscriptionStatus"]
        for name, topic in owner.topics.items()
        if name not in one.preferences
    }
    return {
        "EmailAddress": one.address,
        "TopicPreferences": _shown(one.preferences),
        "TopicDefaultPreferences": _shown(defaults),
        "UnsubscribeAll": one.unsubscribe_all,
        "LastUpdatedTimestamp": one.updated_at,
    }


def _shown(preferences: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TopicName": name, "SubscriptionStatus": wish} for name, wish in preferences.items()]


def _matches(owner: ContactList, one: Contact, wanted: Mapping[str, Any]) -> bool:
    """Whoever has unsubscribed from all wants no topic, whatever was said of it."""
    topic: Mapping[str, Any] = wanted.get("TopicFilter", {})
    name, status = topic.get("TopicName"), wanted.get("FilteredStatus")
    if name is None:
        wish = "OPT_IN"
    elif name in one.preferences:
        wish = one.preferences[name]
    elif topic.get("UseDefaultIfPreferenceUnavailable") and name in owner.topics:
        wish = owner.topics[name]["DefaultSubscriptionStatus"]
    else:
        return False
    return status is None or status == ("OPT_OUT" if one.unsubscribe_all else wish)
