"""What a role has to be allowed, and no more. Pure."""

from __future__ import annotations

from typing import Literal, TypeAlias

from sesguard._core.pipe_layout import Layout
from sesguard._core.pipe_template import policy
from sesguard.errors import ConfigurationError

__all__ = ["Role", "iam_policy"]

Role: TypeAlias = Literal["sender", "worker", "admin"]


def iam_policy(role: Role, layout: Layout) -> dict[str, object]:
    """
    The policy for the IAM role that sends, works off the queue, or sets up the pipe.

    Args:
        role: ``"sender"`` for `Client`, ``"worker"`` for `Worker` over an `SQSSource`, ``"admin"``
            for `Pipe`.

        layout: The pipe. A sender may mail as its identities; where it has none, as all of the
            account's, with its configuration set.

    Returns:
        The document; ``json.dumps`` it.

    Raises:
        ConfigurationError: There is no such role.

    Source:
        Service Authorization Reference, Amazon SES v2, SNS and SQS: actions that know no resource
        are allowed for all.
    """
    makers = {"sender": _sender, "worker": _worker, "admin": _admin}
    if role not in makers:
        raise ConfigurationError("role must be 'sender', 'worker' or 'admin'.")
    return policy(*makers[role](layout))


def _sender(layout: Layout) -> list[dict[str, object]]:
    account = f"arn:{layout.partition}:ses:{layout.region_name}:{layout.account_id}"
    known = layout.configuration_set is None
    sources = list(layout.source_arns) if known else [f"{account}:identity/*", *layout.source_arns]
    # A mail in MIME asks for ses:SendRawEmail over API v2 too.
    return [
        _allow("SendMail", sources, "ses:SendEmail", "ses:SendRawEmail"),
        _allow(
            "SendTemplates",
            [*sources, f"{account}:template/*"],
            *("ses:SendTemplatedEmail", "ses:SendBulkEmail", "ses:SendBulkTemplatedEmail"),
        ),
        _allow("ReadTheRate", ["*"], "ses:GetAccount"),
    ]


def _worker(layout: Layout) -> list[dict[str, object]]:
    actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
    allowed = [_allow("WorkOffTheQueue", [layout.queue_arn], *actions)]
    if layout.kms_key is not None:
        allowed.append(_allow("ReadWhatIsEncrypted", [layout.kms_key], "kms:Decrypt"))
    return allowed


def _admin(layout: Layout) -> list[dict[str, object]]:
    allowed = [
        _allow(
            "Queues",
            [layout.queue_arn, layout.dead_letter_queue_arn],
            *("sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
            "sqs:SetQueueAttributes",
        ),
        _allow(
            "Topic",
            [layout.topic_arn],
            *("sns:CreateTopic", "sns:DeleteTopic", "sns:GetTopicAttributes"),
            *("sns:ListSubscriptionsByTopic", "sns:SetTopicAttributes", "sns:Subscribe"),
        ),
        _allow(
            "Subscription",
            ["*"],
            *("sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes"),
            "sns:Unsubscribe",
        ),
        _allow("Identities", ["*"], *_OF_IDENTITIES),
    ]
    if layout.configuration_set is not None:
        allowed.append(_allow("EventDestination", list(layout.source_arns), *_OF_SETS))
    else:
        allowed.append(_allow("SetOfIdentities", list(layout.source_arns), "ses:GetEmailIdentity"))
        account = f"arn:{layout.partition}:ses:{layout.region_name}:{layout.account_id}"
        allowed.append(_allow("LookIntoSets", [f"{account}:configuration-set/*"], _OF_SETS[0]))
    if layout.kms_key is not None:
        allowed.append(
            _allow("LookAtTheKey", [layout.kms_key], "kms:DescribeKey", "kms:GetKeyPolicy")
        )
    return allowed


_OF_IDENTITIES = (
    *("ses:GetIdentityNotificationAttributes", "ses:ListIdentities"),
    "ses:SetIdentityNotificationTopic",
)
_OF_SETS = (
    *("ses:GetConfigurationSetEventDestinations", "ses:CreateConfigurationSetEventDestination"),
    *("ses:DeleteConfigurationSetEventDestination", "ses:UpdateConfigurationSetEventDestination"),
)


def _allow(sid: str, resources: list[str], *actions: str) -> dict[str, object]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resources}
