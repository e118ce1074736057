"""A pipe by name: what can work, its ARNs, its template and its permissions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesguard import errors
from sesguard._core.pipe_permissions import iam_policy
from sesguard._core.pipe_plan import Call, Plan
from sesguard._core.pipe_policies import key_statements
from tests._core.pipe_samples import KEY, by_identities, by_set


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"account_id": "123"}, "account_id="),
        ({"account_id": 123456789012}, "account_id="),
        ({"region_name": "Ireland"}, "region_name="),
        ({"topic": "feedback.fifo"}, "FIFO"),
        ({"queue": "feedback.fifo"}, "FIFO"),
        ({"topic": "arn:aws:sns:eu-west-1:123456789012:feedback"}, "topic="),
        ({"topic": ""}, "topic="),
        ({"topic": None}, "topic="),
        ({"queue": "q" * 81}, "queue="),
        ({"queue": "q" * 70}, "dead_letter_queue="),
        ({"dead_letter_queue": "feedback"}, "the same"),
        ({"configuration_set": "a b"}, "configuration_set="),
        ({"event_destination": ""}, "event_destination="),
        ({"configuration_set": None}, "one of them"),
        ({"identities": ("example.com",)}, "one of them"),
        ({"configuration_set": None, "identities": ("arn:aws:x",)}, "not ARNs"),
        ({"configuration_set": None, "identities": (1,)}, "not ARNs"),
        ({"events": ("BOUNCE",)}, "COMPLAINT"),
        ({"events": ("BOUNCE", "COMPLAINT", "Bounces")}, "none but"),
        (
            {"configuration_set": None, "identities": "a.example", "events": ("BOUNCE", "OPEN")},
            "events=",
        ),
        ({"kms_key": "alias/aws/sqs"}, "alias"),
        ({"kms_key": KEY.replace("eu-west-1", "us-east-1")}, "us-east-1"),
        ({"max_receive_count": 0}, "max_receive_count="),
        ({"max_receive_count": 1001}, "max_receive_count="),
        ({"max_receive_count": True}, "max_receive_count="),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_when_it_is_built(other: dict[str, Any], says: str) -> None:
    """With the option to change, before AWS is asked."""
    with pytest.raises(errors.ConfigurationError, match=says):
        by_set(**other)


def test_names_follow_from_the_topic() -> None:
    """A bare string is one identity, and a second mention is none."""
    layout = by_identities("example.com", "a@example.org", "example.com")
    assert layout.dead_letter_queue == "feedback-dead-letters"
    assert layout.identities == ("example.com", "a@example.org")
    assert layout.source_names == ("example.com", "address-2")
    assert "example.org" not in repr(layout)
    assert by_set(configuration_set=None, identities="example.com").identities == ("example.com",)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_arns_are_of_the_partition(region: str, partition: str) -> None:
    """Of China, of GovCloud, or of the rest."""
    layout = by_set(region_name=region)
    assert layout.topic_arn == f"arn:{partition}:sns:{region}:123456789012:feedback"


def test_a_template_holds_the_whole_pipe() -> None:
    """Each resource in the order of CloudFormation's own dependencies, and plain JSON."""
    told = json.loads(json.dumps(Plan(layout=by_set(raw=True), steps=()).to_cloudformation()))
    made = told["Resources"]
    assert {name: one["Type"].rpartition("::")[2] for name, one in made.items()} == {
        "DeadLetterQueue": "Queue",
        "Queue": "Queue",
        "QueuePolicy": "QueuePolicy",
        "Topic": "Topic",
        "TopicPolicy": "TopicPolicy",
        "Subscription": "Subscription",
        "EventDestination": "ConfigurationSetEventDestination",
    }
    assert made["Subscription"]["Properties"]["RawMessageDelivery"] is True
    assert "Metadata" not in told
    redrive = made["Queue"]["Properties"]["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == 5


def test_what_a_template_cannot_say_is_in_its_metadata() -> None:
    """The topics of identities, and the statements for a key."""
    layout = by_identities(kms_key=KEY)
    told: Any = Plan(layout=layout, steps=()).to_cloudformation()
    assert "EventDestination" not in told["Resources"]
    assert told["Resources"]["Topic"]["Properties"]["KmsMasterKeyId"] == KEY
    assert told["Metadata"]["IdentityTopics"]["Identities"] == ["example.com"]
    assert told["Metadata"]["KeyPolicyStatements"] == list(key_statements(layout))


def test_events_are_spelt_as_cloudformation_does() -> None:
    """In camel case."""
    layout = by_set(events=("BOUNCE", "COMPLAINT", "RENDERING_FAILURE"))
    told: Any = Plan(layout=layout, steps=()).to_cloudformation()
    destination = told["Resources"]["EventDestination"]["Properties"]["EventDestination"]
    assert destination["MatchingEventTypes"] == ["bounce", "complaint", "renderingFailure"]


def allowed(document: Any) -> dict[str, set[str]]:
    """Actions by resource."""
    found: dict[str, set[str]] = {}
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        for resource in statement["Resource"]:
            found.setdefault(resource, set()).update(statement["Action"])
    return found


def test_a_worker_may_work_off_its_queue_and_nothing_else() -> None:
    """And use the key of what is encrypted."""
    layout = by_set()
    actions = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}
    assert allowed(iam_policy("worker", layout)) == {layout.queue_arn: actions}
    locked = allowed(iam_policy("worker", by_set(kms_key=KEY)))
    assert locked == {layout.queue_arn: actions, KEY: {"kms:Decrypt"}}


def test_a_sender_may_send_as_its_identities() -> None:
    """With its set it may use all identities; it may never touch queues."""
    by_name = allowed(iam_policy("sender", by_identities()))
    assert "arn:aws:ses:eu-west-1:123456789012:identity/example.com" in by_name
    assert by_name["*"] == {"ses:GetAccount"}
    with_set = allowed(iam_policy("sender", by_set()))
    assert "arn:aws:ses:eu-west-1:123456789012:identity/*" in with_set
    assert {action.partition(":")[0] for some in with_set.values() for action in some} == {"ses"}


@pytest.mark.parametrize("role", ["root", "", None, "Admin"])
def test_other_roles_are_refused(role: Any) -> None:
    """By name."""
    with pytest.raises(errors.ConfigurationError, match="'sender', 'worker' or 'admin'"):
        iam_policy(role, by_set())


def test_an_admin_is_allowed_no_action_of_other_services() -> None:
    """And no wildcard is among its actions; a key is looked at only."""
    for layout in (by_set(kms_key=KEY), by_identities()):
        of_admin = allowed(iam_policy("admin", layout))
        actions = {action for some in of_admin.values() for action in some}
        assert not any("*" in action for action in actions)
        assert {action.partition(":")[0] for action in actions} <= {"sqs", "sns", "ses", "kms"}
    assert allowed(iam_policy("admin", by_set(kms_key=KEY)))[KEY] == {
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
    }


@pytest.mark.parametrize("wrong", [{}, {"layout": {}, "steps": []}, {"layout": 1, "steps": []}])
def test_what_is_no_plan_is_not_read_as_one(wrong: dict[str, Any]) -> None:
    """Neither is one with a layout that cannot work, which says what is wrong with it."""
    with pytest.raises(errors.ConfigurationError, match="no plan of a pipe"):
        Plan.from_dict(wrong)


def test_a_call_shows_no_parameters() -> None:
    """Which may hold an address."""
    call = Call.of("ses", "set_identity_notification_topic", Identity="ann@example.org")
    assert "ann" not in repr(call)
    assert call.parameters == {"Identity": "ann@example.org"}


@pytest.mark.parametrize(
    ("service", "method"),
    [("iam", "create_user"), ("a@example.org", "x_y"), ("sns", "__class__"), ("sqs", "a@b")],
)
def test_a_pipe_has_no_other_calls(service: str, method: str) -> None:
    """Whatever a plan that was kept says."""
    with pytest.raises(errors.ConfigurationError, match="no such call") as caught:
        Call.of(service, method)
    assert "@" not in str(caught.value)
