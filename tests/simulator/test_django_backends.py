"""Backends of Django that mail by boto3, and know nothing of the simulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

# Django's settings are a process's own, and so it has one.
PROGRAM = """
import json
import sys

import django
from django.conf import settings

from sesguard.simulator import Simulator

backend = sys.argv[1]
settings.configure(
    EMAIL_BACKEND=backend,
    INSTALLED_APPS=["anymail"] if "anymail" in backend else ["django_ses"],
    AWS_SES_REGION_NAME="eu-west-1",
    AWS_SES_REGION_ENDPOINT="email.eu-west-1.amazonaws.com",
    ANYMAIL={"AMAZON_SES_CLIENT_PARAMS": {"region_name": "eu-west-1"}},
)
django.setup()
from django.core.mail import EmailMultiAlternatives, send_mail

with Simulator() as ses:
    ses.bounces("gone@example.org")
    send_mail("One", "Hello", "us@example.com", ["ann@example.org"])
    mail = EmailMultiAlternatives(
        "Zwei", "Grüße", "Us <us@example.com>", ["gone@example.org"], bcc=["eve@example.org"]
    )
    mail.attach_alternative("<p>Grüße", "text/html")
    mail.attach("a.txt", "abc", "text/plain")
    mail.send()
    print(
        json.dumps(
            {
                "mails": [
                    [mail.subject, mail.text, mail.html, mail.recipients, mail.attachments]
                    for mail in ses.outbox
                ],
                "kinds": [json.loads(told)["eventType"] for told in ses.feedback],
                "regions": [mail.region for mail in ses.outbox],
            }
        )
    )
"""


def sent_by(backend: str) -> dict[str, Any]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, backend],
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"AWS_EC2_METADATA_DISABLED": "true"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "backend", ["anymail.backends.amazon_ses.EmailBackend", "django_ses.SESBackend"]
)
def test_a_backend_that_makes_its_own_client_is_answered(backend: str) -> None:
    """Without credentials; its mails are in the outbox, and their feedback is told."""
    found = sent_by(backend)
    assert [mail[:1] + mail[3:] for mail in found["mails"]] == [
        ["One", ["ann@example.org"], []],
        ["Zwei", ["gone@example.org", "eve@example.org"], ["a.txt"]],
    ]
    (_, text, html, *_), (_, *second) = found["mails"]
    assert (text.strip(), html) == ("Hello", None)
    assert [part.strip() for part in second[:2]] == ["Grüße", "<p>Grüße"]
    assert found["kinds"] == ["Send", "Delivery", "Send", "Delivery", "Bounce"]
    assert found["regions"] == ["eu-west-1", "eu-west-1"]
