"""What type checkers see of a guarded send. Nothing here runs: mypy and pyright read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never, assert_type

from sesguard import (
    AsyncClient,
    Attachment,
    Client,
    Email,
    Reason,
    RetryPolicy,
    SendResult,
    Suppression,
    SuppressionHook,
    Template,
    allow_if,
    errors,
    limiters,
    outcomes,
    stores,
    transports,
)
from sesguard.addresses import Address, AddressKey
from sesguard.ports import Receipt, SuppressionStore, Transport


def a_hook(address: AddressKey) -> bool:
    return address.endswith("@example.org")


def a_hook_that_tells_why(address: AddressKey) -> Suppression | None:
    return None


def a_hook_of_strings(address: str) -> bool:
    return bool(address)


async def an_async_hook(address: AddressKey) -> bool:
    return bool(address)


def may_be_mailed(address: AddressKey) -> bool:
    return bool(address)


class AStoreOfTheirs:
    """Anything with `look_up`."""

    def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]:
        return {}


def suppression_is_any_of_these() -> None:
    Client(suppression=None)
    Client(suppression=a_hook)
    Client(suppression=a_hook_that_tells_why)
    Client(suppression=a_hook_of_strings)
    Client(suppression=allow_if(may_be_mailed))
    Client(suppression=AStoreOfTheirs())
    Client(suppression=stores.MemoryStore())
    AsyncClient(suppression=an_async_hook)
    AsyncClient(suppression=a_hook)
    hook: SuppressionHook = a_hook
    Client(suppression=hook)


def suppression_is_required() -> None:
    Client()  # type: ignore[call-arg]  # no list is said out loud: suppression=None
    AsyncClient()  # type: ignore[call-arg]  # here too
    Client(suppression=an_async_hook)  # type: ignore[arg-type]  # nobody would await it
    Client(suppression="a list")  # type: ignore[arg-type]  # not a hook


def every_option_has_its_type() -> None:
    Client(
        suppression=stores.SQLiteStore("list.db"),
        transport=transports.SMTPTransport(username="user", password="password"),
        limiter=limiters.MemoryLimiter(14),
        on_suppressed="drop",
        on_lookup_error="send",
        retry=RetryPolicy(),
        timeout=timedelta(seconds=30),
        configuration_set="orders",
        tags={"campaign": "spring"},
    )
    Client(suppression=None, on_suppressed="ignore")  # type: ignore[arg-type]  # no such choice
    Client(suppression=None, region="eu-west-1")  # type: ignore[call-arg]  # region_name


def an_email_is_keyword_only(message: Email) -> None:
    email = Email(
        sender="Shop <shop@example.com>",
        to=["Ann <ann@example.org>", Address.parse("bob@example.org")],
        subject="Hello",
        text="Hi",
        attachments=[Attachment("a.txt", b"text"), Attachment("b.txt", "text", "text/plain")],
        headers={"X-Shop": "1"},
    )
    Email(sender="shop@example.com", to="ann@example.org", template=Template("hello", {"a": 1}))
    assert_type(email.sender, Address)
    assert_type(email.to, tuple[Address, ...])
    assert_type(email.recipients, tuple[Address, ...])
    assert_type(email.subject, str | None)
    assert_type(email.as_bytes(), bytes)
    assert_type(Email.from_dict(email.to_dict()), Email)
    Email("shop@example.com")  # type: ignore[call-arg]  # names say what is what
    message.subject = "Other"  # type: ignore[misc]  # frozen


def a_send_answers_a_result(client: Client, email: Email) -> None:
    result = client.send(email, timeout=3)
    assert_type(result, SendResult)
    assert_type(result.message_id, str)
    assert_type(result.request_id, str | None)
    assert_type(result.accepted, tuple[str, ...])
    assert_type(result.suppressed, Mapping[str, Suppression])
    assert_type(result.refused, Mapping[str, errors.SendError])
    assert_type(result.attempts, int)
    assert_type(result.waited, float)


def many_sends_are_counted(client: Client, emails: list[Email]) -> None:
    assert_type(client.send_many(emails, concurrency=4), outcomes.Tally)
    assert_type(client.iter_send(emails), Iterator[outcomes.Outcome])
    assert_type(client.with_options(timeout=3, suppression=None), Client)
    with client as same:
        assert_type(same, Client)


async def an_async_client_has_the_same_names(client: AsyncClient, email: Email) -> None:
    assert_type(await client.send(email), SendResult)
    assert_type(await client.send_many([email]), outcomes.Tally)
    assert_type(client.iter_send([email]), AsyncIterator[outcomes.Outcome])
    assert_type(client.with_options(on_suppressed="drop"), AsyncClient)
    async with client as same:
        assert_type(same, AsyncClient)


def outcomes_are_a_closed_union(outcome: outcomes.Outcome) -> str:
    match outcome:
        case outcomes.Sent(result=result):
            return result.message_id
        case outcomes.Suppressed(error=error):
            assert_type(error, errors.SuppressedError)
            return ""
        case outcomes.Rejected() | outcomes.NotSent() | outcomes.Unknown():
            assert_type(outcome.error, errors.SESGuardError)
            return str(outcome.error)
        case _:
            assert_never(outcome)


class ATransportOfTheirs:
    """Whatever has `submit` and `close` fits."""

    def submit(self, email: Email, handover: object, /) -> Receipt:
        return Receipt(message_id="1")

    def close(self) -> None: ...


def ports_are_shapes(at: datetime) -> None:
    transport: Transport = ATransportOfTheirs()
    Client(suppression=None, transport=transport)
    store: SuppressionStore = stores.MemoryStore()
    store = stores.SQLiteStore("list.db")
    store.add([Suppression(key=AddressKey("ann@example.org"), reason=Reason.MANUAL, at=at)])
    assert_type(store.remove([AddressKey("ann@example.org")]), int)


def errors_say_what_to_do(error: errors.SESGuardError) -> None:
    assert_type(error.retryable, bool)
    assert_type(error.retry_after, float | None)
    assert_type(error.outcome, errors.SendOutcome)
    assert_type(error.delay(1), float)
    try:
        pass
    except errors.RETRY_LATER as later:
        assert_type(later, errors.SESGuardError)
