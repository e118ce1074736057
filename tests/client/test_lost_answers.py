"""Answers that get lost after SES took the mail: told as unknown, settled, and never sent twice."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from sesguard import Worker, errors, ledgers, limiters, stores
from sesguard.simulator import Simulator
from tests.client.conftest import mail

SENDS = 10_000
SHARE = 0.02


def test_no_answer_that_gets_lost_is_a_second_mail() -> None:
    """
    Of 10,000 sends with 2 % of the answers lost, none is made twice, and each of the lost ones is
    told as unknown, until its event settles it.
    """
    sim, chance = Simulator(quota=-1), Random(7)
    sim.fail_when(lambda _: chance.random() < SHARE, "answer lost")
    ledger = ledgers.MemoryLedger()
    client = sim.client(ledger=ledger, limiter=limiters.Unlimited())
    unknown: list[str] = []
    sent: dict[str, str] = {}
    for number in range(SENDS):
        key = f"order {number}"
        sim.clock.advance(0.1)
        try:
            sent[key] = client.send(
                mail(tags={"order": str(number)}), idempotency_key=key
            ).message_id
        except errors.OutcomeUnknownError:
            unknown.append(key)

    assert Counter(one.tags["order"] for one in sim.outbox).most_common(1)[0][1] == 1
    assert len(sim.outbox) == SENDS
    assert 0.5 * SHARE * SENDS < len(unknown) == SENDS - len(sent) < 2 * SHARE * SENDS

    for key in unknown:
        order = key.removeprefix("order ")
        with pytest.raises(errors.OutcomeUnknownError):
            client.send(mail(tags={"order": order}), idempotency_key=key)
    worker = Worker(sim.source(), store=stores.MemoryStore(), handlers=[ledgers.settling(ledger)])
    worker.drain()
    ids = {f"order {one.tags['order']}": one.message_id for one in sim.outbox}
    for key in (*unknown, "order 17"):
        order = key.removeprefix("order ")
        again = client.send(mail(tags={"order": order}), idempotency_key=key)
        assert again.message_id == ids[key]
    assert len(sim.outbox) == SENDS
