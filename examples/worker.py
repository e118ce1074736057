"""
Feedback out of a queue: the bounce is on the list before its message is deleted.

Runs without AWS. For the real thing, give the worker
``sources.SQSSource("https://sqs.eu-west-1.amazonaws.com/123456789012/feedback")`` and
``worker.run()``, which stops at SIGTERM.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from sesguard import Email, Worker, events, stores
from sesguard.simulator import Simulator


def main() -> None:
    ses = Simulator()
    with (
        tempfile.TemporaryDirectory() as folder,
        stores.SQLiteStore(Path(folder) / "suppressed.db") as store,
    ):
        client = ses.client(suppression=store, on_suppressed="drop")
        worker = Worker(ses.source(), store=store)

        @worker.on(events.Bounce)
        def tell(bounce: events.Bounce) -> None:
            print("bounced:", ", ".join(one.email_address for one in bounce.recipients))

        @worker.on(events.Complaint)
        def unsubscribe(complaint: events.Complaint) -> None:
            print("complained:", ", ".join(one.email_address for one in complaint.recipients))

        newsletter = Email(
            sender="news@example.com",
            to="ann@example.org",
            cc="bounce@simulator.amazonses.com",
            bcc="complaint@simulator.amazonses.com",
            subject="News",
            text="All is well.",
        )
        print("mailed:", len(client.send(newsletter).accepted))
        done = worker.drain()
        print("events:", done.applied, "left in the queue:", done.received - done.deleted)
        again = client.send(newsletter)
        print("mailed again:", ", ".join(again.accepted))
        for address, entry in again.suppressed.items():
            print("left out:", address, entry.reason)


if __name__ == "__main__":
    main()
