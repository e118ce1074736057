"""Keeps a test's boto3 away from Amazon SES."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.httpsession import URLLib3Session

from sesguard.errors import ConfigurationError

if TYPE_CHECKING:
    import pytest

__all__ = ["keep_from_aws"]

# Source: AWS General Reference, "Amazon Simple Email Service endpoints and quotas".
_SES = re.compile(r"email(-fips)?\.[a-z0-9-]+\.(amazonaws\.[a-z.]+|api\.[a-z.]+)")


def keep_from_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Until *monkeypatch* is undone, no request of botocore's reaches SES's API.

    boto3 forgets its default session for as long, since that may hold credentials.
    """
    session = cast("Any", URLLib3Session)
    original: Callable[..., Any] = session.send

    def send(self: object, request: Any) -> Any:
        if _SES.fullmatch(urlsplit(str(request.url)).hostname or ""):
            raise ConfigurationError(
                "A boto3 client that was made before the fixture ses was about to reach Amazon "
                "SES. Make it in a function, when it is first needed."
            )
        return original(self, request)

    monkeypatch.setattr(session, "send", send)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
