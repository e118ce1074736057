"""What feedback does to the suppression list, line by line of SES's table."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sesguard import events
from sesguard._core.payloads import parse_event
from sesguard._core.policy import FeedbackPolicy
from sesguard.addresses import AddressKey, read_leniently
from sesguard.errors import ConfigurationError
from sesguard.suppression import CountSoftBounce, Ignore, Reason, Release, Suppress, Suppression
from tests.fuzz_payloads import SAMPLES, sample

AT = datetime(2025, 11, 3, 9, 15, 2, tzinfo=UTC)
POLICY = FeedbackPolicy()


def recipient(
    address: str = "Ann@Example.org",
    *,
    in_destination: bool | None = True,
    action: str | None = "failed",
    status: str | None = "5.1.1",
) -> events.Recipient:
    """A recipient of a bounce."""
    bare, key = read_leniently(address)
    return events.Recipient(
        email_address=bare, key=key, in_destination=in_destination, action=action, status=status
    )


ANN, BOB = recipient(), recipient("bob@example.net")


def mail(*destination: str, **tags: str) -> events.Mail:
    """A mail with tags."""
    named = {name.replace("_", "-").replace("ses-", "ses:"): [text] for name, text in tags.items()}
    return events.Mail(destination=destination or ("ann@example.org",), raw={"tags": named})


def bounce(
    kind: str | None,
    sub_type: str | None,
    *recipients: events.Recipient,
    sent: events.Mail | None = None,
    at: datetime | None = AT,
) -> events.Bounce:
    """A bounce of Ann's, if of nobody else's."""
    return events.Bounce(
        bounce_type=kind,
        bounce_sub_type=sub_type,
        feedback_id="0107-f",
        recipients=recipients or (ANN,),
        timestamp=at,
        mail=sent,
    )


def complaint(
    *recipients: events.Recipient,
    feedback: str | None = "abuse",
    sub_type: str | None = None,
    sent: events.Mail | None = None,
    at: datetime | None = AT,
) -> events.Complaint:
    """A complaint."""
    return events.Complaint(
        complaint_feedback_type=feedback,
        complaint_sub_type=sub_type,
        feedback_id="0107-f",
        recipients=recipients,
        timestamp=at,
        mail=sent,
    )


def suppressed(event: events.Event, policy: FeedbackPolicy = POLICY) -> list[Suppression]:
    """The entries that an event makes, where it does nothing else."""
    consequences = policy.consequences(event)
    assert all(isinstance(one, Suppress) for one in consequences)
    return [one.suppression for one in consequences if isinstance(one, Suppress)]


def told(event: events.Event, policy: FeedbackPolicy = POLICY) -> str:
    """Why an event is ignored, where it is nothing but ignored."""
    [ignored] = policy.consequences(event)
    assert isinstance(ignored, Ignore)
    return ignored.why


def test_a_hard_bounce_suppresses() -> None:
    """Permanent/General: as the bounce says it, at its own time, with the address as spelled."""
    assert suppressed(bounce("Permanent", "General")) == [
        Suppression(
            key=AddressKey("ann@example.org"),
            reason=Reason.BOUNCE,
            at=AT,
            address="Ann@Example.org",
            source="event",
            event_key="Bounce:0107-f",
            detail="Permanent/General 5.1.1",
        )
    ]


def test_only_those_who_bounced_are_suppressed() -> None:
    """The others whom the mail went to are none of its business."""
    event = bounce("Permanent", "General", sent=mail("ann@example.org", "bob@example.net"))
    assert [one.key for one in suppressed(event)] == ["ann@example.org"]


@pytest.mark.parametrize("action", ["delayed", "Delayed", "delivered", "relayed", "expanded"])
def test_who_is_only_delayed_is_not_suppressed(action: str) -> None:
    """One notification can mix failed and delayed recipients."""
    late = recipient("bob@example.net", action=action)
    assert [one.key for one in suppressed(bounce("Permanent", "General", ANN, late))] == [
        "ann@example.org"
    ]
    assert "no recipient" in told(bounce("Permanent", "General", late))


def test_a_missing_action_is_a_bounce() -> None:
    """It is optional."""
    assert len(suppressed(bounce("Permanent", "General", recipient(action=None)))) == 1


def test_a_hard_bounce_without_a_sub_type_suppresses() -> None:
    """It is permanent, whatever else."""
    [entry] = suppressed(bounce("Permanent", None))
    assert entry.detail == "Permanent 5.1.1"


def test_no_email_suppresses_only_who_was_mailed() -> None:
    """NoEmail: SES could not read the address, so it must be one that the mail went to."""
    both = mail("ann@example.org", "bob@example.net")
    stranger = recipient("zoe@example.com", in_destination=False)
    assert [one.key for one in suppressed(bounce("Permanent", "NoEmail", ANN, stranger, sent=both))]
    assert "not sent to" in told(bounce("Permanent", "NoEmail", stranger, sent=both))
    assert [one.key for one in suppressed(bounce("Permanent", "NoEmail", stranger, sent=mail()))]
    unsaid = recipient("zoe@example.com", in_destination=None)
    assert "not sent to" in told(bounce("Permanent", "NoEmail", unsaid))
    assert "no recipient" in told(bounce("Permanent", "NoEmail", recipient(action="delayed")))


def test_the_global_list_suppresses_for_a_while() -> None:
    """Suppressed: SES lets go of the address after up to 14 days."""
    [entry] = suppressed(bounce("Permanent", "Suppressed"))
    assert (entry.reason, entry.scope, entry.source) == (Reason.BOUNCE, "", "event")
    assert entry.expires_at == AT + timedelta(days=14)
    shorter = FeedbackPolicy(global_list_expiry=3600)
    assert suppressed(bounce("Permanent", "Suppressed"), shorter)[0].expires_at == AT + timedelta(
        hours=1
    )
    last_day = datetime(9999, 12, 31, tzinfo=UTC)
    for at in (None, last_day):
        [entry] = suppressed(bounce("Permanent", "Suppressed", at=at))
        assert entry.expires_at is None


def test_the_accounts_list_is_mirrored() -> None:
    """OnAccountSuppressionList: for all mail, and it says where it comes from."""
    for event, reason in (
        (bounce("Permanent", "OnAccountSuppressionList"), Reason.BOUNCE),
        (complaint(ANN, feedback=None, sub_type="OnAccountSuppressionList"), Reason.COMPLAINT),
    ):
        [entry] = suppressed(event)
        assert (entry.reason, entry.scope, entry.source) == (reason, "", "account-list")
        assert entry.expires_at is None


def test_a_tenants_list_is_mirrored_for_that_tenant() -> None:
    """OnTenantSuppressionList: other tenants may go on, and without a name nothing is done."""
    sent = mail(ses_tenant_name="acme")
    for event, reason in (
        (bounce("Permanent", "OnTenantSuppressionList", sent=sent), Reason.BOUNCE),
        (complaint(ANN, sub_type="OnTenantSuppressionList", sent=sent), Reason.COMPLAINT),
    ):
        [entry] = suppressed(event)
        assert (entry.reason, entry.scope, entry.source) == (reason, "tenant:acme", "tenant-list")
    for unnamed in (None, mail(), mail(ses_tenant_name=""), mail(ses_tenant_name="a@b")):
        assert "tenant" in told(bounce("Permanent", "OnTenantSuppressionList", sent=unnamed))


def test_a_mirror_does_not_guess() -> None:
    """SES did not try to deliver to these: whoever is named is on its list."""
    event = complaint(ANN, BOB, sub_type="OnAccountSuppressionList")
    for choice in ("all", "single", "none"):
        policy = FeedbackPolicy(complaint_recipients=choice)
        assert len(suppressed(event, policy)) == 2


def test_an_opt_out_holds_for_its_stream_only() -> None:
    """UnsubscribedRecipient: other mail goes on; without a stream nothing is done."""
    sent = mail(sesguard_stream="newsletter")
    [entry] = suppressed(bounce("Permanent", "UnsubscribedRecipient", sent=sent))
    assert (entry.reason, entry.scope) == (Reason.UNSUBSCRIBE, "stream:newsletter")
    assert "opted out" in told(bounce("Permanent", "UnsubscribedRecipient", sent=mail()))
    assert "opted out" in told(bounce("Permanent", "UnsubscribedRecipient"))


def test_auto_validation_proves_nothing() -> None:
    """EmailValidationSuppressed: nothing was sent, and nothing bounced."""
    assert "Auto Validation" in told(bounce("Permanent", "EmailValidationSuppressed"))


@pytest.mark.parametrize("sub_type", ["OfTomorrow", "ann@example.org", "x" * 99])
def test_a_new_permanent_sub_type_is_held_and_told(sub_type: str) -> None:
    """Nobody knows yet what it means; what is told holds no address."""
    why = told(bounce("Permanent", sub_type))
    assert "unknown kind" in why
    assert ("OfTomorrow" in why) == (sub_type == "OfTomorrow")
    assert "@" not in why


@pytest.mark.parametrize(
    ("kind", "sub_type"),
    [
        ("Transient", "General"),
        ("Transient", "MailboxFull"),
        ("Transient", "OfTomorrow"),
        ("Transient", None),
        ("Undetermined", "Undetermined"),
        ("Undetermined", None),
        ("Undetermined", "MessageTooLarge"),
    ],
)
def test_a_soft_bounce_is_counted(kind: str, sub_type: str | None) -> None:
    """It may be an out-of-office reply, so that one alone does nothing."""
    policy = FeedbackPolicy(soft_bounce_limit=3, soft_bounce_window=timedelta(days=7))
    assert policy.consequences(bounce(kind, sub_type, recipient(status=None))) == (
        CountSoftBounce(
            key=AddressKey("ann@example.org"),
            at=AT,
            limit=3,
            window=timedelta(days=7),
            address="Ann@Example.org",
            detail=f"{kind}/{sub_type}" if sub_type else kind,
        ),
    )


def test_the_type_is_trusted_and_not_the_status() -> None:
    """A Transient bounce with a 5.1.1 in it is a soft one."""
    [counted] = POLICY.consequences(bounce("Transient", "General"))
    assert isinstance(counted, CountSoftBounce)
    assert counted.detail == "Transient/General 5.1.1"


@pytest.mark.parametrize(
    "sub_type",
    ["MessageTooLarge", "ContentRejected", "AttachmentRejected", "CustomTimeoutExceeded"],
)
def test_what_is_wrong_with_the_mail_does_not_count(sub_type: str) -> None:
    """The address is good."""
    assert "the mail" in told(bounce("Transient", sub_type))


@pytest.mark.parametrize("kind", ["other", "permanent!", "", None, "ann@example.org"])
def test_a_bounce_of_an_unknown_type_is_ignored(kind: str | None) -> None:
    """And told, without what is no word."""
    why = told(bounce(kind, "General"))
    assert "unknown type" in why
    assert "@" not in why


def test_a_complaint_suppresses() -> None:
    """For all mail, by the recipient that is named."""
    [entry] = suppressed(complaint(ANN))
    assert (entry.reason, entry.scope, entry.at) == (Reason.COMPLAINT, "", AT)
    assert (entry.source, entry.event_key) == ("event", "Complaint:0107-f")
    assert entry.detail == "Complaint/abuse 5.1.1"


def test_a_complaint_over_several_follows_the_option() -> None:
    """SES guesses, and the operator chooses between the account and the innocent."""
    several, one = complaint(ANN, BOB), complaint(ANN)
    assert len(suppressed(several)) == 2
    single = FeedbackPolicy(complaint_recipients="single")
    assert "one of 2 recipients" in told(several, single)
    assert len(suppressed(one, single)) == 1
    assert len(suppressed(complaint(ANN, ANN), single)) == 1
    nobody = FeedbackPolicy(complaint_recipients="none")
    assert "complaint_recipients" in told(one, nobody)
    assert "complaint_recipients" in told(complaint(ANN, feedback="not-spam"), nobody)


def test_a_complaint_that_names_nobody_means_the_only_one() -> None:
    """If the mail went to one, it is them; else nobody can tell."""
    [entry] = suppressed(complaint(sent=mail("Ann <Ann@example.org>")))
    assert (entry.address, entry.key) == ("Ann@example.org", "ann@example.org")
    assert "no recipient" in told(complaint(sent=mail("ann@example.org", "bob@example.net")))
    assert "no recipient" in told(complaint())
    assert "no recipient" in told(complaint(sub_type="OnAccountSuppressionList"))
    assert "no recipient" in told(complaint(sent=mail(" ")))


@pytest.mark.parametrize("feedback", ["not-spam", "Not-Spam"])
def test_not_spam_releases_the_complaint(feedback: str) -> None:
    """It takes back an earlier report, on the tenant's list too, and never suppresses."""
    assert POLICY.consequences(complaint(ANN, feedback=feedback)) == (
        Release(key=AddressKey("ann@example.org"), reason=Reason.COMPLAINT, at=AT),
    )
    sent = mail(ses_tenant_name="acme")
    assert POLICY.consequences(
        complaint(ANN, feedback=feedback, sub_type="OnTenantSuppressionList", sent=sent)
    ) == (
        Release(key=AddressKey("ann@example.org"), reason=Reason.COMPLAINT, at=AT),
        Release(
            key=AddressKey("ann@example.org"), reason=Reason.COMPLAINT, at=AT, scope="tenant:acme"
        ),
    )
    assert len(POLICY.consequences(complaint(ANN, BOB, feedback=feedback))) == 2


@pytest.mark.parametrize(
    "feedback", [None, "abuse", "fraud", "virus", "other", "auth-failure", "x"]
)
def test_every_other_complaint_suppresses(feedback: str | None) -> None:
    """The type is the provider's own text, or missing."""
    assert [one.reason for one in suppressed(complaint(ANN, feedback=feedback))] == [
        Reason.COMPLAINT
    ]


def test_a_providers_own_words_are_not_kept() -> None:
    """They might hold an address, as a status might."""
    odd = recipient(status="5.1.1 <ann@example.org>")
    [entry] = suppressed(complaint(odd, feedback="spam says ann@example.org"))
    assert entry.detail == "Complaint/(unreadable)"


def test_an_event_without_a_time() -> None:
    """A hard bounce holds against it; what depends on an order is left alone."""
    [entry] = suppressed(bounce("Permanent", "General", at=None))
    assert entry.at == datetime(1970, 1, 1, tzinfo=UTC)
    assert "time" in told(bounce("Transient", "General", at=None))
    assert "time" in told(complaint(ANN, feedback="not-spam", at=None))


def test_a_mailbox_counts_once_an_event() -> None:
    """Whichever spellings it is named in."""
    twice = (ANN, recipient("ANN@example.org"))
    assert len(suppressed(bounce("Permanent", "General", *twice))) == 1
    assert len(POLICY.consequences(bounce("Transient", "General", *twice))) == 1


def test_a_recipient_without_a_key_is_ignored() -> None:
    """There is nothing to look it up by."""
    nobody = recipient("")
    assert "no recipient" in told(bounce("Permanent", "General", nobody))
    assert "no recipient" in told(bounce("Transient", "General", nobody))
    assert "no recipient" in told(complaint(nobody))


def test_garbage_is_suppressed_as_it_is() -> None:
    """What bounced, bounced: it may be looked up in the same spelling."""
    [entry] = suppressed(bounce("Permanent", "General", recipient("No Address")))
    assert (entry.address, entry.key) == ("No Address", "no address")


@pytest.mark.parametrize(
    "name",
    [
        "notification/delivery.json", "notification/setup.json", "notification/received.json",
        "event/send.json", "event/reject.json", "event/open.json", "event/click.json",
        "event/rendering-failure.json", "event/delivery-delay.json", "event/subscription.json",
        "event/of-tomorrow.json", "sns/subscription-confirmation.json",
        "sns/unsubscribe-confirmation.json", "eventbridge/advisor.json",
    ],
)  # fmt: skip
def test_other_events_have_no_consequence(name: str) -> None:
    """A delay is not final, and whoever opens mail or gets it may still bounce."""
    assert POLICY.consequences(parse_event(sample(name))) == ()


@pytest.mark.parametrize(
    ("name", "reason", "scope"),
    [
        ("notification/bounce-permanent-general.json", Reason.BOUNCE, ""),
        ("notification/bounce-permanent-alias.json", Reason.BOUNCE, ""),
        ("event/bounce-permanent-on-tenant-list.json", Reason.BOUNCE, "tenant:acme"),
        ("event/bounce-permanent-unsubscribed.json", Reason.UNSUBSCRIBE, "stream:newsletter"),
        ("sns/bounce-notification.json", Reason.BOUNCE, ""),
        ("lambda/sns.json", Reason.COMPLAINT, ""),
    ],
)
def test_what_samples_bring_about(name: str, reason: Reason, scope: str) -> None:
    """From the wire to the list."""
    entries = suppressed(parse_event(sample(name)))
    assert {(one.reason, one.scope) for one in entries} == {(reason, scope)}


def test_there_are_samples_for_every_line() -> None:
    """Each line of SES's table has a record in its shape."""
    assert len(list((SAMPLES / "event").glob("bounce-*.json"))) >= 10


def test_a_policy_is_a_value() -> None:
    """It compares, pickles, and takes seconds as well as a timedelta."""
    policy = FeedbackPolicy(soft_bounce_limit=1, soft_bounce_window=86_400)
    assert policy == FeedbackPolicy(soft_bounce_limit=1, soft_bounce_window=timedelta(days=1))
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert hash(policy) != hash(POLICY)


@pytest.mark.parametrize(
    "options",
    [
        {"soft_bounce_limit": 0},
        {"soft_bounce_limit": 2.5},
        {"soft_bounce_limit": True},
        {"soft_bounce_window": 0},
        {"soft_bounce_window": timedelta(days=-1)},
        {"soft_bounce_window": "a day"},
        {"global_list_expiry": float("nan")},
        {"complaint_recipients": "some"},
        {"complaint_recipients": None},
    ],
)
def test_an_option_that_cannot_work_is_refused(options: dict[str, Any]) -> None:
    """At once, and it is named."""
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        FeedbackPolicy(**options)
