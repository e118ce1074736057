"""What observers and a bar show of an e-mail full of canaries, for the canary run."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from sesguard import observers
from sesguard.simulator import Simulator
from tests.canary.material import ADDRESS, FOREIGN, Scenario, letter
from tests.canary.watch import Watch
from tests.observers.notices import send_all_kinds

__all__ = ["SCENARIOS"]


def told(watch: Watch, folder: Path) -> None:
    """All observers at once, asked for rightly and wrongly."""
    registry = CollectorRegistry()
    made = [observers.log(), observers.prometheus(registry), observers.otel()]
    send_all_kinds([*made, watch.value], letter())
    watch.value(made)
    watch.text(generate_latest(registry).decode(), "an exposition")
    wrong: Any = FOREIGN
    ask: Any
    for ask in (observers.log, observers.otel, observers.prometheus):
        watch.ask(ask, wrong)
    watch.ask(observers.prometheus, registry, ADDRESS)


def drawn(watch: Watch, folder: Path) -> None:
    """A bar, alone and in a ``with``."""
    client = Simulator(rate=1000).client(suppression=lambda address: address[0] == "1")
    file = io.StringIO()
    watch.ask(observers.progress, total=-1)
    with observers.progress(total=2, file=file, always=True) as progress:
        watch.ask(client.send_many, [letter(), letter(to="2@example.org")], on_outcome=progress)
        watch.value(progress)
    alone = observers.Progress(file=file, always=True)
    watch.ask(client.send_many, [letter()], on_outcome=alone)
    alone.close()
    watch.text(file.getvalue(), "a bar")


SCENARIOS: list[Scenario] = [told, drawn]
