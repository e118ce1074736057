"""What AWS's codes mean for a pipe."""

from __future__ import annotations

import pytest

from sesguard import errors
from sesguard._core.pipe_faults import error_of

DENIED = (
    "User: arn:aws:iam::123456789012:user/secret-name is not authorized to perform: "
    "SNS:SetTopicAttributes on resource: arn:aws:sns:eu-west-1:123456789012:a"
)


@pytest.mark.parametrize(
    ("code", "message", "status", "kind", "says"),
    [
        ("AuthorizationError", DENIED, 403, errors.AccessDeniedError, "SNS:SetTopicAttributes"),
        ("AccessDenied", "No.", 403, errors.AccessDeniedError, "sns:CreateTopic"),
        ("AccessDeniedException", "", 400, errors.AccessDeniedError, "sns:CreateTopic"),
        ("InvalidClientTokenId", "", 403, errors.AuthenticationError, "access key"),
        ("AWS.SimpleQueueService.NonExistentQueue", "", 400, errors.NotFoundError, "eu-west-1"),
        ("NotFoundException", "", 404, errors.NotFoundError, "names"),
        ("AWS.SimpleQueueService.QueueDeletedRecently", "", 400, None, "in a minute"),
        ("Throttling", "", 400, None, "in some seconds"),
        ("ThrottlingException", "", 400, None, "in some seconds"),
        ("TooManyRequestsException", "", 429, None, "in some seconds"),
        ("InternalError", "", 500, None, "in some seconds"),
        ("InvalidParameter", "x", 400, errors.ConfigurationError, "InvalidParameter"),
        ("a b@example.org", "x", 400, errors.ConfigurationError, "400"),
    ],
)
def test_a_code_is_one_error(
    code: str,
    message: str,
    status: int,
    kind: type[errors.SESGuardError] | None,
    says: str,
) -> None:
    """Which names the missing action where AWS does, and repeats none of its words."""
    error = error_of(
        code, message, status, service="sns", operation="CreateTopic", region="eu-west-1"
    )
    assert type(error) is (kind or errors.ServiceUnavailableError)
    assert says in str(error)
    assert error.retryable is (kind is None)
    assert "secret-name" not in str(error)
    assert "@" not in str(error)


def test_ses_has_one_name_in_policies() -> None:
    """Whichever API was asked."""
    for service in ("ses", "sesv2"):
        error = error_of(
            "AccessDenied", "", 403, service=service, operation="ListIdentities", region=None
        )
        assert "ses:ListIdentities" in str(error)
