"""A pipe, planned, set up, used and taken down: on moto, and on the simulator's SES."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from sesguard import Worker, errors, infra
from sesguard.simulator import Simulator
from sesguard.sources import SQSSource
from sesguard.stores import MemoryStore
from tests.infra.conftest import REGION, Account
from tests.peers import feedback

CREATED = [
    "sqs.CreateQueue",
    "sns.CreateTopic",
    "sqs.CreateQueue",
    "sns.Subscribe",
    "sesv2.CreateConfigurationSetEventDestination",
]
TOPIC = f"arn:aws:sns:{REGION}:123456789012:feedback"
QUEUE = f"arn:aws:sqs:{REGION}:123456789012:feedback"


def verbs(plan: infra.Plan) -> list[str]:
    return [str(step.verb) for step in plan.steps]


def test_a_plan_changes_nothing(account: Account) -> None:
    """To plan and to verify only reads."""
    pipe = account.pipe()
    plan = pipe.plan()
    assert verbs(plan) == ["create"] * 5
    assert plan.changes
    assert [finding.code for finding in pipe.verify()] == [
        "destination_missing",
        "topic_missing",
        "queue_missing",
    ]
    assert account.writes == []
    assert str(plan).splitlines()[0] == "feedback in eu-west-1, account 123456789012: 5 to create"


def test_the_second_time_nothing_is_written(account: Account) -> None:
    """The same plan, and a new one."""
    pipe = account.pipe()
    plan = pipe.plan()
    assert pipe.apply(plan) == plan
    assert account.writes == CREATED
    assert verbs(pipe.apply(plan)) == ["keep"] * 5
    again = pipe.plan()
    assert not again.changes
    pipe.apply(again)
    assert account.writes == []
    assert pipe.verify() == ()


def test_the_policies_are_as_sns_and_ses_need_them(account: Account) -> None:
    """The queue lets the topic write and no other; the topic lets SES, for this account and set."""
    pipe = account.pipe()
    pipe.apply(pipe.plan())
    (of_queue,), (of_topic,) = (
        policy["Statement"] for policy in (account.queue_policy(), account.topic_policy(TOPIC))
    )
    assert {**of_queue, "Sid": ""} == {
        "Sid": "",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
    }
    assert {**of_topic, "Sid": ""} == {
        "Sid": "",
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
        "Condition": {
            "StringEquals": {
                "AWS:SourceAccount": "123456789012",
                "AWS:SourceArn": f"arn:aws:ses:{REGION}:123456789012:configuration-set/main",
            }
        },
    }
    told = account.sqs.get_queue_attributes(QueueUrl=account.url(), AttributeNames=["All"])
    assert json.loads(told["Attributes"]["RedrivePolicy"]) == {
        "deadLetterTargetArn": f"{QUEUE}-dead-letters",
        "maxReceiveCount": 5,
    }


@pytest.mark.parametrize("raw", [False, True])
def test_a_bounce_comes_through_to_the_list(account: Account, raw: bool) -> None:
    """Published to the topic, it is received, applied and deleted."""
    pipe = account.pipe(raw=raw)
    plan = pipe.plan()
    pipe.apply(plan)
    record = feedback.bounce(["bob@example.org"])
    account.sns.publish(TopicArn=plan.layout.topic_arn, Message=json.dumps(record))
    store = MemoryStore()
    source = SQSSource(account.url(), boto3_client=account.sqs, wait_seconds=0)
    with Worker(source, store=store) as worker:
        tally = worker.drain()
    assert (tally.applied, tally.deleted) == (1, 1)
    assert [entry.address for entry in store.entries().items] == ["bob@example.org"]


def test_identities_tell_the_topic_what_becomes_of_their_mail(account: Account) -> None:
    """For an address too, which no plan shows."""
    account.ses.verify_email_identity(EmailAddress="ann@example.org")
    pipe = account.pipe(identities=["example.com", "ann@example.org"])
    plan = pipe.plan()
    for text in (str(plan), repr(plan), repr(plan.layout), *map(str, pipe.verify()), repr(pipe)):
        assert "ann@" not in text
    pipe.apply(plan)
    assert account.writes[4:] == ["ses.SetIdentityNotificationTopic"] * 6
    pipe.apply(pipe.plan())
    assert account.writes == []
    told = account.ses.get_identity_notification_attributes(Identities=["ann@example.org"])
    assert told["NotificationAttributes"]["ann@example.org"]["BounceTopic"] == TOPIC
    assert len(account.topic_policy(TOPIC)["Statement"]) == 2
    for text in (str(plan), repr(plan), *map(str, pipe.verify())):
        assert "ann@" not in text


def test_a_queue_that_is_there_is_used_and_kept(account: Account) -> None:
    """Its policy gets a statement, and its other attributes stay."""
    theirs = {"Sid": "x", "Effect": "Deny", "Principal": {"AWS": "1" * 12}, "Action": "sqs:*"}
    policy = {"Version": "2012-10-17", "Statement": theirs}
    account.sqs.create_queue(
        QueueName="feedback",
        Attributes={"Policy": json.dumps(policy), "VisibilityTimeout": "77"},
    )
    account.sns.create_topic(Name="feedback")
    default = account.topic_policy(TOPIC)["Statement"]
    pipe = account.pipe()
    plan = pipe.plan()
    assert verbs(plan) == ["create", "change", "change", "create", "create"]
    pipe.apply(plan)
    assert account.writes[1:3] == ["sns.SetTopicAttributes", "sqs.SetQueueAttributes"]
    assert account.queue_policy()["Statement"][0] == theirs
    assert account.topic_policy(TOPIC)["Statement"][:-1] == default
    told = account.sqs.get_queue_attributes(QueueUrl=account.url(), AttributeNames=["All"])
    assert told["Attributes"]["VisibilityTimeout"] == "77"
    pipe.apply(plan)
    assert account.writes == []
    assert pipe.verify() == ()

    undone = pipe.destroy(plan)
    assert account.queue_policy()["Statement"] == [theirs]
    assert account.topic_policy(TOPIC)["Statement"] == default
    assert verbs(undone) == ["delete", "delete", "change", "change", "delete"]


STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Principal": st.sampled_from(["*", {"AWS": "210987654321"}, {"Service": "sns"}]),
            "Action": st.sampled_from(["sqs:SendMessage", ["sqs:*"], "sqs:GetQueueUrl"]),
        },
        optional={
            "Sid": st.text("abc", min_size=1, max_size=3),
            "Condition": st.dictionaries(
                st.sampled_from(["StringLike", "Bool", "ArnEquals"]),
                st.dictionaries(st.text("a:", min_size=1), st.text(max_size=9), max_size=2),
                max_size=2,
            ),
        },
    ),
    max_size=4,
)


@settings(max_examples=30)
@given(STATEMENTS)
def test_what_is_in_a_policy_survives(theirs: list[dict[str, Any]]) -> None:
    """Every statement, byte for byte, when the pipe is set up and when it is taken down."""
    with mock_aws(), Simulator(configuration_sets=["main"], region_name=REGION) as sim:
        account = Account(sim)
        text = json.dumps({"Version": "2012-10-17", "Statement": theirs})
        account.sqs.create_queue(QueueName="feedback", Attributes={"Policy": text})
        pipe = account.pipe()
        plan = pipe.plan()
        pipe.apply(plan)
        (call,) = next(step.calls for step in plan.steps if step.part is infra.Part.QUEUE)
        written, at = call.parameters["Attributes"]["Policy"], 0
        for one in theirs:
            at = written.index(json.dumps(one), at) + 1
        assert account.queue_policy()["Statement"][:-1] == theirs
        assert not pipe.plan().changes
        pipe.destroy(plan)
        told = account.sqs.get_queue_attributes(QueueUrl=account.url(), AttributeNames=["All"])
        left = json.loads(told["Attributes"].get("Policy") or '{"Statement": []}')
        assert left["Statement"] == theirs
        account.close()


def test_a_statement_that_lets_everybody_in_does_not_count(account: Account) -> None:
    """The pipe's own is added, and the other one is a finding until it is gone."""
    opened = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "sqs:*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [opened]})
    account.sqs.create_queue(QueueName="feedback", Attributes={"Policy": policy})
    pipe = account.pipe()
    pipe.apply(pipe.plan())
    assert [one["Sid"] == "Open" for one in account.queue_policy()["Statement"]] == [True, False]
    (finding,) = pipe.verify()
    assert (finding.code, finding.severity) == ("queue_open", infra.Severity.RISK)
    assert "Open" in finding.what


def test_another_pipe_into_the_same_topic_takes_nothing_from_the_first(account: Account) -> None:
    """Each set has its statement in the topic's policy."""
    account.sesv2.create_configuration_set(ConfigurationSetName="bulk")
    one, two = account.pipe(), account.pipe(configuration_set="bulk")
    first = one.plan()
    one.apply(first)
    second = two.plan()
    assert verbs(second) == ["keep", "change", "keep", "keep", "create"]
    two.apply(second)
    assert (one.verify(), two.verify()) == ((), ())
    two.destroy(second)
    assert one.verify() == ()


def test_a_plan_that_is_out_of_date_is_not_applied(account: Account) -> None:
    """What somebody wrote in between would be lost."""
    account.sqs.create_queue(QueueName="feedback")
    pipe = account.pipe()
    plan = pipe.plan()
    theirs = {"Effect": "Allow", "Principal": {"AWS": "1" * 12}, "Action": "sqs:SendMessage"}
    account.set_queue(Policy=json.dumps({"Version": "2012-10-17", "Statement": [theirs]}))
    with pytest.raises(errors.ConfigurationError, match="queue feedback is not any more"):
        pipe.apply(plan)
    assert account.writes == []
    pipe.apply(pipe.plan())
    assert account.queue_policy()["Statement"][0] == theirs


def test_what_was_half_done_is_done_to_the_end(account: Account) -> None:
    """The same plan once more does the rest."""
    pipe = account.pipe()
    plan = pipe.plan()
    account.sim.fail_next(1, "rate")
    for call in plan.steps[0].calls + plan.steps[1].calls:
        getattr(getattr(account, call.service), call.method)(**call.parameters)
    assert verbs(pipe.apply(plan)) == ["keep", "keep", "create", "create", "create"]
    assert account.writes == CREATED[2:]


def test_a_plan_of_another_pipe_is_refused(account: Account) -> None:
    """And so is what is no plan."""
    plan = account.pipe("other").plan()
    wrong: Any
    for wrong in (plan, None, plan.to_dict()):
        with pytest.raises(errors.ConfigurationError):
            account.pipe().apply(wrong)
        with pytest.raises(errors.ConfigurationError):
            account.pipe().destroy(wrong)
    assert account.writes == []


def test_what_was_made_is_taken_down_and_nothing_else(account: Account) -> None:
    """By the plan, also by one that was kept as JSON; the second time nothing is written."""
    pipe = account.pipe()
    plan = pipe.plan()
    pipe.apply(plan)
    kept = json.dumps(plan.to_dict())
    account.calls.clear()
    with account.pipe() as later:
        undone = later.destroy(infra.Plan.from_dict(json.loads(kept)))
        assert verbs(undone) == ["delete"] * 5
        assert account.writes == [
            "sesv2.DeleteConfigurationSetEventDestination",
            "sns.Unsubscribe",
            "sqs.DeleteQueue",
            "sns.DeleteTopic",
            "sqs.DeleteQueue",
        ]
        assert later.destroy(plan).steps == ()
    assert account.writes == []
    assert account.sns.list_topics()["Topics"] == []
    assert "QueueUrls" not in account.sqs.list_queues()


def test_an_identity_gets_its_old_topic_back(account: Account) -> None:
    """What it told before, it tells again; where it told none, none."""
    old = str(account.sns.create_topic(Name="old")["TopicArn"])
    account.ses.set_identity_notification_topic(
        Identity="example.com", NotificationType="Bounce", SnsTopic=old
    )
    pipe = account.pipe(identities="example.com")
    plan = pipe.plan()
    assert old in str(plan)
    pipe.apply(plan)
    pipe.destroy(plan)
    told = account.ses.get_identity_notification_attributes(Identities=["example.com"])
    of_it = told["NotificationAttributes"]["example.com"]
    assert (of_it["BounceTopic"], of_it.get("ComplaintTopic", "")) == (old, "")


def test_messages_are_not_lost_by_taking_down(account: Account) -> None:
    """A queue that holds some is refused, before anything is done."""
    pipe = account.pipe()
    plan = pipe.plan()
    pipe.apply(plan)
    account.sqs.send_message(QueueUrl=account.url(), MessageBody="a")
    account.calls.clear()
    with pytest.raises(errors.ConfigurationError, match="about 1 messages"):
        pipe.destroy(plan)
    assert account.writes == []
    assert verbs(pipe.destroy(plan, discard_messages=True)) == ["delete"] * 5


def test_a_topic_that_others_listen_to_is_not_taken_down(account: Account) -> None:
    """They would hear nothing more."""
    pipe = account.pipe()
    plan = pipe.plan()
    pipe.apply(plan)
    other = account.sqs.create_queue(QueueName="other")["QueueUrl"]
    account.sns.subscribe(
        TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE.replace("feedback", "other")
    )
    assert other
    with pytest.raises(errors.ConfigurationError, match="1 other subscriptions"):
        pipe.destroy(plan)


def test_the_form_of_messages_is_changed_where_it_is_another(account: Account) -> None:
    """And stays when the plan is undone."""
    first = account.pipe()
    first.apply(first.plan())
    account.calls.clear()
    pipe = account.pipe(raw=True)
    plan = pipe.plan()
    assert [finding.code for finding in pipe.verify()] == ["raw_delivery"]
    pipe.apply(plan)
    assert account.writes == ["sns.SetSubscriptionAttributes"]
    assert pipe.verify() == ()
    assert verbs(pipe.destroy(plan)) == ["keep"]
    assert account.writes == []


def test_an_event_destination_is_mended(account: Account) -> None:
    """What it tells besides, it goes on to tell."""
    pipe = account.pipe()
    pipe.apply(pipe.plan())
    account.sesv2.update_configuration_set_event_destination(
        ConfigurationSetName="main",
        EventDestinationName="sesguard",
        EventDestination={
            "Enabled": False,
            "MatchingEventTypes": ["BOUNCE", "OPEN"],
            "SnsDestination": {"TopicArn": TOPIC},
        },
    )
    assert [finding.code for finding in pipe.verify()] == ["destination_disabled"]
    plan = pipe.plan()
    assert verbs(plan)[-1] == "change"
    pipe.apply(plan)
    (told,) = account.sesv2.get_configuration_set_event_destinations(ConfigurationSetName="main")[
        "EventDestinations"
    ]
    assert told["Enabled"]
    assert sorted(told["MatchingEventTypes"]) == ["BOUNCE", "COMPLAINT", "DELIVERY", "OPEN"]
    assert pipe.verify() == ()
    assert verbs(pipe.destroy(plan)) == ["keep"]


def test_a_name_that_leads_elsewhere_is_not_taken(account: Account) -> None:
    """An event destination of somebody else's is not turned round."""
    other = account.pipe("other")
    other.apply(other.plan())
    with pytest.raises(errors.ConfigurationError, match="event_destination="):
        account.pipe().plan()
    pipe = account.pipe(event_destination="second")
    pipe.apply(pipe.plan())
    assert (pipe.verify(), other.verify()) == ((), ())


@pytest.mark.parametrize("options", [{"configuration_set": "none"}, {"identities": "none.example"}])
def test_a_source_that_is_not_there_is_said(account: Account, options: dict[str, Any]) -> None:
    """A pipe does not make sets and identities."""
    pipe = account.pipe(**options)
    with pytest.raises(errors.NotFoundError, match="none"):
        pipe.plan()
    assert pipe.verify()[0].code == "source_missing"


def test_the_keys_of_aws_are_refused(account: Account) -> None:
    """Nobody can let SNS and SES use them; with a key of one's own it is mended."""
    account.sqs.create_queue(QueueName="feedback", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    account.sns.create_topic(Name="feedback", Attributes={"KmsMasterKeyId": "alias/aws/sns"})
    pipe = account.pipe()
    with pytest.raises(errors.ConfigurationError, match="AWS manages"):
        pipe.plan()
    found = {finding.code: finding for finding in pipe.verify()}
    assert found["managed_key"].severity is infra.Severity.BROKEN
    key = account.key()
    own = account.pipe(kms_key=key)
    plan = own.plan()
    assert verbs(plan).count("by hand") == 2
    own.apply(plan)
    account.calls.clear()
    assert {finding.code for finding in own.verify()} == {"key_policy"}
    statements = list(infra.key_statements(plan.layout))
    account.kms.put_key_policy(
        KeyId=key,
        PolicyName="default",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    assert own.verify() == ()
    assert not own.plan().changes


def test_a_key_that_is_none_is_refused(account: Account) -> None:
    """One that is gone, and one that is disabled."""
    gone = f"arn:aws:kms:{REGION}:123456789012:key/11111111-2222-3333-4444-555555555555"
    off = account.key()
    account.kms.disable_key(KeyId=off.rpartition("/")[2])
    for key in (gone, off):
        with pytest.raises(errors.ConfigurationError, match="not there, or not enabled"):
            account.pipe(kms_key=key).plan()
    account.sqs.create_queue(QueueName="feedback", Attributes={"KmsMasterKeyId": off})
    assert "key_unusable" in {finding.code for finding in account.pipe().verify()}


def test_the_key_of_a_queue_that_is_there_is_kept(account: Account) -> None:
    """By whichever name it has there."""
    key = account.key()
    account.sqs.create_queue(
        QueueName="feedback", Attributes={"KmsMasterKeyId": key.rpartition("/")[2]}
    )
    pipe = account.pipe()
    pipe.apply(pipe.plan())
    assert {finding.code for finding in pipe.verify()} == {"key_policy"}
    assert "KmsMasterKeyId" not in str(account.pipe(kms_key=key).plan().steps[2])
