"""One mail for one key, over threads and over an event loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sesguard import AsyncClient, Client, errors, limiters
from sesguard._core.idempotency import KEY_TAG, digest_of, to_text
from sesguard.outcomes import SendResult
from sesguard.ports import Recorded
from tests.client.conftest import FakeClock, FakeTransport, Make, mail
from tests.client.test_send import Recording


class Keeping:
    """A ledger in a dictionary, which may fail on demand."""

    def __init__(self, *failing: str) -> None:
        self.found: dict[str, Recorded] = {}
        self.failing = failing

    def begin(self, key: str, content: str, /) -> Recorded | None:
        self._fail("begin")
        there = self.found.get(key)
        if there is None:
            self.found[key] = Recorded(content=content)
        return there

    def finish(self, key: str, result: str, /) -> None:
        self._fail("finish")
        self.found[key] = Recorded(content=self.found[key].content, result=result)

    def forget(self, key: str, /) -> None:
        self._fail("forget")
        del self.found[key]

    def close(self) -> None:
        """Nothing is open."""

    def _fail(self, name: str) -> None:
        if name in self.failing:
            raise OSError("ann@example.org")


def test_the_same_key_is_the_same_mail(run: Make) -> None:
    """The first result comes back, and SES is asked once."""
    transport, ledger = FakeTransport(), Keeping()
    client = run(transport=transport, ledger=ledger)
    first = client.send(mail(), idempotency_key="order 7")
    assert client.send(mail(), idempotency_key="order 7") == first
    assert len(transport.taken) == 1
    assert first.accepted == ("ann@example.org",)


def test_the_key_is_recorded_before_the_request(run: Make) -> None:
    """And it travels as a digest, which events bring back."""
    ledger = Keeping()
    seen: list[Recorded] = []
    transport = FakeTransport([lambda: seen.extend(ledger.found.values())])
    run(transport=transport, ledger=ledger).send(mail(), idempotency_key="order 7")
    assert [one.result for one in seen] == [None]
    assert transport.taken[0].tags == {KEY_TAG: digest_of("order 7")}
    assert "order 7" not in digest_of("order 7")


def test_another_mail_under_the_same_key_is_a_conflict(run: Make) -> None:
    """Nothing is sent."""
    transport = FakeTransport()
    client = run(transport=transport, ledger=Keeping())
    client.send(mail(), idempotency_key="order 7")
    with pytest.raises(errors.IdempotencyConflictError):
        client.send(mail(subject="Other"), idempotency_key="order 7")
    assert len(transport.taken) == 1


@pytest.mark.parametrize(
    "error",
    [
        errors.MessageRejectedError("no"),
        errors.DailyQuotaExceededError("spent"),
        errors.SuppressedError("listed", reasons={}),
    ],
)
def test_what_was_not_sent_frees_the_key(run: Make, error: errors.SESGuardError) -> None:
    """The same key may be tried again, with the mail mended."""
    ledger, transport = Keeping(), FakeTransport([error])
    client = run(transport=transport, ledger=ledger)
    with pytest.raises(type(error)):
        client.send(mail(), idempotency_key="order 7")
    assert ledger.found == {}
    assert client.send(mail(subject="Mended"), idempotency_key="order 7").message_id == "id-1"


def test_an_unknown_outcome_keeps_the_key_until_it_is_settled(run: Make) -> None:
    """Nobody mails again; when an event has settled it, the result comes back."""
    ledger, transport = Keeping(), FakeTransport([errors.OutcomeUnknownError("lost")])
    client = run(transport=transport, ledger=ledger)
    for _ in range(2):
        with pytest.raises(errors.OutcomeUnknownError):
            client.send(mail(), idempotency_key="order 7")
    assert transport.taken == []
    ledger.finish(digest_of("order 7"), to_text(SendResult(message_id="id-of-the-event")))
    assert client.send(mail(), idempotency_key="order 7").message_id == "id-of-the-event"
    assert transport.taken == []


def test_a_result_of_which_the_content_is_not_known_is_an_answer(run: Make) -> None:
    """An event settled a key that the ledger had lost."""
    transport, ledger = FakeTransport(), Keeping()
    result = to_text(SendResult(message_id="id-of-the-event"))
    ledger.found[digest_of("order 7")] = Recorded(content="", result=result)
    client = run(transport=transport, ledger=ledger)
    assert client.send(mail(), idempotency_key="order 7").message_id == "id-of-the-event"
    assert transport.taken == []


def test_a_key_needs_a_ledger(run: Make) -> None:
    """Without one nothing is sent."""
    transport = FakeTransport()
    with pytest.raises(errors.ConfigurationError, match="ledger"):
        run(transport=transport).send(mail(), idempotency_key="order 7")
    assert transport.taken == []


@pytest.mark.parametrize("key", ["", 7, "x" * 1025])
def test_a_key_that_is_none_is_refused(run: Make, key: Any) -> None:
    """Nothing is sent, and nothing is recorded."""
    ledger, transport = Keeping(), FakeTransport()
    with pytest.raises(errors.ConfigurationError):
        run(transport=transport, ledger=ledger).send(mail(), idempotency_key=key)
    assert (ledger.found, transport.taken) == ({}, [])


def test_a_ledger_that_fails_at_the_start_sends_nothing(run: Make) -> None:
    """Nothing is recorded, so nothing may go out."""
    transport = FakeTransport()
    with pytest.raises(errors.StoreError) as caught:
        run(transport=transport, ledger=Keeping("begin")).send(mail(), idempotency_key="order 7")
    assert transport.taken == []
    assert "ann@example.org" not in str(caught.value)


def test_an_error_of_ours_out_of_a_ledger_passes(run: Make) -> None:
    """It says itself what to mend."""
    transport, ledger = FakeTransport(), Keeping()

    def begin(key: str, content: str, /) -> Recorded | None:
        raise errors.StoreError("sends.db cannot be written.")

    ledger.begin = begin  # type: ignore[method-assign]
    with pytest.raises(errors.StoreError, match=r"sends\.db"):
        run(transport=transport, ledger=ledger).send(mail(), idempotency_key="order 7")
    assert transport.taken == []


def test_a_ledger_that_answers_nonsense_sends_nothing(run: Make) -> None:
    """Neither None nor what is recorded: it may have been sent before."""
    transport, ledger = FakeTransport(), Keeping()
    ledger.begin = lambda key, content, /: True  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(errors.StoreError):
        run(transport=transport, ledger=ledger).send(mail(), idempotency_key="order 7")
    assert transport.taken == []


@pytest.mark.parametrize("failing", ["finish", "forget"])
def test_a_ledger_that_fails_at_the_end_changes_nothing(
    run: Make, failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What became of the mail is told all the same; the key stays unfinished, the safe side."""
    answers = [] if failing == "finish" else [errors.MessageRejectedError("no")]
    client = run(transport=FakeTransport(list(answers)), ledger=Keeping(failing))
    if failing == "finish":
        assert client.send(mail(), idempotency_key="order 7").message_id == "id-1"
    else:
        with pytest.raises(errors.MessageRejectedError):
            client.send(mail(), idempotency_key="order 7")
    assert f"The ledger's {failing} failed with OSError" in caplog.text
    with pytest.raises(errors.OutcomeUnknownError):
        client.send(mail(), idempotency_key="order 7")


@pytest.mark.parametrize("asked", [False, True])
def test_a_send_that_is_called_off_keeps_its_key_only_if_ses_was_asked(asked: bool) -> None:
    """An interrupted wait has sent nothing; an interrupted request may have."""

    class Interrupted(FakeClock):
        def sleep(self, seconds: float, /) -> None:
            raise KeyboardInterrupt

    ledger = Keeping()
    client = Client(
        suppression=None,
        transport=FakeTransport([KeyboardInterrupt()]),
        limiter=limiters.Unlimited() if asked else Recording(wait=1.0),
        clock=Interrupted(),
        ledger=ledger,
    )
    with pytest.raises(KeyboardInterrupt):
        client.send(mail(), idempotency_key="order 7")
    assert bool(ledger.found) is asked


def test_the_async_client_awaits_a_ledger() -> None:
    """Its methods are awaited on the loop."""

    class Awaited:
        def __init__(self) -> None:
            self.inner = Keeping()

        async def begin(self, key: str, content: str, /) -> Recorded | None:
            return self.inner.begin(key, content)

        async def finish(self, key: str, result: str, /) -> None:
            self.inner.finish(key, result)

        async def forget(self, key: str, /) -> None:
            self.inner.forget(key)

        async def close(self) -> None:
            self.inner.close()

    async def play() -> list[SendResult]:
        async with AsyncClient(
            suppression=None,
            transport=FakeTransport(),
            limiter=limiters.Unlimited(),
            ledger=Awaited(),
        ) as client:
            assert client.has_ledger
            return [await client.send(mail(), idempotency_key="order 7") for _ in range(2)]

    first, second = asyncio.run(play())
    assert first == second
