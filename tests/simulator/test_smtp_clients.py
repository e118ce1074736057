"""Mailers that nobody has changed, over SMTP: the standard library's, and Django's."""

from __future__ import annotations

import smtplib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import django.core.mail
import pytest
from django.conf import UserSettingsHolder as SettingsHolder
from django.conf import global_settings, settings
from django.core.mail import EmailMultiAlternatives
from django.test.utils import override_settings

from sesguard._core.endpoints import TLSMode
from sesguard.simulator import Simulator, SMTPFace
from tests.simulator.situations import Mail, Situation, in_mime, situations

BOTH_PORTS = pytest.mark.parametrize("tls", ["implicit", "starttls"])


def by_smtplib(smtp: SMTPFace, tls: TLSMode, mail: Mail) -> None:
    connection: smtplib.SMTP
    if tls == "implicit":
        connection = smtplib.SMTP_SSL(
            smtp.host, smtp.implicit_port, "client.example.com", context=smtp.ssl_context
        )
    else:
        connection = smtplib.SMTP(smtp.host, smtp.starttls_port, "client.example.com")
    with connection:
        if tls == "starttls":
            connection.starttls(context=smtp.ssl_context)
        connection.login(smtp.username, smtp.password)
        connection.send_message(in_mime(mail))


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[None, None, None]:
    """Django with settings that are as they come, whatever another test did with them."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    before = settings._wrapped
    settings._wrapped = SettingsHolder(global_settings)
    yield
    settings._wrapped = before


def django_settings(smtp: SMTPFace, tls: TLSMode) -> dict[str, Any]:
    """As a project writes them, in the way of its version of Django."""
    options = {
        "host": smtp.host,
        "port": smtp.implicit_port if tls == "implicit" else smtp.starttls_port,
        "username": smtp.username,
        "password": smtp.password,
        "use_ssl": tls == "implicit",
        "use_tls": tls == "starttls",
    }
    if hasattr(django.core.mail, "mailers"):  # since 6.1
        return {"MAILERS": {"default": {"OPTIONS": options}}}
    renamed = {"username": "HOST_USER", "password": "HOST_PASSWORD"}
    return {f"EMAIL_{renamed.get(name, name.upper())}": one for name, one in options.items()}


def by_django(smtp: SMTPFace, tls: TLSMode, mail: Mail, authority: Path) -> None:
    """Its SMTP backend by settings alone; the authority is in the environment."""
    authority.write_bytes(smtp.ca_pem)
    with override_settings(**django_settings(smtp, tls)):
        message = EmailMultiAlternatives(
            mail.subject,
            mail.text,
            mail.sender,
            list(mail.to),
            cc=list(mail.cc),
            bcc=list(mail.bcc),
            headers=mail.for_ses,
        )
        if mail.html:
            message.attach_alternative(mail.html, "text/html")
        if mail.file:
            message.attach("bytes.bin", mail.file, "application/octet-stream")
        assert message.send() == 1


def answer_of(error: BaseException | None) -> tuple[int, str]:
    """What a client was answered, out of what smtplib raised."""
    if isinstance(error, smtplib.SMTPResponseException):
        text: Any = error.smtp_error
        return error.smtp_code, text.decode() if isinstance(text, bytes) else text
    return (250, "") if error is None else (0, str(error))


def check(situation: Situation, sim: Simulator, before: int, error: Exception | None) -> None:
    code, text = answer_of(error)
    assert (code, text[: len(situation.reply)]) == (situation.code, situation.reply)
    assert len(sim.outbox) - before == situation.taken
    assert sim.calls["smtp"] == 1
    situation.holds(sim, sim.outbox[-1] if situation.taken else None)


@BOTH_PORTS
@pytest.mark.parametrize("situation", situations())
def test_smtplib_is_answered_as_by_ses(situation: Situation, tls: TLSMode) -> None:
    """It sends, is refused or is left without an answer, and the outbox agrees."""
    sim = situation.account()
    before, error = len(sim.outbox), None
    with sim.smtp() as smtp:
        try:
            by_smtplib(smtp, tls, situation.mail)
        except smtplib.SMTPException as raised:
            error = raised
    check(situation, sim, before, error)


@BOTH_PORTS
@pytest.mark.usefixtures("unset")
@pytest.mark.parametrize("situation", situations())
def test_django_is_answered_as_by_ses(situation: Situation, tls: TLSMode, tmp_path: Path) -> None:
    """Its own SMTP backend, by its settings alone."""
    sim = situation.account()
    before, error = len(sim.outbox), None
    with sim.smtp() as smtp:
        try:
            by_django(smtp, tls, situation.mail, tmp_path / "authority.pem")
        except smtplib.SMTPException as raised:
            error = raised
    check(situation, sim, before, error)
