"""What a client is made of, and what is refused at its door."""

from __future__ import annotations

import asyncio
import gc
import warnings
from datetime import timedelta
from typing import Any

import pytest

from sesguard import AsyncClient, Client, Email, RetryPolicy, allow_if, errors, limiters, transports
from sesguard.clocks import SystemClock
from sesguard.limiters import MemoryLimiter
from sesguard.ports import Handover, Receipt
from tests.client.conftest import FakeClock, FakeTransport, Make, mail
from tests.client.test_guards import Guarding
from tests.client.test_idempotency import Keeping


async def _awaited(address: str) -> bool:
    return False


class Half:
    """Judges mails, and cannot be told what became of them."""

    admit = permit = staticmethod(lambda email: email)


WRONG: dict[str, Any] = {
    "a class as hook": {"suppression": FakeTransport},
    "a list as hook": {"suppression": ["ann@example.org"]},
    "a set as hook": {"suppression": {"ann@example.org"}},
    "a class as transport": {"transport": FakeTransport},
    "a string as transport": {"transport": "ses"},
    "a number as limiter": {"limiter": 14},
    "a class as limiter": {"limiter": MemoryLimiter},
    "no guards": {"guards": None},
    "a guard that learns nothing": {"guards": [Half()]},
    "a class as guard": {"guards": [Guarding]},
    "a path as ledger": {"ledger": "sends.db"},
    "a class as ledger": {"ledger": Keeping},
    "on_suppressed": {"on_suppressed": "ignore"},
    "on_lookup_error": {"on_lookup_error": "ignore"},
    "retry": {"retry": 3},
    "timeout zero": {"timeout": 0},
    "timeout below": {"timeout": timedelta(seconds=-1)},
    "timeout nan": {"timeout": float("nan")},
    "timeout text": {"timeout": "5"},
    "timeout yes": {"timeout": True},
    "no observers": {"observers": None},
    "a number as observer": {"observers": [14]},
    "an observer to await": {"observers": [_awaited]},
    "a number as clock": {"clock": 14},
    "a class as clock": {"clock": SystemClock},
    "a number as clock of the default limiter": {"clock": 14, "limiter": None},
    "region beside a transport": {"region_name": "eu-west-1"},
    "session beside a transport": {"boto3_session": object()},
    "endpoint beside a transport": {"endpoint_url": "http://127.0.0.1"},
}


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG.keys())
def test_an_option_that_cannot_work_is_refused_before_anything_is_sent(
    run: Make, options: dict[str, Any]
) -> None:
    """The message names the option."""
    with pytest.raises(errors.ConfigurationError) as caught:
        run(**options)
    name = next(iter(options))
    assert name in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"tags": {"a b": "c"}}, {"configuration_set": "a b"}, {"tags": {"a": "é"}}]
)
def test_a_tag_or_set_that_ses_refuses_is_refused(run: Make, options: dict[str, Any]) -> None:
    """Before the first e-mail, and not at each."""
    with pytest.raises(errors.EmailError):
        run(**options)


def test_a_list_must_be_named_or_denied() -> None:
    """There is no default for the suppression list."""
    with pytest.raises(TypeError, match="suppression"):
        Client(transport=FakeTransport())  # type: ignore[call-arg]


class _Async:
    async def submit(self, email: Email, handover: Handover, /) -> Receipt:
        handover()
        return Receipt(message_id="async")

    async def look_up(self, keys: Any, scopes: Any = (), /) -> Any:
        return {}

    async def reserve(self, units: int, /) -> float:
        return 0.0

    async def give_back(self, units: int, /) -> None:
        return None

    async def slow_down(self, retry_after: float | None = None, /) -> None:
        return None

    async def close(self) -> None:
        return None


AWAITED: dict[str, dict[str, Any]] = {
    "hook": {"suppression": _awaited},
    "hook that answers a coroutine": {"suppression": lambda address: _awaited(address)},
    "allow_if": {"suppression": allow_if(_awaited)},
    "store": {"suppression": _Async()},
    "transport": {"transport": _Async()},
    "limiter": {"limiter": _Async()},
}


@pytest.mark.parametrize("options", AWAITED.values(), ids=AWAITED.keys())
def test_what_must_be_awaited_is_closed_and_refused_by_the_client(options: dict[str, Any]) -> None:
    """Nothing is sent, and no warning of a coroutine that was never awaited is left behind."""
    transport = FakeTransport()
    wired: dict[str, Any] = {
        "suppression": None,
        "transport": transport,
        "limiter": limiters.Unlimited(),
        **options,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(errors.ConfigurationError, match="AsyncClient"):
            Client(**wired).send(mail("ann@example.org", "bob@example.org"))
        gc.collect()
    assert transport.taken == []


@pytest.mark.parametrize("options", AWAITED.values(), ids=AWAITED.keys())
def test_the_async_client_takes_either_kind(options: dict[str, Any]) -> None:
    """Synchronous and asynchronous ports can be mixed."""
    wired: dict[str, Any] = {
        "suppression": None,
        "transport": FakeTransport(),
        "limiter": limiters.Unlimited(),
        **options,
    }
    if options is AWAITED["allow_if"]:
        with pytest.raises(errors.SuppressedError):
            asyncio.run(AsyncClient(**wired).send(mail()))
        return

    async def play() -> str:
        async with AsyncClient(**wired) as client:
            return (await client.send(mail())).message_id

    assert asyncio.run(play()) in ("async", "id-1")


def test_allow_if_turns_the_question_round(run: Make) -> None:
    """True means *may be mailed*, and anything but a boolean stops the send."""
    client = run(suppression=allow_if(lambda address: address == "ann@example.org"))
    assert client.send(mail("ann@example.org")).message_id
    with pytest.raises(errors.SuppressedError):
        client.send(mail("bob@example.org"))
    for nonsense in (None, 1, "yes"):
        with pytest.raises(errors.SuppressionUnavailableError):
            run(suppression=allow_if(lambda address, n=nonsense: n)).send(mail())  # type: ignore[misc]


@pytest.mark.parametrize("wrong", [bool, None, {"ann@example.org"}])
def test_allow_if_takes_functions_alone(wrong: Any) -> None:
    """A class is called too, and ``bool`` would let everybody be mailed."""
    with pytest.raises(errors.ConfigurationError, match="allow_if"):
        allow_if(wrong)


def test_allow_if_refuses_a_function_that_is_awaited_in_disguise() -> None:
    """A lambda over a coroutine function looks synchronous and is not."""
    client = Client(
        suppression=allow_if(lambda address: _awaited(address)),  # type: ignore[arg-type]
        transport=FakeTransport(),
        limiter=limiters.Unlimited(),
    )
    with pytest.raises(errors.ConfigurationError):
        client.send(mail())


def test_with_options_is_another_client_over_the_same_transport(run: Make) -> None:
    """What is not named stays, and closing it closes nothing shared."""
    transport = FakeTransport()
    client = run(transport=transport, tags={"app": "shop"}, configuration_set="one")
    other = client.with_options(
        on_suppressed="drop",
        tags={"run": "7"},
        suppression=lambda address: address == "b@x.org",
        timeout=timedelta(seconds=9),
    )
    other.send(mail("a@x.org", "b@x.org"))
    client.send(mail("b@x.org"))
    first, second = transport.taken
    assert (dict(first.tags), first.configuration_set) == ({"run": "7"}, "one")
    assert (dict(second.tags), len(second.recipients)) == ({"app": "shop"}, 1)
    other.close()
    assert transport.closed == 0
    client.with_options(configuration_set=None).send(mail())
    assert transport.taken[-1].configuration_set is None


def test_a_closed_client_sends_nothing(run: Make) -> None:
    """It says so, and its transport was closed once."""
    transport = FakeTransport()
    client = run(transport=transport)
    client.close()
    assert transport.closed == 1
    for attempt in (lambda: client.send(mail()), lambda: client.outcomes([mail()])):
        with pytest.raises(errors.ConfigurationError, match="closed"):
            attempt()
    assert transport.taken == []


def test_both_clients_are_context_managers() -> None:
    """Leaving the block closes the transport."""
    transport = FakeTransport()
    with Client(suppression=None, transport=transport) as client:
        assert isinstance(client, Client)

    async def play() -> None:
        async with AsyncClient(suppression=None, transport=transport):
            pass

    asyncio.run(play())
    assert transport.closed == 2


def test_an_asynchronous_close_is_refused_by_the_client() -> None:
    """Else the connections would stay, and a coroutine that nobody awaited."""
    client = Client(suppression=None, transport=_Async(), limiter=limiters.Unlimited())  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(errors.ConfigurationError, match="close"):
            client.close()
        gc.collect()


def test_a_transport_without_close_is_taken(run: Make) -> None:
    """A port that has no more than submit works."""

    class Bare:
        def submit(self, email: Email, handover: Handover, /) -> Receipt:
            return Receipt(message_id="bare")

    client = run(transport=Bare())
    assert client.send(mail()).message_id == "bare"
    client.close()


def test_both_clients_have_the_same_names() -> None:
    """The async one has `aclose` for `close`, and no other difference."""
    public = {name for name in vars(Client) if not name.startswith("_")}
    twin = {name for name in vars(AsyncClient) if not name.startswith("_")}
    assert {"aclose" if name == "close" else name for name in public} == twin


def test_run_sync_can_be_the_callers_own() -> None:
    """Blocking ports go through it, with their arguments."""
    ran: list[str] = []

    async def run_sync(function: Any, /, *args: Any, **kwargs: Any) -> Any:
        ran.append(getattr(function, "__name__", "?"))
        return function(*args, **kwargs)

    async def play() -> None:
        client = AsyncClient(
            suppression=lambda address: False,
            transport=FakeTransport(),
            limiter=limiters.Unlimited(),
            clock=FakeClock(),
            run_sync=run_sync,
        )
        await client.send(mail())

    asyncio.run(play())
    assert "submit" in ran
    assert len(ran) == 3


def test_the_default_transport_is_the_api_in_the_region_given() -> None:
    """Nothing is loaded, connected or asked before the first send."""
    client = Client(suppression=None, region_name="eu-west-1")
    assert isinstance(client._wiring.transport, transports.SESTransport)


def test_the_default_rate_is_the_accounts(run: Make) -> None:
    """A transport that tells the account's rate sets the pace."""

    class Telling(FakeTransport):
        def max_send_rate(self) -> float:
            return 2.0

    clock = FakeClock()
    client = run(transport=Telling(), clock=clock, limiter=None)
    for _ in range(5):
        client.send(mail())
    assert sum(clock.slept) == pytest.approx(2.0, abs=0.01)


def test_retry_policy_is_part_of_the_public_door() -> None:
    """It is frozen, and equal when its figures are."""
    assert RetryPolicy() == RetryPolicy(attempts=3)
