"""Identities in API v1: their verification, their topics, and that API v2 sees the same."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from sesguard.simulator import Simulator
from tests.simulator.controls import TOPIC, both, refused

SILENT = {
    "BounceTopic": "",
    "ComplaintTopic": "",
    "DeliveryTopic": "",
    "ForwardingEnabled": True,
    "HeadersInBounceNotificationsEnabled": False,
    "HeadersInComplaintNotificationsEnabled": False,
    "HeadersInDeliveryNotificationsEnabled": False,
}


def notifications(v1: Any) -> dict[str, Any]:
    answer = v1.get_identity_notification_attributes(Identities=["example.com"])
    found: dict[str, Any] = answer["NotificationAttributes"]["example.com"]
    return found


def test_both_apis_see_the_same_identities() -> None:
    """Begun in v1, verified by the test, seen in both, deleted in v1."""
    sim = Simulator()
    v2, v1 = both(sim)
    token = v1.verify_domain_identity(Domain="Example.com")["VerificationToken"]
    v1.verify_email_identity(EmailAddress="us@example.com")
    assert v1.verify_domain_identity(Domain="example.com")["VerificationToken"] == token
    assert v1.list_identities()["Identities"] == ["example.com", "us@example.com"]
    assert v1.list_identities(IdentityType="Domain")["Identities"] == ["example.com"]
    assert v1.list_identities(IdentityType="EmailAddress")["Identities"] == ["us@example.com"]
    sim.verify("example.com")
    asked = ["example.com", "us@example.com", "nobody@example.com"]
    answer = v1.get_identity_verification_attributes(Identities=asked)
    assert answer["VerificationAttributes"] == {
        "example.com": {"VerificationStatus": "Success", "VerificationToken": token},
        "us@example.com": {"VerificationStatus": "Pending"},
    }
    assert v2.get_email_identity(EmailIdentity="example.com")["VerificationStatus"] == "SUCCESS"
    v1.delete_identity(Identity="example.com")
    v1.delete_identity(Identity="example.com")
    assert len(v2.list_email_identities()["EmailIdentities"]) == 1


def test_a_verification_that_failed_begins_anew() -> None:
    """VerifyEmailIdentity: after 24 hours it has failed, and is pending once more when asked."""
    sim = Simulator()
    _, v1 = both(sim)

    def status() -> str:
        asked = {"Identities": ["us@example.com"]}
        answer = v1.get_identity_verification_attributes(**asked)["VerificationAttributes"]
        return str(answer["us@example.com"]["VerificationStatus"])

    v1.verify_email_identity(EmailAddress="us@example.com")
    sim.clock.advance(timedelta(hours=24))
    assert status() == "Failed"
    v1.verify_email_identity(EmailAddress="us@example.com")
    assert status() == "Pending"
    sim.verify("us@example.com")
    v1.verify_email_identity(EmailAddress="us@example.com")
    assert status() == "Success"


def test_topics_are_set_and_taken_away() -> None:
    """SetIdentityNotificationTopic: one of each kind; without SnsTopic there is none."""
    sim = Simulator(identities=["example.com"])
    _, v1 = both(sim)
    assert notifications(v1) == SILENT
    for kind in ("Bounce", "Complaint", "Delivery"):
        v1.set_identity_notification_topic(
            Identity="example.com", NotificationType=kind, SnsTopic=f"{TOPIC}-{kind}"
        )
    found = notifications(v1)
    assert [found[f"{kind}Topic"] for kind in ("Bounce", "Complaint", "Delivery")] == [
        f"{TOPIC}-Bounce", f"{TOPIC}-Complaint", f"{TOPIC}-Delivery",
    ]  # fmt: skip
    v1.set_identity_notification_topic(Identity="example.com", NotificationType="Delivery")
    v1.set_identity_notification_topic(Identity="example.com", NotificationType="Delivery")
    assert notifications(v1)["DeliveryTopic"] == ""


def test_a_topic_is_told_that_it_was_subscribed() -> None:
    """AmazonSnsSubscriptionSucceeded names the topic, the kind and the identity."""
    sim = Simulator(identities=["example.com"])
    both(sim)[1].set_identity_notification_topic(
        Identity="example.com", NotificationType="Bounce", SnsTopic=TOPIC
    )
    (received,) = sim.source().receive(10, 0)
    notice = json.loads(json.loads(received.body)["Message"])
    assert notice["notificationType"] == "AmazonSnsSubscriptionSucceeded"
    assert TOPIC in notice["message"]
    assert "'example.com'" in notice["message"]


def test_headers_are_asked_for_by_kind() -> None:
    """SetIdentityHeadersInNotificationsEnabled, on and off."""
    _, v1 = both(Simulator(identities=["example.com"]))

    def set_headers(enabled: bool) -> None:
        v1.set_identity_headers_in_notifications_enabled(
            Identity="example.com", NotificationType="Bounce", Enabled=enabled
        )

    set_headers(True)
    assert notifications(v1) == {**SILENT, "HeadersInBounceNotificationsEnabled": True}
    set_headers(False)
    set_headers(False)
    assert notifications(v1) == SILENT


def test_forwarding_ends_only_where_both_topics_are() -> None:
    """SetIdentityFeedbackForwardingEnabled(false) wants a bounce and a complaint topic."""
    v2, v1 = both(Simulator(identities=["example.com"]))
    off = {"Identity": "example.com", "ForwardingEnabled": False}
    for kind in ("Bounce", "Complaint"):
        with refused("InvalidParameterValue", says="have an SNS topic"):
            v1.set_identity_feedback_forwarding_enabled(**off)
        v1.set_identity_notification_topic(
            Identity="example.com", NotificationType=kind, SnsTopic=TOPIC
        )
    v1.set_identity_feedback_forwarding_enabled(**off)
    assert notifications(v1)["ForwardingEnabled"] is False
    found = v2.get_email_identity(EmailIdentity="example.com")
    assert found["FeedbackForwardingStatus"] is False
    v1.set_identity_feedback_forwarding_enabled(Identity="example.com", ForwardingEnabled=True)
    assert notifications(v1)["ForwardingEnabled"] is True


@pytest.mark.parametrize("topic", ["", "events", f"{TOPIC}.fifo", TOPIC.replace(":sns:", ":sqs:")])
def test_a_topic_is_a_standard_one(topic: str) -> None:
    """InvalidParameterValue: SNS topic … is invalid."""
    _, v1 = both(Simulator(identities=["example.com"]))
    with refused("InvalidParameterValue", says=f"SNS topic {topic} is invalid."):
        v1.set_identity_notification_topic(
            Identity="example.com", NotificationType="Bounce", SnsTopic=topic
        )


def test_what_is_not_there_is_refused_or_left_out() -> None:
    """InvalidParameterValue for setting, nothing for asking; words are checked."""
    _, v1 = both(Simulator())
    nobody = {"Identity": "example.com"}
    says = "Identity example.com is invalid. Must be a verified email address or domain."
    with refused("InvalidParameterValue", says=says):
        v1.set_identity_notification_topic(**nobody, NotificationType="Bounce", SnsTopic=TOPIC)
    with refused("InvalidParameterValue", says=says):
        v1.set_identity_feedback_forwarding_enabled(**nobody, ForwardingEnabled=True)
    with refused("InvalidParameterValue", says=says):
        v1.set_identity_headers_in_notifications_enabled(
            **nobody, NotificationType="Bounce", Enabled=True
        )
    with refused("ValidationError", says="'notificationType' failed to satisfy constraint"):
        v1.set_identity_notification_topic(**nobody, NotificationType="BOUNCE")
    with refused("InvalidParameterValue", says="Identity nowhere is invalid."):
        v1.verify_domain_identity(Domain="nowhere")
    answer = v1.get_identity_notification_attributes(Identities=["example.com"])
    assert answer["NotificationAttributes"] == {}


def test_a_hundred_may_be_asked_for_at_a_time() -> None:
    """GetIdentityVerificationAttributes and GetIdentityNotificationAttributes."""
    _, v1 = both(Simulator())
    hundred = [f"{n}.example.com" for n in range(100)]
    v1.get_identity_verification_attributes(Identities=hundred)
    with refused("InvalidParameterValue"):
        v1.get_identity_verification_attributes(Identities=[*hundred, "example.com"])
    with refused("InvalidParameterValue"):
        v1.get_identity_notification_attributes(Identities=[*hundred, "example.com"])


def test_botocores_own_paginator_is_served() -> None:
    """ListIdentities through ``get_paginator``: each name once, in pages of MaxItems."""
    sim = Simulator(identities=[f"{n}.example.com" for n in range(5)])
    _, v1 = both(sim)
    found = v1.get_paginator("list_identities").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["Identities"]) for page in found] == [2, 2, 1]
    with refused("InvalidParameterValue", says="MaxItems must be between 1 and 1000"):
        v1.list_identities(MaxItems=1001)
