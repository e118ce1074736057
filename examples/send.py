"""
A guarded send, and what each answer asks of you.

Runs without AWS. For the real thing, replace the simulator's client with
``Client(suppression=..., region_name="eu-west-1")``.
"""

from __future__ import annotations

from sesguard import Client, Email, errors, stores
from sesguard.simulator import Simulator


def send(client: Client, email: Email) -> str:
    """One send, with every kind of answer handled."""
    try:
        result = client.send(email)
    except errors.SuppressedError as error:
        return f"not mailed, on the list: {', '.join(error.reasons.values())}"
    except errors.RETRY_LATER as error:
        return f"not sent, try again in {error.retry_after:.0f} s: {type(error).__name__}"
    except errors.OutcomeUnknownError:
        return "perhaps sent: wait for its event, do not send again"
    except errors.NEVER_RETRY as error:
        return f"not sent, and would not be: {type(error).__name__}"
    return f"sent as {result.message_id[:16]}…"


def main() -> None:
    ses = Simulator()
    store = stores.MemoryStore()
    store.suppress("bob@example.org", detail="asked by phone")
    client = ses.client(suppression=store)

    def order(to: str) -> Email:
        return Email(
            sender="Shop <orders@example.com>",
            to=to,
            subject="Your order",
            text="It is on its way.",
        )

    print("ann:  ", send(client, order("Ann <ann@example.org>")))
    print("bob:  ", send(client, order("Bob@Example.ORG")))
    ses.fail_next(1, "quota")
    print("cora: ", send(client, order("cora@example.org")))
    ses.fail_next(1, "answer lost")
    print("dan:  ", send(client, order("dan@example.org")))
    print("taken by SES:", len(ses.outbox))


if __name__ == "__main__":
    main()
