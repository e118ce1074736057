"""
The main job from end to end, on this machine alone: no AWS account, no network.

Orders are mailed through the guard, bounces and complaints come back, the second mail is refused
with its reason, the two 454s are told apart over real SMTP, and the rates are held against the
lines at which AWS acts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from textwrap import indent

from loopback_smtp import QUOTA, RATE, serving

from sesguard import Client, Email, RetryPolicy, Worker, account, errors, limiters, metrics, stores
from sesguard.simulator import Simulator, scenarios

NAMES = (
    *("ann", "bob", "cora", "dan", "eve", "finn", "gil", "hana", "ivo", "jo"),
    *("kim", "lea", "max", "nora", "olli", "pia", "quin", "ria", "sam", "tom"),
)
HOSTS = ("example.org", "example.net", "example.com")


def order(address: str, number: int) -> Email:
    return Email(
        sender="Paper & Ink <orders@example.com>",
        to=address,
        subject=f"Your order {number} is on its way",
        text=f"Thank you for order {number}. You can follow the parcel on our site.",
        html=f"<p>Thank you for order <b>{number}</b>.</p>",
        stream="orders",
    )


def customers(day: int) -> Iterator[str]:
    for name in NAMES:
        for host in HOSTS:
            yield f"{name}.{day}@{host}"


def chapter(number: int, title: str) -> None:
    print(f"\n{number}. {title}\n")


def first_day(ses: Simulator, client: Client, store: stores.MemoryStore) -> None:
    chapter(1, "Orders go out through the guard")
    for address in ("bob.0@example.org", "eve.0@example.net"):
        ses.bounces(address)
    ses.complains("max.0@example.com")
    emails = [order(address, 1000 + n) for n, address in enumerate(customers(0))]
    tally = client.send_many(emails)
    print(f"   {tally.sent} of {tally.total} mails taken by SES")

    chapter(2, "Bounces and complaints come back through the queue, and go on the list")
    done = Worker(ses.source(), store=store).drain()
    print(f"   {done.received} messages received, {done.applied} events applied")
    for entry in store.entries().items:
        print(f"   {entry.address:<20} {entry.reason:<10} {entry.detail or ''}")

    chapter(3, "The second mail to them is refused, with the reason")
    for email in emails:
        try:
            client.send(email)
        except errors.SuppressedError as error:
            for address, reason in error.reasons.items():
                print(f"   {address:<20} not mailed: {reason}")


def two_refusals() -> None:
    chapter(4, "Over SMTP both refusals are 454; they are not the same")
    with serving() as (ses, transport):
        client = Client(
            suppression=None,
            transport=transport,
            limiter=limiters.Unlimited(),
            retry=RetryPolicy.none(),
        )
        for refusal in (RATE, QUOTA):
            ses.refusals.append(refusal)
            try:
                client.send(order("ann@example.org", 2000))
            except errors.ThrottlingError as error:
                print(f"   {error.code} {error.reply}")
                print(f"       {type(error).__name__}: again in {error.retry_after:,.0f} s")
        print(f"   and then {client.send(order('ann@example.org', 2000)).message_id}")


def a_bad_list(ses: Simulator) -> None:
    chapter(5, "A bought list goes bad: one fortnight, with the guard off and on")
    played = scenarios.bad_list()
    print(indent(str(played), "   "))
    for words, figures in (("off", played.off), ("on", played.on)):
        print(f"\n   Guard {words}:\n")
        print(metrics.chart(figures.points, window=timedelta(days=14)))
    print()
    print(metrics.table(metrics.rates(played.on.points, window=timedelta(days=14))))
    print("\n   What the account says of itself:\n")
    print(account.check(boto3_client=ses.boto3_client("sesv2")))


def main() -> None:
    ses = Simulator()
    store = stores.MemoryStore(clock=ses.clock)
    first_day(ses, ses.client(suppression=store), store)
    two_refusals()
    a_bad_list(ses)


if __name__ == "__main__":
    main()
