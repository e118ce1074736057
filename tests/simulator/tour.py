"""One successful call of every operation, in an order in which each finds what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from tests.simulator.controls import TOPIC

__all__ = ["calls"]

Step: TypeAlias = tuple[str, dict[str, Any]]

_SET = {"ConfigurationSetName": "main"}
_FEEDBACK = {**_SET, "EventDestinationName": "feedback"}
_OURS = {"EmailIdentity": "example.com"}
_OURS_V1 = {"Identity": "example.com"}
_PEOPLE = {"ContactListName": "people"}
_ANN = {**_PEOPLE, "EmailAddress": "ann@example.org"}
_HELLO = {"TemplateName": "hello"}
_PARTS = {"Subject": "Hi {{name}}", "Text": "Hello {{name}}"}
_PARTS_V1 = {"SubjectPart": "Hi {{name}}", "TextPart": "Hello {{name}}"}
_SNS = {"MatchingEventTypes": ["BOUNCE"], "SnsDestination": {"TopicArn": TOPIC}}
_SNS_V1 = {"MatchingEventTypes": ["bounce"], "SNSDestination": {"TopicARN": TOPIC}}
_TO = {"ToAddresses": ["ann@example.org"]}
_BODY = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hello"}}}
_RAW = b"From: us@example.com\r\nTo: ann@example.org\r\nSubject: Hi\r\n\r\nHello"
_DATA = '{"name": "Ann"}'
_US = {"FromEmailAddress": "us@example.com"}
_US_V1 = {"Source": "us@example.com"}
_BULK = {"DefaultContent": {"Template": {**_HELLO, "TemplateData": _DATA}}}
FILE = "s3://bucket/list.csv"


def calls(job_id: str) -> Iterator[Step]:
    """
    The names of the operations and the parameters to call them with.

    Args:
        job_id: Of an import job that is there.
    """
    yield from _account()
    yield from _identities()
    yield from _sets()
    yield from _templates()
    yield from _contacts()
    yield from _suppression(job_id)
    yield from _sends()
    yield from _deletions()


def _account() -> Iterator[Step]:
    yield "sesv2.PutAccountSendingAttributes", {"SendingEnabled": True}
    yield "sesv2.PutAccountSuppressionAttributes", {"SuppressedReasons": ["BOUNCE"]}
    yield "ses.UpdateAccountSendingEnabled", {"Enabled": True}
    yield "ses.GetAccountSendingEnabled", {}


def _identities() -> Iterator[Step]:
    yield "sesv2.CreateEmailIdentity", _OURS
    yield "sesv2.PutEmailIdentityDkimAttributes", {**_OURS, "SigningEnabled": True}
    yield (
        "sesv2.PutEmailIdentityDkimSigningAttributes",
        {**_OURS, "SigningAttributesOrigin": "AWS_SES"},
    )
    yield (
        "sesv2.PutEmailIdentityMailFromAttributes",
        {**_OURS, "MailFromDomain": "mail.example.com"},
    )
    yield "sesv2.PutEmailIdentityFeedbackAttributes", {**_OURS, "EmailForwardingEnabled": True}
    yield "sesv2.PutEmailIdentityConfigurationSetAttributes", _OURS
    yield "sesv2.GetEmailIdentity", _OURS
    yield "sesv2.ListEmailIdentities", {}
    yield "ses.VerifyEmailIdentity", {"EmailAddress": "us@example.net"}
    yield "ses.VerifyDomainIdentity", {"Domain": "example.net"}
    yield "ses.ListIdentities", {}
    yield "ses.GetIdentityVerificationAttributes", {"Identities": ["example.com"]}
    bounces = {**_OURS_V1, "NotificationType": "Bounce"}
    yield "ses.SetIdentityNotificationTopic", {**bounces, "SnsTopic": TOPIC}
    yield "ses.SetIdentityFeedbackForwardingEnabled", {**_OURS_V1, "ForwardingEnabled": True}
    yield "ses.SetIdentityHeadersInNotificationsEnabled", {**bounces, "Enabled": True}
    yield "ses.GetIdentityNotificationAttributes", {"Identities": ["example.com"]}


def _sets() -> Iterator[Step]:
    yield "sesv2.CreateConfigurationSet", _SET
    yield "sesv2.PutConfigurationSetSendingOptions", {**_SET, "SendingEnabled": True}
    yield "sesv2.PutConfigurationSetSuppressionOptions", {**_SET, "SuppressedReasons": ["BOUNCE"]}
    yield "sesv2.PutConfigurationSetReputationOptions", {**_SET, "ReputationMetricsEnabled": True}
    yield "sesv2.PutConfigurationSetDeliveryOptions", {**_SET, "TlsPolicy": "REQUIRE"}
    yield "sesv2.PutConfigurationSetTrackingOptions", _SET
    yield "sesv2.CreateConfigurationSetEventDestination", {**_FEEDBACK, "EventDestination": _SNS}
    yield "sesv2.UpdateConfigurationSetEventDestination", {**_FEEDBACK, "EventDestination": _SNS}
    yield "sesv2.GetConfigurationSetEventDestinations", _SET
    yield "sesv2.GetConfigurationSet", _SET
    yield "sesv2.ListConfigurationSets", {}
    yield "ses.CreateConfigurationSet", {"ConfigurationSet": {"Name": "old"}}
    for change in ("Create", "Update"):
        yield (
            f"ses.{change}ConfigurationSetEventDestination",
            {"ConfigurationSetName": "old", "EventDestination": {"Name": "feedback", **_SNS_V1}},
        )
    yield (
        "ses.DescribeConfigurationSet",
        {"ConfigurationSetName": "old", "ConfigurationSetAttributeNames": ["eventDestinations"]},
    )


def _templates() -> Iterator[Step]:
    yield "sesv2.CreateEmailTemplate", {**_HELLO, "TemplateContent": _PARTS}
    yield "sesv2.UpdateEmailTemplate", {**_HELLO, "TemplateContent": _PARTS}
    yield "sesv2.GetEmailTemplate", _HELLO
    yield "sesv2.ListEmailTemplates", {}
    yield "sesv2.TestRenderEmailTemplate", {**_HELLO, "TemplateData": _DATA}
    yield "ses.CreateTemplate", {"Template": {"TemplateName": "old", **_PARTS_V1}}
    yield "ses.UpdateTemplate", {"Template": {"TemplateName": "old", **_PARTS_V1}}
    yield "ses.GetTemplate", {"TemplateName": "old"}
    yield "ses.ListTemplates", {}


def _contacts() -> Iterator[Step]:
    yield "sesv2.CreateContactList", _PEOPLE
    yield "sesv2.UpdateContactList", {**_PEOPLE, "Description": "All of them"}
    yield "sesv2.GetContactList", _PEOPLE
    yield "sesv2.ListContactLists", {}
    yield "sesv2.CreateContact", _ANN
    yield "sesv2.UpdateContact", _ANN
    yield "sesv2.GetContact", _ANN
    yield "sesv2.ListContacts", _PEOPLE


def _suppression(job_id: str) -> Iterator[Step]:
    eve = {"EmailAddress": "eve@example.org"}
    yield "sesv2.PutSuppressedDestination", {**eve, "Reason": "BOUNCE"}
    yield "sesv2.GetSuppressedDestination", eve
    yield "sesv2.ListSuppressedDestinations", {}
    yield "sesv2.DeleteSuppressedDestination", eve
    yield (
        "sesv2.PutTenantSuppressionAttributes",
        {"TenantName": "blue", "SuppressedReasons": ["BOUNCE"]},
    )
    yield (
        "sesv2.CreateImportJob",
        {
            "ImportDestination": {
                "SuppressionListDestination": {"SuppressionListImportAction": "PUT"}
            },
            "ImportDataSource": {"S3Url": FILE, "DataFormat": "CSV"},
        },
    )
    yield "sesv2.GetImportJob", {"JobId": job_id}
    yield "sesv2.ListImportJobs", {}
    yield "sesv2.GetEmailAddressInsights", eve


def _sends() -> Iterator[Step]:
    filled = {**_HELLO, "TemplateData": _DATA}
    filled_v1 = {"Template": "hello", "TemplateData": _DATA}
    yield "sesv2.SendEmail", {**_US, "Destination": _TO, "Content": {"Simple": _BODY}}
    yield "sesv2.SendEmail", {**_US, "Destination": _TO, "Content": {"Template": filled}}
    yield "sesv2.SendBulkEmail", {**_US, **_BULK, "BulkEmailEntries": [{"Destination": _TO}]}
    yield "ses.SendEmail", {**_US_V1, "Destination": _TO, "Message": _BODY}
    yield "ses.SendRawEmail", {"RawMessage": {"Data": _RAW}}
    yield "ses.SendTemplatedEmail", {**_US_V1, "Destination": _TO, **filled_v1}
    yield (
        "ses.SendBulkTemplatedEmail",
        {
            **_US_V1,
            "Template": "hello",
            "DefaultTemplateData": _DATA,
            "Destinations": [{"Destination": _TO}],
        },
    )
    query = {"Id": "a", "Namespace": "VDM", "Metric": "SEND", "StartDate": 0, "EndDate": 2**31}
    yield "sesv2.BatchGetMetricData", {"Queries": [query]}
    yield "sesv2.GetAccount", {}
    yield "ses.GetSendQuota", {}
    yield "ses.GetSendStatistics", {}


def _deletions() -> Iterator[Step]:
    yield "sesv2.DeleteContact", _ANN
    yield "sesv2.DeleteContactList", _PEOPLE
    yield "sesv2.DeleteEmailTemplate", _HELLO
    yield "ses.DeleteTemplate", {"TemplateName": "old"}
    yield "sesv2.DeleteConfigurationSetEventDestination", _FEEDBACK
    yield "sesv2.DeleteConfigurationSet", _SET
    old = {"ConfigurationSetName": "old", "EventDestinationName": "feedback"}
    yield "ses.DeleteConfigurationSetEventDestination", old
    yield "ses.DeleteConfigurationSet", {"ConfigurationSetName": "old"}
    yield "sesv2.DeleteEmailIdentity", _OURS
    yield "ses.DeleteIdentity", {"Identity": "example.net"}
