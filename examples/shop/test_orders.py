"""The shop's tests: no AWS, no network, nothing patched, nothing slept."""

from __future__ import annotations

import pytest

from sesguard.simulator import Simulator
from sesguard.sources import MemorySource
from sesguard.stores import MemoryStore
from sesguard.testing.events import Envelope, MakeSample
from shop.orders import Order, Shop


@pytest.fixture
def store(ses: Simulator) -> MemoryStore:
    return MemoryStore(clock=ses.clock)


@pytest.fixture
def shop(ses: Simulator, store: MemoryStore) -> Shop:
    return Shop(ses.client(suppression=store))


def an_order(customer: str = "ann@example.org", number: int = 7) -> Order:
    return Order(number=number, customer=customer, total="12.00 EUR")


def test_a_receipt_is_mailed(ses: Simulator, shop: Shop) -> None:
    """One mail, to the customer, with the total in it."""
    order = an_order()
    assert shop.send_receipt(order) is None
    (mail,) = ses.outbox
    assert (mail.to, mail.subject) == (("ann@example.org",), "Your order 7")
    assert "12.00 EUR" in (mail.text or "")
    assert order.receipt == "sent"


@pytest.mark.parametrize(
    ("trouble", "times"), [("rate", 3), ("connection refused", 3), ("quota", 1)]
)
def test_what_ses_does_not_take_now_is_tried_later(
    ses: Simulator, shop: Shop, trouble: str, times: int
) -> None:
    """The shop is told when: what the client itself tried in vain is mailed the next time."""
    order = an_order()
    ses.fail_next(times, trouble)
    wait = shop.send_receipt(order)
    assert wait is not None
    assert (order.receipt, len(ses.outbox)) == ("later", 0)
    ses.clock.advance(wait)
    shop.send_receipt(order)
    assert (order.receipt, len(ses.outbox)) == ("sent", 1)


def test_a_lost_answer_is_cleared_up_by_the_delivery(
    ses: Simulator, shop: Shop, store: MemoryStore
) -> None:
    """Nobody is mailed twice: the order is unknown until SES tells that the mail arrived."""
    order = an_order()
    ses.fail_next(1, "answer lost")
    assert shop.send_receipt(order) is None
    assert order.receipt == "unknown"
    shop.worker(ses.source(), store).drain()
    assert (order.receipt, len(ses.outbox)) == ("sent", 1)


def test_a_refusal_is_final(ses: Simulator, shop: Shop) -> None:
    """What SES will never take is not tried again."""
    order = an_order()
    ses.pause_sending()
    assert shop.send_receipt(order) is None
    assert order.receipt == "refused"


def test_a_customer_who_cannot_be_reached_is_not_mailed_again(
    ses: Simulator, shop: Shop, store: MemoryStore
) -> None:
    """The first receipt bounces, and the second is never handed to SES."""
    ses.bounces("gone@example.org")
    first, second = an_order("gone@example.org", 1), an_order("gone@example.org", 2)
    shop.send_receipt(first)
    shop.worker(ses.source(), store).drain()
    shop.send_receipt(second)
    assert (first.receipt, second.receipt) == ("bounced", "not mailed")
    assert len(ses.outbox) == 1


@pytest.mark.parametrize("envelope", ["sns", "none", "eventbridge"])
def test_a_bounce_marks_its_order_however_it_comes(
    shop: Shop, store: MemoryStore, ses_event: MakeSample, envelope: Envelope
) -> None:
    """Whatever the queue is fed by: SNS, SNS with raw delivery, or EventBridge."""
    order = an_order()
    shop.send_receipt(order)
    queue = MemorySource([ses_event("Bounce", envelope=envelope, tags={"order": "7"})])
    shop.worker(queue, store).drain()
    assert order.receipt == "bounced"


def test_an_absence_note_is_no_bounce(
    shop: Shop, store: MemoryStore, ses_event: MakeSample
) -> None:
    """A soft bounce changes nothing, nor does what SES may invent tomorrow."""
    order = an_order()
    shop.send_receipt(order)
    note = ses_event("Bounce", bounce_type="Transient", tags={"order": "7"})
    queue = MemorySource([note, ses_event("UnknownEvent", tags={"order": "7"})])
    done = shop.worker(queue, store).drain()
    assert done.deleted == 2
    assert (order.receipt, len(store.entries().items)) == ("sent", 0)
