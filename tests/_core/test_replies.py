"""What SES answers, row by row, and the one error that each answer is."""

from __future__ import annotations

import pickle
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors
from sesguard._core import reply_texts
from sesguard.replies import Phase, from_api, from_smtp

RATE = "Maximum sending rate exceeded"
QUOTA = "Daily message quota exceeded"
UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region "
    "EU-WEST-1: ann@example.org, arn:aws:ses:eu-west-1:123456789012:identity/example.org[...]"
)

# code, words, phase; what is raised, and what that says: not_sent and seconds, or rejected.
SMTP: list[tuple[int, str, Phase, type[errors.SendError], float | None, str]] = [
    (421, "Too many concurrent SMTP connections", "connect",
     errors.TooManyConnectionsError, 5, "not_sent"),
    (421, "4.3.0 Temporary System Problem.", "connect",
     errors.TooManyConnectionsError, 5, "not_sent"),
    (421, "Service not available, closing transmission channel", "mail",
     errors.ServiceUnavailableError, 5, "not_sent"),
    (421, "Timeout waiting for data from client.", "mail",
     errors.ServiceUnavailableError, 5, "not_sent"),
    (451, "4.4.2 Timeout waiting for data from client", "rcpt",
     errors.ServiceUnavailableError, 5, "not_sent"),
    (451, "4.4.2 Timeout waiting for data from client.", "body",
     errors.ServiceUnavailableError, 5, "not_sent"),
    (421, "Timeout waiting for data from client.", "connect",
     errors.ServiceUnavailableError, 5, "not_sent"),
    (451, "Temporary service failure", "body", errors.ServiceUnavailableError, 5, "not_sent"),
    (454, "Temporary service failure.", "data", errors.ServiceUnavailableError, 5, "not_sent"),
    (454, "Temporary authentication failure", "auth",
     errors.ServiceUnavailableError, 5, "not_sent"),
    (454, "TLS not available due to temporary reason", "starttls",
     errors.ServiceUnavailableError, 5, "not_sent"),
    (454, f"Throttling failure: {RATE}", "body", errors.SendingRateExceededError, 1, "not_sent"),
    (454, f"Throttling failure: {RATE}.", "mail", errors.SendingRateExceededError, 1, "not_sent"),
    (454, f"Throttling failure: {QUOTA}", "body", errors.DailyQuotaExceededError, 3600, "not_sent"),
    (454, f"Throttling failure: {QUOTA}.", "rcpt",
     errors.DailyQuotaExceededError, 3600, "not_sent"),
    (454, "Throttling failure: something new", "body",
     errors.SendingRateExceededError, 1, "not_sent"),
    (450, "You are throttled", "rcpt", errors.SendingRateExceededError, 1, "not_sent"),
    (454, "Throttling failure: Maximum SigV2 SMTP sending rate exceeded", "body",
     errors.AuthenticationError, None, "not_sent"),
    (452, "Insufficient system storage", "rcpt", errors.ServiceUnavailableError, 5, "not_sent"),
    (501, "Invalid MAIL FROM address provided", "mail",
     errors.MessageRejectedError, None, "rejected"),
    (503, "Bad sequence of commands", "mail", errors.ServiceUnavailableError, 5, "not_sent"),
    (530, "Authentication required", "mail", errors.AuthenticationError, None, "not_sent"),
    (530, "Please log in", "mail", errors.AuthenticationError, None, "not_sent"),
    (530, "Must issue a STARTTLS command first", "mail",
     errors.TransportSecurityError, None, "not_sent"),
    (538, "Encryption required", "auth", errors.TransportSecurityError, None, "not_sent"),
    (535, "Authentication Credentials Invalid", "auth",
     errors.AuthenticationError, None, "not_sent"),
    (535, "Account not subscribed to SES", "auth", errors.AuthenticationError, None, "not_sent"),
    (504, "Unrecognized authentication type", "auth",
     errors.AuthenticationError, None, "not_sent"),
    (502, "Command not implemented", "starttls",
     errors.TransportSecurityError, None, "not_sent"),
    (554, "No SMTP service here", "connect", errors.AccessDeniedError, None, "not_sent"),
    (550, "Go away", "ehlo", errors.AccessDeniedError, None, "not_sent"),
    (552, "Message is too long.", "body", errors.MessageRejectedError, None, "rejected"),
    (552, "Too much", "body", errors.MessageRejectedError, None, "rejected"),
    (553, "<ann@example.org> Invalid email address", "mail",
     errors.MessageRejectedError, None, "rejected"),
    (553, "<ann@example.org> address unknown", "rcpt",
     errors.MessageRejectedError, None, "rejected"),
    (554, "Access denied: User `arn:aws:iam::123456789012:user/x' is not authorized to perform "
     "`ses:SendRawEmail' on resource `arn:aws:ses:us-east-1:123456789012:identity/example.org'",
     "body", errors.AccessDeniedError, None, "not_sent"),
    (554, "Access denied", "data", errors.AccessDeniedError, None, "not_sent"),
    (554, f"Message rejected: {UNVERIFIED}", "body", errors.NotVerifiedError, None, "rejected"),
    (554, "Message rejected: Email address is not verified.", "body",
     errors.NotVerifiedError, None, "rejected"),
    (554, "Message rejected: Sending paused for this account. For more information, please "
     "check the inbox of the email address associated with your AWS account.", "body",
     errors.SendingPausedError, None, "not_sent"),
    (554, "Message rejected: Your account has been suspended", "body",
     errors.AccountSuspendedError, None, "not_sent"),
    (554, "Message rejected: the custom MAIL FROM domain is not verified", "body",
     errors.MailFromNotVerifiedError, None, "rejected"),
    (554, "Configuration set does not exist: newsletter", "body",
     errors.NotFoundError, None, "not_sent"),
    (554, "Transaction failed: Missing final '@domain'", "rcpt",
     errors.MessageRejectedError, None, "rejected"),
    (554, "Transaction failed: Duplicate header 'Subject'.", "body",
     errors.MessageRejectedError, None, "rejected"),
    (550, "never heard of it", "rcpt", errors.MessageRejectedError, None, "rejected"),
    (-1, "", "body", errors.OutcomeUnknownError, None, "unknown"),
    (250, "Ok, or so", "body", errors.OutcomeUnknownError, None, "unknown"),
    (354, "Go on", "body", errors.OutcomeUnknownError, None, "unknown"),
    (999, "?", "body", errors.OutcomeUnknownError, None, "unknown"),
    (500, "Line too long.", "body", errors.OutcomeUnknownError, None, "unknown"),
    (500, "Line too long.", "mail", errors.ServiceUnavailableError, 5, "not_sent"),
    (-1, "", "data", errors.ServiceUnavailableError, 5, "not_sent"),
    (220, "again", "ehlo", errors.ServiceUnavailableError, 5, "not_sent"),
]  # fmt: skip

# code, words, HTTP status; what is raised, and what that says.
API: list[tuple[str | None, str | None, int | None, type[errors.SendError], float | None, str]] = [
    # API v1
    ("Throttling", f"{RATE}.", 400, errors.SendingRateExceededError, 1, "not_sent"),
    ("Throttling", f"{QUOTA}.", 400, errors.DailyQuotaExceededError, 3600, "not_sent"),
    ("Throttling", "Rate exceeded", 400, errors.SendingRateExceededError, 1, "not_sent"),
    ("MessageRejected", UNVERIFIED, 400, errors.NotVerifiedError, None, "rejected"),
    ("MessageRejected", "Sending paused for this account. For more information, please check "
     "the inbox", 400, errors.SendingPausedError, None, "not_sent"),
    ("MessageRejected", "Address blacklisted.", 400,
     errors.MessageRejectedError, None, "rejected"),
    ("MailFromDomainNotVerifiedException", "", 400,
     errors.MailFromNotVerifiedError, None, "rejected"),
    ("ConfigurationSetDoesNotExist", "", 400, errors.NotFoundError, None, "not_sent"),
    ("TemplateDoesNotExist", "", 400, errors.NotFoundError, None, "not_sent"),
    ("ConfigurationSetSendingPausedException", "", 400,
     errors.SendingPausedError, None, "not_sent"),
    ("AccountSendingPausedException", "", 400, errors.SendingPausedError, None, "not_sent"),
    ("InvalidParameterValue", "Missing final '@domain'", 400,
     errors.MessageRejectedError, None, "rejected"),
    ("InvalidClientTokenId", "The security token included in the request is invalid.", 403,
     errors.AuthenticationError, None, "not_sent"),
    ("SignatureDoesNotMatch", "", 403, errors.AuthenticationError, None, "not_sent"),
    ("SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2", 403,
     errors.AuthenticationError, None, "not_sent"),
    ("ExpiredToken", "", 403, errors.AuthenticationError, None, "not_sent"),
    ("AccessDenied", "", 403, errors.AccessDeniedError, None, "not_sent"),
    ("OptInRequired", "", 403, errors.AuthenticationError, None, "not_sent"),
    # API v2
    ("TooManyRequestsException", f"{RATE}.", 429, errors.SendingRateExceededError, 1, "not_sent"),
    ("TooManyRequestsException", f"{QUOTA}.", 429,
     errors.DailyQuotaExceededError, 3600, "not_sent"),
    ("TooManyRequestsException", "", 429, errors.SendingRateExceededError, 1, "not_sent"),
    ("LimitExceededException", f"{QUOTA}.", 400, errors.DailyQuotaExceededError, 3600, "not_sent"),
    ("LimitExceededException", f"{RATE}.", 400, errors.SendingRateExceededError, 1, "not_sent"),
    ("LimitExceededException", "something new", 400,
     errors.SendingRateExceededError, 1, "not_sent"),
    ("ThrottlingException", f"{QUOTA}.", 400, errors.DailyQuotaExceededError, 3600, "not_sent"),
    ("ThrottlingException", None, 400, errors.SendingRateExceededError, 1, "not_sent"),
    ("AccountSuspendedException", "", 400, errors.AccountSuspendedError, None, "not_sent"),
    ("SendingPausedException", "", 400, errors.SendingPausedError, None, "not_sent"),
    ("NotFoundException", "", 404, errors.NotFoundError, None, "not_sent"),
    ("BadRequestException", "", 400, errors.MessageRejectedError, None, "rejected"),
    ("AccessDeniedException", "User is not authorized to perform: ses:SendEmail", 403,
     errors.AccessDeniedError, None, "not_sent"),
    ("NotAuthorized", "", 403, errors.AccessDeniedError, None, "not_sent"),
    ("UnrecognizedClientException", "", 403, errors.AuthenticationError, None, "not_sent"),
    ("ExpiredTokenException", "", 403, errors.AuthenticationError, None, "not_sent"),
    ("com.amazonaws.ses#MessageRejected:http://internal", "no", 400,
     errors.MessageRejectedError, None, "rejected"),
    ("InternalServiceErrorException", "", 500, errors.OutcomeUnknownError, None, "unknown"),
    # one entry of a bulk send
    ("MESSAGE_REJECTED", "", None, errors.MessageRejectedError, None, "rejected"),
    ("MESSAGE_REJECTED", UNVERIFIED, None, errors.NotVerifiedError, None, "rejected"),
    ("MAIL_FROM_DOMAIN_NOT_VERIFIED", "", None,
     errors.MailFromNotVerifiedError, None, "rejected"),
    ("CONFIGURATION_SET_NOT_FOUND", "", None, errors.NotFoundError, None, "not_sent"),
    ("TEMPLATE_NOT_FOUND", "", None, errors.NotFoundError, None, "not_sent"),
    ("ACCOUNT_SUSPENDED", "", None, errors.AccountSuspendedError, None, "not_sent"),
    ("ACCOUNT_THROTTLED", "", None, errors.SendingRateExceededError, 1, "not_sent"),
    ("AccountThrottled", QUOTA, None, errors.DailyQuotaExceededError, 3600, "not_sent"),
    ("ACCOUNT_DAILY_QUOTA_EXCEEDED", "", None, errors.DailyQuotaExceededError, 3600, "not_sent"),
    ("INVALID_SENDING_POOL_NAME", "", None, errors.NotFoundError, None, "not_sent"),
    ("ACCOUNT_SENDING_PAUSED", "", None, errors.SendingPausedError, None, "not_sent"),
    ("CONFIGURATION_SET_SENDING_PAUSED", "", None, errors.SendingPausedError, None, "not_sent"),
    ("INVALID_PARAMETER", "", None, errors.MessageRejectedError, None, "rejected"),
    ("TRANSIENT_FAILURE", "", None, errors.ServiceUnavailableError, 5, "not_sent"),
    ("FAILED", "", None, errors.MessageRejectedError, None, "rejected"),
    # the HTTP layer, where nothing else is known
    ("Strange", "", 429, errors.SendingRateExceededError, 1, "not_sent"),
    ("429", "", None, errors.SendingRateExceededError, 1, "not_sent"),
    ("Strange", "", 400, errors.MessageRejectedError, None, "rejected"),
    ("401", "", 401, errors.AuthenticationError, None, "not_sent"),
    ("403", "", 403, errors.AccessDeniedError, None, "not_sent"),
    ("408", "", 408, errors.ServiceUnavailableError, 5, "not_sent"),
    ("413", "", 413, errors.MessageRejectedError, None, "rejected"),
    *(
        (str(status), "<html>Bad", status, errors.OutcomeUnknownError, None, "unknown")
        for status in (200, 302, 500, 502, 503, 504, 509)
    ),
    (None, None, None, errors.OutcomeUnknownError, None, "unknown"),
    ("Strange", "", None, errors.OutcomeUnknownError, None, "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "words", "phase", "kind", "seconds", "outcome"), SMTP)
def test_each_smtp_reply_is_its_error(
    code: int,
    words: str,
    phase: Phase,
    kind: type[errors.SendError],
    seconds: float | None,
    outcome: str,
) -> None:
    """A reply of SES's SMTP interface is one class, with its own wait and outcome."""
    error = from_smtp(code, words, phase=phase)
    assert type(error) is kind
    assert (error.retryable, error.retry_after) == (seconds is not None, seconds)
    assert error.outcome == outcome
    assert (error.code, error.reply, error.transport) == (code, words, "smtp")
    assert isinstance(error, errors.RETRY_LATER if error.retryable else errors.NEVER_RETRY)


@pytest.mark.parametrize(("code", "words", "status", "kind", "seconds", "outcome"), API)
def test_each_api_answer_is_its_error(
    code: str | None,
    words: str | None,
    status: int | None,
    kind: type[errors.SendError],
    seconds: float | None,
    outcome: str,
) -> None:
    """An answer of either API is one class, with its own wait and outcome."""
    error = from_api(code, words, status=status, request_id="r-1")
    assert type(error) is kind
    assert (error.retryable, error.retry_after) == (seconds is not None, seconds)
    assert error.outcome == outcome
    assert (error.code, error.request_id, error.transport) == (code, "r-1", "ses")
    assert isinstance(error, errors.RETRY_LATER if error.retryable else errors.NEVER_RETRY)


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [(row[0], row[1], row[3]) for row in SMTP if row[0] in (454, 554) and row[2] == "body"],
)
def test_a_relay_may_wrap_the_words(code: int, words: str, kind: type[errors.SendError]) -> None:
    """Enhanced codes, a relay's own words, other cases and line breaks change nothing."""
    wrapped = f"4.7.1 <ann@example.org>: host ses said:\r\n {code} {words.upper()}  (in reply to x)"
    assert type(from_smtp(code, wrapped.encode(), phase="body")) is kind


@pytest.mark.parametrize("words", [RATE, QUOTA, UNVERIFIED, "Sending paused for this account"])
def test_both_ways_to_ses_agree(words: str) -> None:
    """The same cause is the same class over SMTP, API v1, API v2 and in a bulk send."""
    kinds = {
        type(from_smtp(454 if words in (RATE, QUOTA) else 554, words, phase="body")),
        type(from_api("Throttling", words, status=400)),
        type(from_api("MessageRejected", words, status=400)),
        type(from_api("TooManyRequestsException", words, status=429)),
        type(from_api("MESSAGE_REJECTED", words)),
    }
    assert len(kinds) == 1


@pytest.mark.parametrize("phase", get_args(Phase))
def test_words_of_ses_decide_whatever_the_phase(phase: Phase) -> None:
    """SES throttles at the end of DATA; whoever throttles earlier is understood as well."""
    error = from_smtp(454, f"Throttling failure: {QUOTA}", phase=phase)
    assert type(error) is errors.DailyQuotaExceededError


def test_failed_identities_are_read() -> None:
    """The identities and the region are attributes, and the message names both causes."""
    listed = '"Doe, Ann" <ann@example.org>, bob@example.org.'
    error = from_api(
        "MessageRejected",
        "Email address is not verified. The following identities failed the check in region "
        f"AP-SOUTHEAST-2: {listed}",
        status=400,
    )
    assert isinstance(error, errors.NotVerifiedError)
    assert error.identities == ('"Doe, Ann" <ann@example.org>', "bob@example.org")
    assert error.region == "ap-southeast-2"
    assert "sandbox" in str(error)
    assert "wrong region" in str(error)
    assert "2 identities are not verified in ap-southeast-2" in str(error)
    assert pickle.loads(pickle.dumps(error)).identities == error.identities


def test_a_list_cut_short_is_read_as_far_as_it_goes() -> None:
    """SES ends a long list with [...], and a relay may add where it heard this."""
    error = from_smtp(
        554, f"Message rejected: {UNVERIFIED} (in reply to end of DATA)", phase="body"
    )
    assert isinstance(error, errors.NotVerifiedError)
    assert error.identities == (
        "ann@example.org",
        "arn:aws:ses:eu-west-1:123456789012:identity/example.org",
    )


def test_one_failed_identity_is_said_in_the_singular() -> None:
    """Messages are sentences."""
    words = "identities failed the check in region EU-WEST-1: ann@example.org"
    assert "1 identity is not verified in eu-west-1." in str(from_api("MessageRejected", words))


def test_without_a_list_there_are_no_identities() -> None:
    """What SES did not say is not made up."""
    error = from_api("MessageRejected", "Email address is not verified.", status=400)
    assert isinstance(error, errors.NotVerifiedError)
    assert (error.identities, error.region) == ((), None)
    assert "an identity is not verified in this region" in str(error)


def test_a_wait_that_the_answer_names_is_kept_where_it_means_something() -> None:
    """``retry_after`` of the answer stands; what is not retryable has none."""
    assert from_api("Throttling", RATE, retry_after=7.0).retry_after == 7.0
    assert from_api("BadRequestException", "", retry_after=7.0).retry_after is None


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("TooManyRequestsException", 429, errors.SendingRateExceededError),
        ("InternalServiceErrorException", 500, errors.ServiceUnavailableError),
        ("503", 503, errors.ServiceUnavailableError),
        ("BadRequestException", 400, errors.MessageRejectedError),
        ("NotFoundException", 404, errors.NotFoundError),
    ],
)
def test_requests_that_mail_nothing_leave_nothing_unknown(
    code: str, status: int, kind: type[errors.SendError]
) -> None:
    """No mail hangs on GetAccount, so a fault of it can be repeated, and its words say so."""
    error = from_api(code, "", status=status, sends_mail=False)
    assert type(error) is kind
    assert "take the mail" not in str(error) or kind is errors.NotFoundError


def test_messages_do_not_show_what_ses_said() -> None:
    """SES's words hold addresses, so they are in ``reply`` alone; so does an odd code."""
    for code, words, phase, *_ in SMTP:
        error = from_smtp(code, f"{words} ann@example.org", phase=phase)
        assert "ann@example.org" not in f"{error}{error!r}"
        assert error.reply is not None
        assert "ann@example.org" in error.reply
    assert "@" not in str(from_api("ann@example.org", "bob@example.org", status=400))


def test_every_message_says_what_to_do() -> None:
    """Each verdict is of a leaf class, and has a second sentence: the next step."""
    verdicts = [one for one in vars(reply_texts).values() if isinstance(one, reply_texts.Verdict)]
    assert len(verdicts) > 30
    for verdict in verdicts:
        assert not verdict.kind.__subclasses__() or verdict.kind is errors.MessageRejectedError
        assert verdict.message.count(". ") + verdict.message.count(": ") >= 1
        assert verdict.message.endswith(".")


def test_bytes_that_are_no_text_are_shown_as_far_as_they_are() -> None:
    """smtplib gives bytes, and a relay any of them."""
    error = from_smtp(454, b"\xff Throttling failure: Daily message quota exceeded", phase="body")
    assert type(error) is errors.DailyQuotaExceededError
    assert error.reply is not None
    assert error.reply.startswith("\N{REPLACEMENT CHARACTER} ")


@given(
    code=st.integers(-1, 1000),
    text=st.text() | st.binary(),
    phase=st.sampled_from(get_args(Phase)),
)
def test_no_smtp_reply_is_beyond_it(code: int, text: str | bytes, phase: Phase) -> None:
    """Whatever comes is an error, unknown only after the final dot, and never without a wait."""
    error = from_smtp(code, text, phase=phase)
    assert isinstance(error, (*errors.RETRY_LATER, *errors.NEVER_RETRY))
    assert error.outcome != "unknown" or phase == "body"
    assert error.retryable is (error.retry_after is not None)


@given(code=st.none() | st.text(), text=st.none() | st.text(), status=st.none() | st.integers())
def test_no_api_answer_is_beyond_it(code: str | None, text: str | None, status: int | None) -> None:
    """Whatever comes is an error; 4xx is never unknown, and never without a wait if retryable."""
    error = from_api(code, text, status=status)
    assert isinstance(error, (*errors.RETRY_LATER, *errors.NEVER_RETRY))
    assert error.outcome != "unknown" or status is None or not 400 <= status <= 499
    assert error.retryable is (error.retry_after is not None)
