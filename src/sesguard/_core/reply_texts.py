"""
What SES's answers mean, as tables: by its words, by its codes, by HTTP status.

SES tells a spent second from a spent day by words only, and the same cause has other codes over
SMTP, in API v1, in API v2 and in the statuses of a bulk send. So the words come first. They are
looked for anywhere inside, since relays wrap them and some replies carry enhanced codes.

Source:
    SES Developer Guide, "Troubleshooting Amazon SES SMTP" (response codes) and "Managing your
    sending quotas" (errors); the service models of ``ses`` and ``sesv2``.
"""

from __future__ import annotations

from dataclasses import dataclass

from sesguard import errors

__all__ = ["BY_CODE", "BY_HTTP_STATUS", "BY_SMTP_WORDS", "BY_WORDS", "FOR_CONTROL", "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What an answer means.

    Attributes:
        kind: The error to raise.

        message: What happened and what to do next. SES's own words are no part of it: they may
            hold addresses.
    """

    kind: type[errors.SendError]
    message: str


RATE = Verdict(
    errors.SendingRateExceededError,
    "SES did not take the mail: more recipients a second than the account may mail. Send more "
    "slowly: give every process the same limiter, at no more than the account's MaxSendRate.",
)
QUOTA = Verdict(
    errors.DailyQuotaExceededError,
    "SES did not take the mail: the account's recipients of the last 24 hours are used up. Wait "
    "for hours, or ask for a higher sending quota in Service Quotas.",
)
CONNECTIONS = Verdict(
    errors.TooManyConnectionsError,
    "The SMTP server has too many connections of this account open. Use fewer at once, and keep "
    "them for several mails.",
)
IDLE = Verdict(
    errors.ServiceUnavailableError,
    "The SMTP server had closed the connection because nothing was said on it for too long. The "
    "mail was not taken; send it again on a new connection.",
)
UNAVAILABLE = Verdict(
    errors.ServiceUnavailableError,
    "SES could not take the mail just now. It was not taken; send it again in some seconds.",
)
NOT_VERIFIED = Verdict(
    errors.NotVerifiedError,
    "SES rejected the mail: {identities} not verified {there}. Either the account is in the "
    "sandbox there, where each recipient has to be verified too (verify them, or ask for "
    "production access), or this is the wrong region: identities are verified in one region "
    "only (compare region_name or the SMTP host). See error.identities.",
)
MAIL_FROM = Verdict(
    errors.MailFromNotVerifiedError,
    "SES rejected the mail: the identity's custom MAIL FROM domain has no working MX record, and "
    "the identity insists on it. Publish the MX record, or set BehaviorOnMxFailure to "
    "USE_DEFAULT_VALUE.",
)
PAUSED = Verdict(
    errors.SendingPausedError,
    "SES did not take the mail: sending is paused, for the account or for the configuration set. "
    "Read the account's status and AWS's mail about it, mend the cause, then resume.",
)
SUSPENDED = Verdict(
    errors.AccountSuspendedError,
    "SES did not take the mail: AWS has ended this account's ability to send. Answer the case "
    "that AWS opened; no repetition helps.",
)
DENIED = Verdict(
    errors.AccessDeniedError,
    "These credentials are not allowed to do this. Allow the action (ses:SendEmail, "
    "ses:SendRawEmail, …) on the identity and the configuration set, in the IAM policy and in "
    "the sending authorization policy.",
)
CREDENTIALS = Verdict(
    errors.AuthenticationError,
    "SES does not know these credentials. Check that they are active, complete and of this "
    "region's account; an SMTP password is derived from a key and holds for one region only.",
)
EXPIRED = Verdict(
    errors.AuthenticationError,
    "The credentials have expired. Get new ones: a session token lives for hours, so let boto3 "
    "refresh it rather than storing it.",
)
CLOCK = Verdict(
    errors.AuthenticationError,
    "SES refuses the signature because of its time. Set this machine's clock.",
)
SIGV2 = Verdict(
    errors.AuthenticationError,
    "These SMTP credentials were made before 10 January 2019 and are no longer served at full "
    "rate. Make new SMTP credentials in the SES console.",
)
LOGIN_FIRST = Verdict(
    errors.AuthenticationError,
    "The SMTP server wants a login first. Give the SMTP user name and password of this region.",
)
TLS_FIRST = Verdict(
    errors.TransportSecurityError,
    "The SMTP server wants TLS first. Use port 465 (TLS from the start), or STARTTLS on 587.",
)
MISSING = Verdict(
    errors.NotFoundError,
    "SES does not find what the mail names: the configuration set, template, tenant, contact "
    "list or sending pool does not exist in this account and region. Check its name and the "
    "region.",
)
TOO_LONG = Verdict(
    errors.MessageRejectedError,
    "SES rejected the mail: it is too large. The limit, after encoding, is 40 MB (10 MB over API "
    "v1). Send a link in place of the attachment.",
)
REJECTED = Verdict(
    errors.MessageRejectedError,
    "SES rejected the mail, and would reject it again. What it objects to is in error.reply.",
)
UNKNOWN = Verdict(
    errors.OutcomeUnknownError,
    "No answer came back that tells whether SES took the mail: it may have been sent. Wait for "
    "its Send or Delivery event before you mail again.",
)
GREETING = Verdict(
    errors.AccessDeniedError,
    "The SMTP server turned this client away before a mail was offered. Check the host, the port "
    "and whether a policy lets this machine use it.",
)
NO_TLS = Verdict(
    errors.TransportSecurityError,
    "The SMTP server refused STARTTLS, so nothing was sent. Check host and port: SES takes "
    "STARTTLS on 25, 587 and 2587, and TLS from the start on 465 and 2465.",
)
OUT_OF_STEP = Verdict(
    errors.ServiceUnavailableError,
    "The SMTP connection is out of step: the answer fits no command. The mail was not taken; "
    "send it again on a new connection.",
)
UNREACHABLE = Verdict(
    errors.ServiceUnavailableError,
    "SES could not be reached, or the connection broke before the mail was handed over. It was "
    "not sent; send it again in some seconds. If this stays, check region, host and network.",
)
TLS_FAILED = Verdict(
    errors.TransportSecurityError,
    "TLS could not be set up, so nothing was sent: the certificate is not valid for this host, "
    "or no common protocol was found. Check the host name, the proxy between, the trusted roots "
    "(AWS_CA_BUNDLE) and this machine's clock.",
)
NO_MECHANISM = Verdict(
    errors.AuthenticationError,
    "The SMTP server offers no login that both sides know. SES offers one after TLS only: use "
    "port 465, or STARTTLS on 587.",
)
NOT_ASCII = Verdict(
    errors.MessageRejectedError,
    "The SMTP server lacks an extension that this mail asks for. SES takes no SMTPUTF8: write "
    "addresses in ASCII, the domain in Punycode.",
)
NOBODY = Verdict(
    errors.MessageRejectedError,
    "The mail has no recipient left to send to. Give at least one.",
)
NO_CREDENTIALS = Verdict(
    errors.AuthenticationError,
    "No usable AWS credentials were found, so nothing was sent. Set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, log in again with your profile, or give this machine or function a "
    "role.",
)
MALFORMED = Verdict(
    errors.MessageRejectedError,
    "The request was not sent: it does not fit SES's own description of it. Compare the "
    "arguments with the operation's parameters in boto3's reference; error.original names them.",
)

CONTROL_RATE = Verdict(
    errors.SendingRateExceededError,
    "SES takes about one such request a second from an account. Ask less often; a second is "
    "enough.",
)
CONTROL_REFUSED = Verdict(
    errors.MessageRejectedError,
    "SES refused the request, and would refuse it again. What it objects to is in error.reply.",
)
CONTROL_UNANSWERED = Verdict(
    errors.ServiceUnavailableError,
    "SES gave no usable answer. No mail hangs on this request; make it again in some seconds.",
)
FOR_CONTROL: dict[type[errors.SendError], Verdict] = {
    errors.SendingRateExceededError: CONTROL_RATE,
    errors.MessageRejectedError: CONTROL_REFUSED,
    errors.OutcomeUnknownError: CONTROL_UNANSWERED,
}
"""What is said, by error class, where the request was none that sends mail."""

BY_WORDS: tuple[tuple[tuple[str, ...], Verdict], ...] = (
    (("maximum sigv2 smtp sending rate",), SIGV2),
    (("daily message quota",), QUOTA),
    (("daily sending quota",), QUOTA),
    (("maximum sending rate",), RATE),
    (("throttling failure",), RATE),
    (("too many concurrent smtp connections",), CONNECTIONS),
    (("mail from", "not verified"), MAIL_FROM),
    (("identities failed the check",), NOT_VERIFIED),
    (("email address is not verified",), NOT_VERIFIED),
    (("email address not verified",), NOT_VERIFIED),
    (("sending paused",), PAUSED),
    (("sending is paused",), PAUSED),
    (("sending is disabled",), PAUSED),
    (("sending is currently paused",), PAUSED),
    (("account", "has been suspended"), SUSPENDED),
    (("account is suspended",), SUSPENDED),
    (("account suspended",), SUSPENDED),
    (("account", "has been shut down"), SUSPENDED),
    (("account is shut down",), SUSPENDED),
    (("permanently restricted",), SUSPENDED),
    (("not authorized to perform",), DENIED),
    (("configuration set", "does not exist"), MISSING),
    (("template", "does not exist"), MISSING),
    (("tenant", "does not exist"), MISSING),
    (("signature expired",), CLOCK),
    (("signature not yet current",), CLOCK),
)
"""Words that decide, over SMTP and over the API. All of a row must be there, in lower case."""

BY_SMTP_WORDS: tuple[tuple[tuple[str, ...], Verdict], ...] = (
    (("timeout waiting for data from client",), IDLE),
    (("temporary authentication failure",), UNAVAILABLE),
    (("temporary service failure",), UNAVAILABLE),
    (("credentials invalid",), CREDENTIALS),
    (("not subscribed to ses",), CREDENTIALS),
    (("must issue a starttls",), TLS_FIRST),
    (("authentication required",), LOGIN_FIRST),
    (("access denied",), DENIED),
    (("too many connections",), CONNECTIONS),
    (("message is too long",), TOO_LONG),
)
"""Words that decide over SMTP only: a proxy's error page may hold them too."""

_CODES: tuple[tuple[Verdict, str], ...] = (
    (RATE, "Throttling Throttled RequestThrottled TooManyRequests SlowDown LimitExceeded"),
    (RATE, "RequestLimitExceeded BandwidthLimitExceeded AccountThrottled"),
    (QUOTA, "AccountDailyQuotaExceeded DailyQuotaExceeded"),
    (REJECTED, "MessageRejected BadRequest InvalidParameter InvalidParameterValue Failed"),
    (REJECTED, "InvalidParameterCombination MissingParameter Validation ValidationError"),
    (REJECTED, "InvalidTemplate InvalidRenderingParameter MissingRenderingAttribute"),
    (REJECTED, "MalformedInput MalformedQueryString Serialization InvalidAction"),
    (TOO_LONG, "RequestEntityTooLarge RequestTooLarge"),
    (MAIL_FROM, "MailFromDomainNotVerified"),
    (PAUSED, "AccountSendingPaused ConfigurationSetSendingPaused SendingPaused"),
    (SUSPENDED, "AccountSuspended"),
    (MISSING, "NotFound ConfigurationSetNotFound TemplateNotFound InvalidSendingPoolName"),
    (MISSING, "ConfigurationSetDoesNotExist TemplateDoesNotExist"),
    (MISSING, "CustomVerificationEmailTemplateDoesNotExist"),
    (CREDENTIALS, "InvalidClientTokenId SignatureDoesNotMatch UnrecognizedClient AuthFailure"),
    (CREDENTIALS, "InvalidSignature IncompleteSignature MissingAuthenticationToken OptInRequired"),
    (CREDENTIALS, "InvalidAccessKeyId InvalidToken InvalidSecurity NotSignedUp"),
    (EXPIRED, "ExpiredToken"),
    (CLOCK, "RequestExpired RequestTimeTooSkewed"),
    (DENIED, "AccessDenied NotAuthorized Unauthorized UnauthorizedOperation Forbidden"),
    (DENIED, "AuthorizationError"),
    (UNAVAILABLE, "TransientFailure RequestTimeout"),
)

BY_CODE: dict[str, Verdict] = {
    name.lower(): verdict for verdict, names in _CODES for name in names.split()
}
"""Codes of both APIs and statuses of bulk sends: lower case, without ``_`` and ``Exception``."""

BY_HTTP_STATUS: dict[int, Verdict] = {
    401: CREDENTIALS,
    403: DENIED,
    404: MISSING,
    408: UNAVAILABLE,
    413: TOO_LONG,
    425: UNAVAILABLE,
    429: RATE,
}
"""Statuses of the HTTP layer that say more than 4xx (rejected) and all others (unknown)."""
