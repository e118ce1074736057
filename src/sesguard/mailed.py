"""
Feedback that SES forwards as mail, for accounts without SNS.

```python
from sesguard import mailed

for event in mailed.parse_mail(message):  # bytes, or a ParseError that says what else it is
    if event.mail is not None and event.mail.message_id in sent:
        ...
```
"""

from __future__ import annotations

from sesguard._core.mailed import parse_mail

__all__ = ["parse_mail"]
