"""Amazon SES inside this process: for demos, documentation and tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard.simulator.clock import SimulatedClock
    from sesguard.simulator.destinations import SNSTopic, SQSQueue
    from sesguard.simulator.disorder import Disorder
    from sesguard.simulator.envelopes import Publication
    from sesguard.simulator.faults import Fault
    from sesguard.simulator.http_subscriber import HTTPSubscriber
    from sesguard.simulator.offers import SentMail
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
    "Disorder": "disorder",
    "Fault": "faults",
    "HTTPSubscriber": "http_subscriber",
    "Publication": "envelopes",
    "SMTPFace": "smtp.face",
    "SNSTopic": "destinations",
    "SQSQueue": "destinations",
    "SentMail": "offers",
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
