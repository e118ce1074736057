"""
What SES's SMTP interface needs: passwords, host names and ports.

The transport itself is `sesguard.transports.SMTPTransport`.
"""

from __future__ import annotations

from sesguard._core.endpoints import REGIONS_WITHOUT_SMTP, TLS_BY_PORT, TLSMode, smtp_host
from sesguard._core.smtp_password import password_from_secret

__all__ = [
    "REGIONS_WITHOUT_SMTP",
    "TLS_BY_PORT",
    "TLSMode",
    "password_from_secret",
    "smtp_host",
]
