"""Amazon SES inside this process: for demos, documentation and tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard.simulator.clock import SimulatedClock
    from sesguard.simulator.faults import Fault
    from sesguard.simulator.feedback.destinations import SNSTopic, SQSQueue
    from sesguard.simulator.feedback.disorder import Disorder
    from sesguard.simulator.feedback.envelopes import Publication
    from sesguard.simulator.feedback.http_subscriber import HTTPSubscriber
    from sesguard.simulator.mails.offers import SentMail
    from sesguard.simulator.simulator import ClientOptions, Simulator
    from sesguard.simulator.smtp.face import SMTPFace

__all__ = [
    "ClientOptions",
    "Disorder",
    "Fault",
    "HTTPSubscriber",
    "Publication",
    "SMTPFace",
    "SNSTopic",
    "SQSQueue",
    "SentMail",
    "SimulatedClock",
    "Simulator",
]

_HOMES = {
    "ClientOptions": "simulator",
    "Disorder": "feedback.disorder",
    "Fault": "faults",
    "HTTPSubscriber": "feedback.http_subscriber",
    "Publication": "feedback.envelopes",
    "SMTPFace": "smtp.face",
    "SNSTopic": "feedback.destinations",
    "SQSQueue": "feedback.destinations",
    "SentMail": "mails.offers",
    "SimulatedClock": "clock",
    "Simulator": "simulator",
}


def __getattr__(name: str) -> object:
    """Load boto3 when a simulator is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
