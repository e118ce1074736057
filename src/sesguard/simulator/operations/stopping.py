"""Whom SES does not mail, though it took the mail, and which mails it stops."""

from __future__ import annotations

import email.policy
from collections.abc import Mapping
from email.parser import BytesParser
from typing import cast

from sesguard.simulator import refusals
from sesguard.simulator.fates import UNSUBSCRIBED, Fate
from sesguard.simulator.mails.offers import ListManagement, Offer
from sesguard.simulator.state import Call, ConfigurationSet, Contact, ContactList
from sesguard.simulator.stop_lists import SuppressionList
from sesguard.suppression import Reason

__all__ = ["check_list", "enroll", "has_virus", "stopped"]

# In two pieces: a scanner would take this file for an infected one.
_EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def has_virus(offer: Offer) -> bool:
    """
    Whether one of its attachments is the test virus.

    Source:
        SES Developer Guide, "Using the mailbox simulator", for how to have a mail rejected.
    """
    if not offer.attachments:
        return False
    if any(_EICAR in file.content for file in offer.files):
        return True
    if offer.raw is None:
        return False
    message = BytesParser(policy=email.policy.default).parsebytes(offer.raw)
    contents = (part.get_payload(decode=True) for part in message.iter_attachments())
    return any(_EICAR in cast("bytes", content or b"") for content in contents)


def check_list(managed: ListManagement | None, call: Call) -> ContactList | None:
    """
    The contact list that a mail belongs to.

    Raises:
        Refusal: There is none of that name, or it has no such topic.
    """
    if managed is None:
        return None
    found = call.region.contact_lists.get(managed.contact_list)
    if found is None:
        raise refusals.absent(f"List with name: {managed.contact_list} doesn't exist.")
    if managed.topic is not None and managed.topic not in found.topics:
        raise refusals.absent(f"Topic with name: {managed.topic} doesn't exist.")
    return found


def enroll(people: ContactList, offer: Offer, call: Call) -> None:
    """
    Make contacts of those recipients that are none yet.

    Source:
        SES Developer Guide, "Using list management".
    """
    for address in offer.recipients:
        if address.lower() not in people.contacts:
            people.contacts[address.lower()] = Contact(address, call.now, call.now)


def stopped(
    address: str,
    offer: Offer,
    call: Call,
    chosen: ConfigurationSet | None,
    people: ContactList | None,
) -> Fate | None:
    """
    What becomes of mail that SES does not try to deliver; None where it tries.

    A contact has opted out who says so of the mail's topic or of all; one of whom only the
    topic's default is known gets it.

    Args:
        chosen: The mail's configuration set, whose reasons and scope go before the tenant's and
            the account's.

        people: Its contact list.

    Source:
        SES Developer Guide, "Using subscription management", "Using the account-level suppression
        list", "Using configuration set-level suppression", "Using the global suppression list".
    """
    if people is not None and _has_opted_out(people.contacts.get(address.lower()), offer):
        return UNSUBSCRIBED
    reasons = None if chosen is None else chosen.suppressed_reasons
    in_force = _list_of(offer, call, chosen)
    fate = in_force.fate(address, reasons)
    if fate is not None or Reason.BOUNCE in (in_force.reasons if reasons is None else reasons):
        return fate
    return call.world.mailboxes.recent_bounces.fate(address, call.now)


def _list_of(offer: Offer, call: Call, chosen: ConfigurationSet | None) -> SuppressionList:
    """Which list counts: the account's, or that of the tenant."""
    if offer.tenant is None:
        return call.region.suppressed
    tenant = call.region.tenant(offer.tenant)
    options: Mapping[str, str] = {}
    if chosen is not None:
        options = chosen.options.get("SuppressionOptions", options)
    in_tenant = options.get("SuppressionScope", tenant.scope) == "TENANT"
    return tenant.suppressed if in_tenant else call.region.suppressed


def _has_opted_out(contact: Contact | None, offer: Offer) -> bool:
    if contact is None or offer.list_management is None:
        return False
    topic = offer.list_management.topic
    return contact.unsubscribe_all or contact.preferences.get(topic or "") == "OPT_OUT"
