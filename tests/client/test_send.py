"""One guarded send, over threads and over an event loop."""

from __future__ import annotations

from typing import Any

import pytest

from sesguard import RetryPolicy, errors
from sesguard.outcomes import Attempted, LookUpFailed, Notice, Settled, Waited
from sesguard.ports import Receipt
from sesguard.suppression import Reason, Suppression
from tests.client.conftest import FakeClock, FakeTransport, Make, mail


def entry(key: str, clock: FakeClock, reason: Reason = Reason.BOUNCE) -> Suppression:
    return Suppression(key=key, reason=reason, at=clock.now())  # type: ignore[arg-type]


def test_a_mail_that_nobody_forbids_is_sent_once(run: Make) -> None:
    """The result names the message, and who took it, in the order To, Cc, Bcc."""
    transport = FakeTransport()
    result = run(transport=transport).send(mail("a@x.org", cc="b@x.org", bcc="c@x.org"))
    assert len(transport.taken) == 1
    assert result.message_id == "id-1"
    assert result.request_id == "request"
    assert result.accepted == ("a@x.org", "b@x.org", "c@x.org")
    assert (result.attempts, result.waited) == (1, 0.0)


def test_the_hook_is_asked_once_for_each_mailbox_with_its_key(run: Make) -> None:
    """To, Cc and Bcc, each mailbox once, in lower case and without the display name."""
    asked: list[str] = []
    run(suppression=asked.append).send(
        mail("Ann <Ann@X.org>", cc=["bob@x.org", "ann@x.ORG"], bcc="c@x.org")
    )
    assert asked == ["ann@x.org", "bob@x.org", "c@x.org"]


@pytest.mark.parametrize("yes", [True, "entry"])
def test_a_suppressed_recipient_stops_the_whole_mail(run: Make, yes: Any) -> None:
    """Nothing is sent, and the error names the address and the reason outside of its text."""
    clock, transport = FakeClock(), FakeTransport()
    answer = entry("bob@x.org", clock) if yes == "entry" else True
    client = run(
        transport=transport,
        clock=clock,
        suppression=lambda address: answer if address == "bob@x.org" else None,
    )
    with pytest.raises(errors.SuppressedError) as caught:
        client.send(mail("ann@x.org", bcc="Bob@x.org"))
    assert transport.taken == []
    assert caught.value.reasons == {"Bob@x.org": "BOUNCE" if yes == "entry" else "MANUAL"}
    assert "x.org" not in str(caught.value)


def test_dropped_recipients_are_told_and_the_rest_is_mailed(run: Make) -> None:
    """With on_suppressed="drop" the e-mail goes to who is left, and the result tells who is not."""
    transport = FakeTransport()
    client = run(
        transport=transport,
        suppression=lambda address: address.startswith("b"),
        on_suppressed="drop",
    )
    result = client.send(mail("ann@x.org", "bob@x.org", bcc="c@x.org"))
    (taken,) = transport.taken
    assert [one.addr_spec for one in taken.recipients] == ["ann@x.org", "c@x.org"]
    assert result.accepted == ("ann@x.org", "c@x.org")
    assert [(a, s.reason) for a, s in result.suppressed.items()] == [("bob@x.org", Reason.MANUAL)]


def test_nobody_left_is_always_an_error(run: Make) -> None:
    """A mail to nobody is not reported as sent."""
    transport = FakeTransport()
    client = run(transport=transport, suppression=lambda address: True, on_suppressed="drop")
    with pytest.raises(errors.SuppressedError):
        client.send(mail())
    assert transport.taken == []


class _Nothing:
    """Neither a boolean nor None, and false as a condition."""

    def __bool__(self) -> bool:
        return False


@pytest.mark.parametrize(
    "answer", ["yes", "", 0, 1, [], {}, _Nothing(), NotImplemented, Suppression, "ann@example.org"]
)
def test_a_hook_that_answers_nonsense_sends_nothing(run: Make, answer: object) -> None:
    """Only False and None let mail go; a guess in either direction would be wrong once."""
    transport = FakeTransport()
    with pytest.raises(errors.SuppressionUnavailableError):
        run(transport=transport, suppression=lambda address: answer).send(mail())
    assert transport.taken == []


@pytest.mark.parametrize("failure", [KeyError("ann@example.org"), StopIteration(), OSError("x")])
def test_a_hook_that_raises_sends_nothing(run: Make, failure: Exception) -> None:
    """Its exception is kept as the cause, and its text is not shown."""
    transport = FakeTransport()

    def hook(address: str) -> bool:
        raise failure

    with pytest.raises(errors.SuppressionUnavailableError) as caught:
        run(transport=transport, suppression=hook).send(mail())
    assert transport.taken == []
    assert "ann@example.org" not in str(caught.value)
    assert caught.value.retryable
    assert caught.value.retry_after == 5.0


class Store:
    """Answers what a test says."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[tuple[tuple[str, ...], tuple[str, ...]]] = []

    def look_up(self, keys: Any, scopes: Any = (), /) -> Any:
        self.asked.append((tuple(keys), tuple(scopes)))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_a_store_is_asked_once_for_all_with_the_scopes_of_the_mail(run: Make) -> None:
    """One look-up a send, whatever the number of recipients."""
    store = Store({})
    run(suppression=store).send(mail("a@x.org", "b@x.org", tenant="acme", stream="news"))
    assert store.asked == [(("a@x.org", "b@x.org"), ("tenant:acme", "stream:news"))]


@pytest.mark.parametrize(
    "answer",
    [None, [], "ann@example.org", {"other@x.org": True}, {"ann@example.org": "BOUNCE"}, OSError()],
)
def test_a_store_that_answers_nonsense_sends_nothing(run: Make, answer: object) -> None:
    """Neither a wrong type, nor a key that was not asked, nor an exception lets mail go."""
    transport = FakeTransport()
    with pytest.raises(errors.SuppressionUnavailableError):
        run(transport=transport, suppression=Store(answer)).send(mail())
    assert transport.taken == []


def test_a_failed_look_up_lets_mail_go_by_choice_only(run: Make) -> None:
    """on_lookup_error="send" mails, and the observers are told that nobody was asked."""
    seen: list[Notice] = []
    client = run(suppression=Store(OSError()), on_lookup_error="send", observers=[seen.append])
    assert client.send(mail()).message_id == "id-1"
    assert [type(one) for one in seen] == [LookUpFailed, Attempted, Settled]


def test_an_explicit_false_or_none_in_an_answer_lets_mail_go(run: Make) -> None:
    """A look_up may say no for a key as a hook does."""
    store = Store({"a@x.org": None, "b@x.org": False})
    assert run(suppression=store).send(mail("a@x.org", "b@x.org")).message_id == "id-1"


RATE = errors.SendingRateExceededError("slow", retry_after=1.0)


def test_what_was_not_taken_is_sent_again(run: Make) -> None:
    """A throttle slows the limiter, is waited out, and the result counts the attempts."""
    clock = FakeClock()
    transport = FakeTransport([errors.SendingRateExceededError("slow")])
    limiter = Recording()
    client = run(transport=transport, clock=clock, limiter=limiter)
    result = client.send(mail())
    assert result.attempts == 2
    assert limiter.slowed == [1.0]
    assert len(clock.slept) == 1
    assert 1.0 <= clock.slept[0] <= 1.5
    assert result.waited == clock.slept[0]


@pytest.mark.parametrize(
    "failure",
    [
        errors.OutcomeUnknownError("?"),
        errors.DailyQuotaExceededError("quota"),
        errors.MessageRejectedError("no"),
        errors.SendingPausedError("paused"),
        errors.AuthenticationError("who"),
    ],
)
def test_what_no_repetition_mends_is_sent_once(run: Make, failure: errors.SendError) -> None:
    """Neither an unknown outcome nor a spent quota is tried again."""
    transport = FakeTransport([failure, None])
    with pytest.raises(type(failure)) as caught:
        run(transport=transport).send(mail())
    assert transport.taken == []
    assert caught.value.attempts == 1


def test_attempts_are_bounded_and_told(run: Make) -> None:
    """After the policy's attempts the last error is raised, with their number."""
    transport = FakeTransport([errors.ServiceUnavailableError("down") for _ in range(9)])
    with pytest.raises(errors.ServiceUnavailableError) as caught:
        run(transport=transport).send(mail())
    assert caught.value.attempts == 3
    assert len(transport.answers) == 6


def test_no_policy_is_one_attempt(run: Make) -> None:
    """RetryPolicy.none() repeats nothing."""
    transport = FakeTransport([errors.ServiceUnavailableError("down")])
    with pytest.raises(errors.ServiceUnavailableError):
        run(transport=transport, retry=RetryPolicy.none()).send(mail())


def test_an_outage_does_not_multiply_the_traffic(run: Make) -> None:
    """With the budget spent, a send that fails is one request."""
    transport = FakeTransport([errors.ServiceUnavailableError("down") for _ in range(1000)])
    client = run(transport=transport)
    for _ in range(200):
        with pytest.raises(errors.ServiceUnavailableError):
            client.send(mail())
    assert 200 < 1000 - len(transport.answers) <= 200 + 20


class Recording:
    """A limiter that answers one wait, and writes down what it is asked."""

    def __init__(self, wait: float = 0.0) -> None:
        self.wait = wait
        self.reserved: list[int] = []
        self.returned: list[int] = []
        self.slowed: list[float | None] = []

    def reserve(self, units: int, /) -> float:
        self.reserved.append(units)
        return self.wait

    def give_back(self, units: int, /) -> None:
        self.returned.append(units)

    def slow_down(self, retry_after: float | None = None, /) -> None:
        self.slowed.append(retry_after)


def test_recipients_are_reserved_not_messages(run: Make) -> None:
    """SES counts recipients, and those who were dropped are not counted."""
    limiter = Recording(0.25)
    clock = FakeClock()
    client = run(
        limiter=limiter, clock=clock, suppression=lambda a: a == "b@x.org", on_suppressed="drop"
    )
    result = client.send(mail("a@x.org", "b@x.org", bcc="c@x.org"))
    assert limiter.reserved == [2]
    assert clock.slept == [0.25]
    assert result.waited == 0.25


def test_a_wait_that_passes_the_time_out_is_not_waited(run: Make) -> None:
    """The rate error says when there is room; nothing was sent, and the units go back."""
    limiter, clock, transport = Recording(5.0), FakeClock(), FakeTransport()
    client = run(limiter=limiter, clock=clock, transport=transport)
    with pytest.raises(errors.SendingRateExceededError) as caught:
        client.send(mail("a@x.org", "b@x.org"), timeout=2.0)
    assert caught.value.retry_after == 5.0
    assert caught.value.attempts == 0
    assert (clock.slept, transport.taken, limiter.returned) == ([], [], [2])


def test_a_look_up_that_used_up_the_time_sends_nothing(run: Make) -> None:
    """When the hook took longer than the time-out, the send is not begun."""
    clock, transport, limiter = FakeClock(), FakeTransport(), Recording()

    def slow(address: str) -> bool:
        clock.seconds += 3.0
        return False

    client = run(clock=clock, transport=transport, suppression=slow, limiter=limiter)
    with pytest.raises(errors.ServiceUnavailableError):
        client.send(mail(), timeout=2.0)
    assert transport.taken == []
    assert limiter.returned == [1]


def test_a_retry_that_passes_the_time_out_is_not_waited(run: Make) -> None:
    """The error of the attempt is raised instead."""
    transport, clock = FakeTransport([errors.ServiceUnavailableError("down")]), FakeClock()
    with pytest.raises(errors.ServiceUnavailableError):
        run(transport=transport, clock=clock).send(mail(), timeout=2.0)
    assert clock.slept == []


def test_a_limiter_that_fails_sends_nothing(run: Make) -> None:
    """A foreign exception out of it becomes a StoreError; one of ours passes."""

    class Broken(Recording):
        def reserve(self, units: int, /) -> float:
            raise RuntimeError("redis://secret")

    class Away(Recording):
        def reserve(self, units: int, /) -> float:
            raise errors.StoreError("away")

    for limiter, text in ((Broken(), "The limiter failed with RuntimeError"), (Away(), "away")):
        transport = FakeTransport()
        with pytest.raises(errors.StoreError, match=text) as caught:
            run(transport=transport, limiter=limiter).send(mail())
        assert transport.taken == []
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("answer", [None, "5", float("nan"), float("inf")])
def test_a_limiter_that_answers_no_seconds_sends_nothing(run: Make, answer: Any) -> None:
    """No wait can be made of it, and to send at once would be a guess."""
    transport = FakeTransport()
    with pytest.raises(errors.StoreError, match="seconds to wait"):
        run(transport=transport, limiter=Recording(answer)).send(mail())
    assert transport.taken == []


def test_a_limiter_that_fails_after_a_throttle_is_one_of_our_errors(run: Make) -> None:
    """It ends the send, which SES did not take."""

    class Broken(Recording):
        def slow_down(self, retry_after: float | None = None, /) -> None:
            raise RuntimeError("redis://secret")

    with pytest.raises(errors.StoreError, match="nothing was sent"):
        run(transport=FakeTransport([RATE]), limiter=Broken()).send(mail())


def test_a_send_called_off_while_it_waits_gives_back_what_it_reserved(run: Make) -> None:
    """Else each request that a web server cancels would slow the others down."""

    class Interrupted(FakeClock):
        def sleep(self, seconds: float, /) -> None:
            raise KeyboardInterrupt

    limiter = Recording(1.0)
    with pytest.raises(KeyboardInterrupt):
        run(limiter=limiter, clock=Interrupted()).send(mail("a@x.org", "b@x.org"))
    assert limiter.returned == [2]


@pytest.mark.parametrize("failure", [ValueError("secret"), "not a receipt"])
def test_a_transport_that_breaks_its_contract_leaves_the_outcome_unknown(
    run: Make, failure: object
) -> None:
    """Nobody can tell whether the mail was taken, so it is not sent again."""
    answer = failure if isinstance(failure, Exception) else lambda: failure
    transport = FakeTransport([answer])
    with pytest.raises(errors.OutcomeUnknownError) as caught:
        run(transport=transport).send(mail())
    assert "secret" not in str(caught.value)


def test_an_error_of_ours_out_of_a_transport_passes(run: Make) -> None:
    """An EmailError that a transport finds is the caller's to see. No attempt is told of it."""
    seen: list[Notice] = []
    transport = FakeTransport([errors.EmailError("a template")])
    with pytest.raises(errors.EmailError):
        run(transport=transport, observers=[seen.append]).send(mail())
    assert [type(one) for one in seen] == [Settled]


def test_a_receipt_without_an_id_is_unknown(run: Make) -> None:
    """A result without a message id cannot exist."""
    with pytest.raises(errors.OutcomeUnknownError):
        run(transport=FakeTransport([Receipt(message_id="")])).send(mail())


def test_a_recipient_refused_by_ses_is_told_in_the_result(run: Make) -> None:
    """An exception here would invite a second mail to those who got it."""
    refusal = errors.MessageRejectedError("553")
    receipt = Receipt(message_id="id", refused={"b@x.org": refusal})
    result = run(transport=FakeTransport([receipt])).send(mail("a@x.org", "b@x.org"))
    assert result.accepted == ("a@x.org",)
    assert result.refused == {"b@x.org": refusal}


def test_observers_see_a_send_from_end_to_end_and_change_nothing(run: Make) -> None:
    """One that raises is passed over; the others are told."""
    seen: list[Notice] = []

    def broken(notice: Notice) -> None:
        raise RuntimeError("observer")

    transport = FakeTransport([errors.ServiceUnavailableError("down")])
    client = run(transport=transport, limiter=Recording(0.5), observers=[broken, seen.append])
    result = client.send(mail())
    kinds = [type(one) for one in seen]
    assert kinds == [Waited, Attempted, Waited, Waited, Attempted, Settled]
    assert isinstance(seen[-1], Settled)
    assert seen[-1].result == result


def test_a_refused_send_is_observed_too(run: Make) -> None:
    """Settled tells the error that the caller gets."""
    seen: list[Notice] = []
    with pytest.raises(errors.SuppressedError) as caught:
        run(suppression=lambda address: True, observers=[seen.append]).send(mail())
    assert seen == [Settled(error=caught.value)]


def test_the_email_given_is_the_email_kept(run: Make) -> None:
    """The caller's objects are not changed by dropping, tagging or naming a set."""
    transport = FakeTransport()
    email = mail("a@x.org", "b@x.org", tags={"kind": "own"})
    before = email.to_dict()
    run(
        transport=transport,
        suppression=lambda address: address == "b@x.org",
        on_suppressed="drop",
        configuration_set="events",
        tags={"kind": "client", "app": "shop"},
    ).send(email)
    (taken,) = transport.taken
    assert email.to_dict() == before
    assert dict(taken.tags) == {"kind": "own", "app": "shop"}
    assert taken.configuration_set == "events"


def test_something_that_is_no_email_is_named(run: Make) -> None:
    """The error says what was given and how to build one."""
    with pytest.raises(errors.EmailError, match="dict was given"):
        run().send({"to": "ann@example.org"})  # type: ignore[arg-type]
