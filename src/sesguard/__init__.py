"""
sesguard: the guard for Amazon SES.

It checks, paces and judges every send, takes bounces and complaints off the list, and shows the
account's rates before AWS acts on them. Names are loaded when they are first asked for, so that
``import sesguard`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard import (
        account,
        errors,
        events,
        guards,
        infra,
        ledgers,
        limiters,
        mailcheck,
        mailed,
        metrics,
        observers,
        outboxes,
        outcomes,
        replies,
        simulator,
        sns,
        sources,
        stores,
        sync,
        transports,
    )
    from sesguard._client.hooks import allow_if
    from sesguard._core.payloads import parse_event, parse_events
    from sesguard._core.policy import FeedbackPolicy
    from sesguard._core.retry import RetryPolicy
    from sesguard.client import AsyncClient, Client
    from sesguard.mail import Attachment, Email, ListManagement, Template
    from sesguard.outbox import Outbox
    from sesguard.outcomes import SendResult
    from sesguard.ports import SuppressionHook
    from sesguard.suppression import Reason, Suppression
    from sesguard.translated import translated_errors
    from sesguard.webhook import AsyncWebhook, Webhook
    from sesguard.worker import Worker

__version__ = "0.1.0"

__all__ = [
    "AsyncClient",
    "AsyncWebhook",
    "Attachment",
    "Client",
    "Email",
    "FeedbackPolicy",
    "ListManagement",
    "Outbox",
    "Reason",
    "RetryPolicy",
    "SendResult",
    "Suppression",
    "SuppressionHook",
    "Template",
    "Webhook",
    "Worker",
    "account",
    "allow_if",
    "errors",
    "events",
    "guards",
    "infra",
    "ledgers",
    "limiters",
    "mailcheck",
    "mailed",
    "metrics",
    "observers",
    "outboxes",
    "outcomes",
    "parse_event",
    "parse_events",
    "replies",
    "simulator",
    "sns",
    "sources",
    "stores",
    "sync",
    "translated_errors",
    "transports",
]

_WHERE = {
    "AsyncClient": "client",
    "AsyncWebhook": "webhook",
    "Attachment": "mail",
    "Client": "client",
    "Email": "mail",
    "FeedbackPolicy": "_core.policy",
    "ListManagement": "mail",
    "Outbox": "outbox",
    "Reason": "suppression",
    "RetryPolicy": "_core.retry",
    "SendResult": "outcomes",
    "Suppression": "suppression",
    "SuppressionHook": "ports",
    "Template": "mail",
    "Webhook": "webhook",
    "Worker": "worker",
    "allow_if": "_client.hooks",
    "parse_event": "_core.payloads",
    "parse_events": "_core.payloads",
    "translated_errors": "translated",
}


def __getattr__(name: str) -> object:
    if name in _WHERE:
        value = getattr(import_module(f"sesguard.{_WHERE[name]}"), name)
    elif name in __all__:
        value = import_module(f"sesguard.{name}")
    else:
        raise AttributeError(f"module 'sesguard' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
