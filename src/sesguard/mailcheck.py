"""
The look at a received mail that tells whether DKIM is on.

```python
from sesguard import mailcheck

print(mailcheck.seen(message))  # DKIM is on for example.org.
```
"""

from __future__ import annotations

from sesguard._core.dkim_seen import Seen, Signature, seen, signatures

__all__ = ["Seen", "Signature", "seen", "signatures"]
