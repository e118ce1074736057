"""A pipe as a template of CloudFormation. Pure."""

from __future__ import annotations

from sesguard._core.pipe_layout import Layout
from sesguard._core.pipe_policies import key_statements, queue_statement, topic_statements

__all__ = ["RETENTION", "policy", "template"]

RETENTION = {"queue": 345_600, "dead_letter_queue": 1_209_600}
"""
Seconds that messages are kept: 4 days and 14.

Source:
    SQS Developer Guide, "Using dead-letter queues in Amazon SQS": a message keeps its age when it
    is set aside.
"""


def policy(*statements: dict[str, object]) -> dict[str, object]:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def template(layout: Layout) -> dict[str, object]:
    """
    The template of a whole pipe.

    Source:
        CloudFormation Template Reference, AWS::SQS::Queue, AWS::SNS::Topic and the like.
    """
    resources: dict[str, object] = {**_queues(layout), **_topic(layout)}
    metadata: dict[str, object] = {}
    if layout.configuration_set is not None:
        resources["EventDestination"] = _destination(layout)
    else:
        metadata["IdentityTopics"] = {
            "Note": "CloudFormation cannot set these. Set each with SetIdentityNotificationTopic.",
            "Identities": list(layout.identities),
            "NotificationTypes": [event.capitalize() for event in layout.events],
        }
    if layout.kms_key is not None:
        metadata["KeyPolicyStatements"] = list(key_statements(layout))
    made: dict[str, object] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Feedback of SES, through the topic {layout.topic}.",
        "Resources": resources,
    }
    return {**made, "Metadata": metadata} if metadata else made


def _queues(layout: Layout) -> dict[str, object]:
    locked = {"KmsMasterKeyId": layout.kms_key} if layout.kms_key else {}
    return {
        "DeadLetterQueue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": layout.dead_letter_queue,
                "MessageRetentionPeriod": RETENTION["dead_letter_queue"],
                **locked,
            },
        },
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": layout.queue,
                "MessageRetentionPeriod": RETENTION["queue"],
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]},
                    "maxReceiveCount": layout.max_receive_count,
                },
                **locked,
            },
        },
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": policy(queue_statement(layout)),
            },
        },
    }


def _topic(layout: Layout) -> dict[str, object]:
    locked = {"KmsMasterKeyId": layout.kms_key} if layout.kms_key else {}
    return {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": layout.topic, **locked}},
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": policy(*topic_statements(layout)),
            },
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "DependsOn": "QueuePolicy",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
                "RawMessageDelivery": layout.raw,
            },
        },
    }


def _destination(layout: Layout) -> dict[str, object]:
    return {
        "Type": "AWS::SES::ConfigurationSetEventDestination",
        "DependsOn": ["TopicPolicy", "Subscription"],
        "Properties": {
            "ConfigurationSetName": layout.configuration_set,
            "EventDestination": {
                "Name": layout.event_destination,
                "Enabled": True,
                "MatchingEventTypes": [_camel(event) for event in layout.events],
                "SnsDestination": {"TopicARN": {"Ref": "Topic"}},
            },
        },
    }


def _camel(event: str) -> str:
    """``renderingFailure`` of ``RENDERING_FAILURE``, as this resource spells it."""
    first, *rest = event.lower().split("_")
    return first + "".join(map(str.capitalize, rest))
