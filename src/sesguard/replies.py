"""
What SES's answers mean: from a reply, an API error or an exception to the one error that says it.

```python
from sesguard import replies

error = replies.from_smtp(454, "Throttling failure: Maximum sending rate exceeded", phase="body")
error.retry_after  # 1.0
```
"""

from __future__ import annotations

from sesguard import errors
from sesguard._core.boto_faults import from_boto_exception
from sesguard._core.replies import Phase, from_api, from_smtp
from sesguard._core.smtp_faults import from_smtp_exception

__all__ = ["Phase", "from_api", "from_exception", "from_smtp"]


def from_exception(exc: BaseException) -> errors.SendError | None:
    """
    The error that an exception of boto3, botocore or `smtplib` stands for.

    Args:
        exc: What was caught. It is kept in the error's ``original``.

    Returns:
        An error to raise ``from None``; *exc* itself where it is one of ours; None where it is
        neither smtplib's nor botocore's about SES, nor an `OSError` out of smtplib's or ssl's
        code. What may have been sent is an `OutcomeUnknownError`.
    """
    if isinstance(exc, errors.SendError):
        return exc
    return from_smtp_exception(exc) or from_boto_exception(exc)
