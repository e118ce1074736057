"""
Lets django-anymail and django-ses read messages of SNS.

Run by itself, since both need Django's settings: bodies come as a JSON list, and what each made
of them goes back the same way.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django
from django.conf import settings


def configure() -> None:
    settings.configure(
        USE_TZ=True,
        ALLOWED_HOSTS=["testserver"],
        INSTALLED_APPS=[],
        ANYMAIL={"WEBHOOK_SECRET": "user:secret"},
        AWS_SES_VERIFY_EVENT_SIGNATURES=False,
    )
    django.setup()


def asked(body: str) -> Any:
    """The request in which SNS sends it."""
    from django.test import RequestFactory

    message = json.loads(body)
    return RequestFactory().post(
        "/",
        body,
        content_type="text/plain; charset=UTF-8",
        headers={
            "x-amz-sns-message-type": message["Type"],
            "x-amz-sns-message-id": message["MessageId"],
            "Authorization": "Basic dXNlcjpzZWNyZXQ=",
        },
    )


def by_anymail(body: str) -> list[dict[str, Any]]:
    from anymail.signals import tracking
    from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView

    found: list[dict[str, Any]] = []
    names = (
        "event_type", "message_id", "recipient", "description", "mta_response", "user_agent",
        "click_url", "reject_reason", "event_id",
    )  # fmt: skip

    def hear(sender: object, event: Any, **_: object) -> None:
        found.append({name: getattr(event, name) for name in names})

    tracking.connect(hear)
    assert AmazonSESTrackingWebhookView.as_view()(asked(body)).status_code == 200
    tracking.disconnect(hear)
    return found


def by_django_ses(body: str) -> list[dict[str, Any]]:
    from django_ses import signals
    from django_ses.views import SESEventWebhookView

    found: list[dict[str, Any]] = []

    def hear(sender: object, mail_obj: Any, **told: Any) -> None:
        (name,) = (name for name in told if name.endswith("_obj"))
        found.append({"kind": name.removesuffix("_obj"), "mail": mail_obj, "about": told[name]})

    every = [
        getattr(signals, f"{kind}_received")
        for kind in ("bounce", "complaint", "delivery", "send", "open", "click")
    ]
    for signal in every:
        signal.connect(hear)
    assert SESEventWebhookView.as_view()(asked(body)).status_code == 200
    for signal in every:
        signal.disconnect(hear)
    return found


if __name__ == "__main__":
    configure()
    verdicts = [
        {"anymail": by_anymail(body), "django_ses": by_django_ses(body)}
        for body in json.load(sys.stdin)
    ]
    json.dump(verdicts, sys.stdout)
