"""Contact lists, topics, and who wants what."""

from __future__ import annotations

from typing import Any

import pytest

from sesguard.simulator import Simulator
from tests.simulator.controls import both, pages, refused

NEWS = {"ContactListName": "people"}
TOPICS = [
    {"TopicName": "news", "DisplayName": "News", "DefaultSubscriptionStatus": "OPT_IN"},
    {"TopicName": "ads", "DisplayName": "Ads", "DefaultSubscriptionStatus": "OPT_OUT"},
]
ANN = {**NEWS, "EmailAddress": "Ann@example.org"}


def with_list(sim: Simulator) -> Any:
    v2, _ = both(sim)
    v2.create_contact_list(**NEWS, Topics=TOPICS, Description="All of them")
    return v2


def test_a_list_comes_back_as_it_was_made() -> None:
    """CreateContactList, GetContactList, ListContactLists."""
    sim = Simulator()
    v2 = with_list(sim)
    answer = v2.get_contact_list(**NEWS)
    del answer["ResponseMetadata"]
    now = sim.clock.now()
    assert answer == {
        **NEWS, "Topics": TOPICS, "Description": "All of them", "Tags": [],
        "CreatedTimestamp": now, "LastUpdatedTimestamp": now,
    }  # fmt: skip
    listed = v2.list_contact_lists()["ContactLists"]
    assert listed == [{**NEWS, "LastUpdatedTimestamp": now}]


def test_an_update_changes_what_is_given() -> None:
    """UpdateContactList: topics are replaced, a description that is not given stays."""
    sim = Simulator()
    v2 = with_list(sim)
    sim.clock.advance(60)
    v2.update_contact_list(**NEWS, Topics=TOPICS[:1])
    answer = v2.get_contact_list(**NEWS)
    assert (answer["Topics"], answer["Description"]) == (TOPICS[:1], "All of them")
    assert answer["LastUpdatedTimestamp"] == sim.clock.now()
    v2.update_contact_list(**NEWS, Description="Some of them")
    answer = v2.get_contact_list(**NEWS)
    assert (answer["Topics"], answer["Description"]) == (TOPICS[:1], "Some of them")


def test_an_account_has_one_list_a_region() -> None:
    """BadRequestException for a second; its own after the first was deleted, with its contacts."""
    sim = Simulator()
    v2 = with_list(sim)
    v2.create_contact(**ANN)
    with refused("BadRequestException", says="A maximum of 1 Lists allowed per account."):
        v2.create_contact_list(ContactListName="others")
    both(sim, "eu-west-1")[0].create_contact_list(**NEWS)
    v2.delete_contact_list(**NEWS)
    v2.create_contact_list(**NEWS)
    assert v2.list_contacts(**NEWS)["Contacts"] == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ContactListName": "a b"}, "ContactListName can contain up to 64 characters"),
        ({"Topics": TOPICS * 11}, "Maximum of <20> topics"),
        ({"Topics": [TOPICS[0], TOPICS[0]]}, "Duplicate topic names"),
        ({"Topics": [{**TOPICS[0], "TopicName": "a b"}]}, "TopicName can contain up to 64"),
        ({"Topics": [{**TOPICS[0], "DisplayName": "x" * 129}]}, "up to <128> characters"),
        ({"Topics": [{**TOPICS[0], "DefaultSubscriptionStatus": "IN"}]},
         "'topics.1.member.defaultSubscriptionStatus'"),
        ({"Description": "x" * 501}, "up to 500 characters"),
    ],
)  # fmt: skip
def test_bad_lists_are_refused(options: dict[str, Any], says: str) -> None:
    """BadRequestException with what is wrong, when it is made and when it is changed."""
    v2, _ = both(Simulator())
    with refused("BadRequestException", says=says):
        v2.create_contact_list(**{**NEWS, **options})
    assert v2.list_contact_lists()["ContactLists"] == []
    if "ContactListName" not in options:
        v2.create_contact_list(**NEWS)
        with refused("BadRequestException", says=says):
            v2.update_contact_list(**NEWS, **options)


def test_a_contact_has_preferences_and_defaults() -> None:
    """GetContact: what was said, and the topic's default where nothing was."""
    sim = Simulator()
    v2 = with_list(sim)
    said = [{"TopicName": "ads", "SubscriptionStatus": "OPT_IN"}]
    v2.create_contact(**ANN, TopicPreferences=said, AttributesData='{"name": "Ann"}')
    answer = v2.get_contact(**ANN)
    assert answer["EmailAddress"] == "Ann@example.org"
    assert answer["TopicPreferences"] == said
    defaults = [{"TopicName": "news", "SubscriptionStatus": "OPT_IN"}]
    assert answer["TopicDefaultPreferences"] == defaults
    assert (answer["UnsubscribeAll"], answer["AttributesData"]) == (False, '{"name": "Ann"}')
    assert answer["CreatedTimestamp"] == answer["LastUpdatedTimestamp"] == sim.clock.now()


def test_an_update_adds_preferences_and_forgets_the_rest() -> None:
    """UpdateContact: preferences are merged by topic; UnsubscribeAll and AttributesData are not."""
    v2 = with_list(Simulator())
    out = [{"TopicName": "news", "SubscriptionStatus": "OPT_OUT"}]
    v2.create_contact(**ANN, TopicPreferences=out, UnsubscribeAll=True, AttributesData="{}")
    v2.update_contact(
        **ANN, TopicPreferences=[{"TopicName": "ads", "SubscriptionStatus": "OPT_IN"}]
    )
    answer = v2.get_contact(**ANN)
    assert {one["TopicName"]: one["SubscriptionStatus"] for one in answer["TopicPreferences"]} == {
        "news": "OPT_OUT", "ads": "OPT_IN",
    }  # fmt: skip
    assert answer["UnsubscribeAll"] is False
    assert "AttributesData" not in answer


def test_contacts_are_filtered_by_what_they_want() -> None:
    """ListContacts: by topic and status, by the default where it is asked for."""
    v2 = with_list(Simulator())

    def create(name: str, all_of_it: bool = False, **preferences: str) -> None:
        v2.create_contact(
            **NEWS,
            EmailAddress=f"{name}@example.org",
            UnsubscribeAll=all_of_it,
            TopicPreferences=[
                {"TopicName": topic, "SubscriptionStatus": wish}
                for topic, wish in preferences.items()
            ],
        )

    create("a")
    create("b", news="OPT_OUT")
    create("c", news="OPT_IN")
    create("d", all_of_it=True, news="OPT_IN")

    def names(status: str | None = None, topic: str = "", default: bool = False) -> str:
        wanted: dict[str, Any] = {} if status is None else {"FilteredStatus": status}
        if topic:
            wanted["TopicFilter"] = {
                "TopicName": topic, "UseDefaultIfPreferenceUnavailable": default,
            }  # fmt: skip
        found = v2.list_contacts(**NEWS, Filter=wanted)["Contacts"]
        return "".join(one["EmailAddress"][0] for one in found)

    assert (names(), names("OPT_IN"), names("OPT_OUT")) == ("abcd", "abc", "d")
    assert (names("OPT_IN", "news"), names("OPT_OUT", "news")) == ("c", "bd")
    assert names("OPT_IN", "news", default=True) == "ac"
    assert names("OPT_OUT", "ads", default=True) == "abcd"
    assert (names("OPT_OUT", "ads"), names(None, "news")) == ("", "bcd")


def test_contacts_are_listed_in_pages() -> None:
    """Each once; a token is good for the same filter."""
    v2 = with_list(Simulator())
    for n in range(5):
        v2.create_contact(**NEWS, EmailAddress=f"{n}@example.org")
    listed = pages(v2.list_contacts, "Contacts", **NEWS, PageSize=2)
    assert [[one["EmailAddress"][0] for one in page] for page in listed] == [
        ["0", "1"], ["2", "3"], ["4"],
    ]  # fmt: skip
    token = v2.list_contacts(**NEWS, PageSize=2)["NextToken"]
    with refused("BadRequestException"):
        v2.list_contacts(**NEWS, NextToken=token, Filter={"FilteredStatus": "OPT_IN"})


def test_what_is_not_there_is_told() -> None:
    """NotFoundException for the list and for the contact."""
    v2, _ = both(Simulator())
    missing = "List with name: people doesn't exist."
    for call in (v2.get_contact_list, v2.update_contact_list, v2.delete_contact_list):
        with refused("NotFoundException", 404, missing):
            call(**NEWS)
    with refused("NotFoundException", 404, missing):
        v2.create_contact(**ANN)
    v2.create_contact_list(**NEWS)
    for call in (v2.get_contact, v2.update_contact, v2.delete_contact):
        with refused("NotFoundException", 404, "Ann@example.org doesn't exist in List."):
            call(**ANN)
    v2.create_contact(**ANN)
    with refused("AlreadyExistsException", says="ann@example.org already exists in List."):
        v2.create_contact(**NEWS, EmailAddress="ann@example.org")
    v2.delete_contact(**ANN)
    assert v2.list_contacts(**NEWS)["Contacts"] == []


def test_bad_contacts_are_refused() -> None:
    """No address, a topic that the list does not have, a word that is none."""
    v2 = with_list(Simulator())
    with refused("BadRequestException", says="EmailAddress <ann> is invalid"):
        v2.create_contact(**NEWS, EmailAddress="ann")
    other = [{"TopicName": "sport", "SubscriptionStatus": "OPT_IN"}]
    with refused("BadRequestException", says="List: people doesn't contain Topic: sport"):
        v2.create_contact(**ANN, TopicPreferences=other)
    word = [{"TopicName": "news", "SubscriptionStatus": "YES"}]
    with refused("BadRequestException", says="'topicPreferences.1.member.subscriptionStatus'"):
        v2.create_contact(**ANN, TopicPreferences=word)
    assert v2.list_contacts(**NEWS)["Contacts"] == []
