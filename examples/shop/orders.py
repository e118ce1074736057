"""Receipts of a shop: each is mailed once, and the shop knows what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from sesguard import Client, Email, Worker, errors, events
from sesguard.ports import Source, SuppressionStore

__all__ = ["Order", "Shop"]


@dataclass
class Order:
    """
    What somebody bought.

    Attributes:
        receipt: ``"open"``, ``"later"``, ``"sent"``, ``"unknown"``, ``"refused"``, ``"bounced"``
            or, where the customer is on the list, ``"not mailed"``.
    """

    number: int
    customer: str
    total: str
    receipt: str = "open"


class Shop:
    """Knows its orders, by number, and mails their receipts."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.orders: dict[int, Order] = {}

    def send_receipt(self, order: Order) -> float | None:
        """Mail it. Answers the seconds after which to try again; None where that is pointless."""
        self.orders[order.number] = order
        email = Email(
            sender="Shop <shop@example.com>",
            to=order.customer,
            subject=f"Your order {order.number}",
            text=f"Thank you. The total is {order.total}.",
            tags={"order": str(order.number)},
        )
        try:
            self.client.send(email)
        except errors.RETRY_LATER as error:
            order.receipt = "later"
            return error.delay(0)
        except errors.OutcomeUnknownError:
            order.receipt = "unknown"  # its Delivery tells; to mail again might be twice
        except errors.SuppressedError:
            order.receipt = "not mailed"
        except errors.NEVER_RETRY:
            order.receipt = "refused"
        else:
            order.receipt = "sent"
        return None

    def worker(self, source: Source, store: SuppressionStore) -> Worker:
        """What reads SES's feedback. Dead addresses go on the list without a line of ours."""
        worker = Worker(source, store=store)

        @worker.on(events.Delivery)
        def delivered(event: events.Delivery) -> None:
            self._mark(event, "sent")

        @worker.on(events.Bounce)
        def bounced(event: events.Bounce) -> None:
            if event.bounce_type == "Permanent":
                self._mark(event, "bounced")

        return worker

    def _mark(self, event: events.Event, receipt: str) -> None:
        number = None if event.mail is None else event.mail.tag("order")
        if number is not None and (order := self.orders.get(int(number))) is not None:
            order.receipt = receipt
