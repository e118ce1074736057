"""Many e-mails of one template by few requests, over threads and over an event loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from sesguard import Email, Template, errors
from sesguard.outcomes import NotSent, Outcome, Sent, Suppressed, Unknown, Waited
from sesguard.ports import Answer, Handover, Receipt
from tests.client.conftest import FakeClock, FakeTransport, Make, mail
from tests.client.test_guards import Guarding
from tests.client.test_send import Recording

RATE = errors.SendingRateExceededError("rate", retry_after=1.0)


def letter(name: str, **fields: Any) -> Email:
    return Email(
        sender="shop@example.com",
        to=f"{name}@example.org",
        template=Template("welcome", {"name": name}),
        **fields,
    )


@dataclass
class BulkTransport(FakeTransport):
    """Answers for a recipient what a test put in front, and takes the others."""

    for_whom: dict[str, list[Answer]] = field(default_factory=dict)
    whole: list[Any] = field(default_factory=list)
    requests: list[list[str]] = field(default_factory=list)

    def submit_bulk(self, emails: Sequence[Email], handover: Handover, /) -> Sequence[Answer]:
        handover()
        self.requests.append([one.to[0].local for one in emails])
        whole = self.whole.pop(0) if self.whole else None
        if isinstance(whole, BaseException):
            raise whole
        return [self._answer(one) for one in emails] if whole is None else whole

    def _answer(self, email: Email) -> Answer:
        local = email.to[0].local
        if self.for_whom.get(local):
            return self.for_whom[local].pop(0)
        self.taken.append(email)
        return Receipt(message_id=f"id-{local}", request_id="request")


def by_index(outcomes: list[Outcome]) -> list[Outcome]:
    return sorted(outcomes, key=lambda one: one.index)


def test_letters_of_a_template_go_fifty_at_a_time(run: Make) -> None:
    """Each has its own outcome, with the e-mail that was given."""
    transport = BulkTransport()
    given = [letter(f"p{n}") for n in range(120)]
    outcomes = by_index(run(transport=transport).outcomes(given, bulk=True, concurrency=2))
    assert sorted(map(len, transport.requests)) == [20, 50, 50]
    assert [one.email for one in outcomes] == given
    ids = [one.result.message_id for one in outcomes if isinstance(one, Sent)]
    assert ids == [f"id-p{n}" for n in range(120)]


def test_what_has_no_like_goes_by_itself(run: Make) -> None:
    """A mail without a template, and one that is alone with its template."""
    transport = BulkTransport()
    given = [mail("x@example.org"), letter("a"), letter("b"), letter("c", tenant="acme")]
    tally = run(transport=transport).send_many(given, bulk=True)
    assert tally.sent == 4
    assert transport.requests == [["a", "b"]]


def test_without_asking_nothing_goes_in_bulk(run: Make) -> None:
    """A lost answer is then one mail's, and not fifty's."""
    transport = BulkTransport()
    run(transport=transport).send_many([letter("a"), letter("b")])
    assert transport.requests == []
    assert len(transport.taken) == 2


def test_only_those_are_repeated_that_may_be(run: Make) -> None:
    """One was throttled, one is refused for good; the third is not sent again."""
    limiter, waits = Recording(), list[Any]()
    transport = BulkTransport(
        for_whom={"a": [RATE, RATE], "b": [errors.MessageRejectedError("no")]}
    )
    client = run(transport=transport, limiter=limiter, observers=[waits.append])
    a, b, c = by_index(client.outcomes([letter("a"), letter("b"), letter("c")], bulk=True))
    assert transport.requests == [["a", "b", "c"], ["a"], ["a"]]
    assert isinstance(a, Sent)
    assert (a.result.attempts, type(b).__name__) == (3, "Rejected")
    assert isinstance(c, Sent)
    assert c.result.attempts == 1
    assert (limiter.reserved, limiter.slowed) == ([3, 1, 1], [1.0, 1.0])
    assert [one.error for one in waits if isinstance(one, Waited)] == [RATE, RATE]


def test_a_spent_quota_is_not_repeated(run: Make) -> None:
    """Of a request that was taken in part, the rest says when to come again."""
    transport = BulkTransport(for_whom={"b": [errors.DailyQuotaExceededError("spent")]})
    a, b = by_index(run(transport=transport).outcomes([letter("a"), letter("b")], bulk=True))
    assert isinstance(a, Sent)
    assert isinstance(b, NotSent)
    assert (b.error.retry_after, transport.requests) == (3600.0, [["a", "b"]])


@pytest.mark.parametrize(
    "whole",
    [
        *(errors.OutcomeUnknownError("lost"), OSError("ann@example.org")),
        *([], ["nonsense"], ["nonsense", None], "text", "ab", 7),
    ],
)
def test_a_lost_answer_leaves_each_unknown(run: Make, whole: Any) -> None:
    """None of them is sent again."""
    transport = BulkTransport(whole=[whole])
    outcomes = run(transport=transport).outcomes([letter("a"), letter("b")], bulk=True)
    assert [type(one) for one in outcomes] == [Unknown, Unknown]
    assert len(transport.requests) == 1


def test_what_is_found_before_ses_is_asked_is_each_mails_end(run: Make) -> None:
    """Nothing was sent, and nothing is repeated."""
    transport = BulkTransport(whole=[errors.ConfigurationError("No region.")])
    outcomes = run(transport=transport).outcomes([letter("a"), letter("b")], bulk=True)
    assert [type(one) for one in outcomes] == [NotSent, NotSent]
    assert len(transport.requests) == 1


def test_guards_learn_of_a_request_that_was_called_off(run: Make) -> None:
    """Whether its mails were taken nobody knows."""
    guard, transport = Guarding(), BulkTransport(whole=[KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        run(transport=transport, guards=[guard]).outcomes([letter("a"), letter("b")], bulk=True)
    assert [type(one) for one in guard.learned] == [errors.OutcomeUnknownError] * 2


def test_a_run_that_is_called_off_at_a_guard_has_sent_nothing(run: Make) -> None:
    """What was let go is told to the guard, and all that was reserved is given back."""

    class Interrupted(Guarding):
        def permit(self, email: Email, /) -> None:
            if email.to[0].local == "c":
                raise KeyboardInterrupt
            super().permit(email)

    shut = errors.CircuitOpenError("open", retry_after=60)
    guard, limiter, transport = Interrupted(at_permit=[None, shut]), Recording(), BulkTransport()
    client = run(transport=transport, limiter=limiter, guards=[guard])
    with pytest.raises(KeyboardInterrupt):
        client.outcomes([letter("a"), letter("b"), letter("c")], bulk=True)
    assert transport.requests == []
    assert [type(one) for one in guard.learned] == [errors.ServiceUnavailableError]
    assert limiter.returned == [1, 2]


def test_bulk_sends_earn_retries_by_the_request(run: Make) -> None:
    """An outage does not multiply the requests, however many mails one of them has."""
    transport = BulkTransport(whole=[errors.ServiceUnavailableError("down")] * 10_000)
    client = run(transport=transport)
    given = [letter(f"p{n}") for n in range(50)]
    for _ in range(200):
        client.send_many(given, bulk=True)
    assert 200 < len(transport.requests) <= 200 + 20


def test_a_request_that_never_came_there_is_repeated_whole(run: Make) -> None:
    """Nothing of it was taken."""
    transport = BulkTransport(whole=[errors.ServiceUnavailableError("down")])
    assert run(transport=transport).send_many([letter("a"), letter("b")], bulk=True).sent == 2
    assert transport.requests == [["a", "b"]] * 2


def test_the_list_stops_one_of_many(run: Make) -> None:
    """The others go, in one request."""
    transport = BulkTransport()
    client = run(transport=transport, suppression=lambda key: key.startswith("b@"))
    outcomes = client.outcomes([letter("a"), letter("b"), letter("c")], bulk=True)
    assert transport.requests == [["a", "c"]]
    assert [type(one) for one in by_index(outcomes)] == [Sent, Suppressed, Sent]


def test_a_guard_stops_one_of_many(run: Make) -> None:
    """It gives back what was reserved for it, and is told of each of the others."""
    limiter, transport = Recording(), BulkTransport()
    guard = Guarding(at_permit=[None, errors.CircuitOpenError("open", retry_after=60)])
    client = run(transport=transport, limiter=limiter, guards=[guard])
    outcomes = client.outcomes([letter("a"), letter("b"), letter("c")], bulk=True)
    assert transport.requests == [["a", "c"]]
    assert [type(one) for one in by_index(outcomes)] == [Sent, NotSent, Sent]
    assert (limiter.returned, guard.learned) == ([1], [None, None])


def test_all_stopped_is_no_request(run: Make) -> None:
    """As by an open breaker."""
    transport, shut = BulkTransport(), [errors.CircuitOpenError("open", retry_after=60)] * 2
    client = run(transport=transport, guards=[Guarding(at_permit=list(shut))])
    assert client.send_many([letter("a"), letter("b")], bulk=True).not_sent == 2
    assert transport.requests == []


def test_a_limiter_that_fails_sends_none(run: Make) -> None:
    """Each is told so."""

    class Failing(Recording):
        def reserve(self, units: int, /) -> float:
            raise OSError("away")

    transport = BulkTransport()
    client = run(transport=transport, limiter=Failing())
    assert client.send_many([letter("a"), letter("b")], bulk=True).by_error == {"StoreError": 2}
    assert transport.requests == []


def test_a_time_out_that_ends_before_the_retry_ends_it(run: Make) -> None:
    """What was throttled is told so at once."""
    transport = BulkTransport(for_whom={"a": [RATE]})
    client = run(transport=transport, timeout=0.5, clock=FakeClock())
    a, b = by_index(client.outcomes([letter("a"), letter("b")], bulk=True))
    assert (type(a), type(b)) == (NotSent, Sent)
    assert len(transport.requests) == 1


def test_a_transport_without_bulk_sends_is_named(run: Make) -> None:
    """Before anything is sent."""
    transport = FakeTransport()
    with pytest.raises(errors.ConfigurationError, match="bulk"):
        run(transport=transport).send_many([letter("a")], bulk=True)
    assert transport.taken == []


def test_one_each_mails_a_letter_to_any_number(run: Make) -> None:
    """Each alone, who sees nobody else; read as they are needed."""
    transport = FakeTransport()
    one = mail("ann@example.org", cc="bob@example.org")
    given = (f"p{n}@example.org" for n in range(1000))
    assert run(transport=transport).send_many(one.one_each(given)).sent == 1000
    assert {len(taken.recipients) for taken in transport.taken} == {1}
    assert {taken.to[0].local for taken in transport.taken} == {f"p{n}" for n in range(1000)}
    assert [each.to[0].local for each in one.one_each()] == ["ann", "bob"]
    assert [each.to[0].local for each in one.one_each("cy@example.org")] == ["cy"]


def test_one_each_names_what_is_no_address(run: Make) -> None:
    """Those before it are sent."""
    transport = FakeTransport()
    with pytest.raises(errors.AddressError) as caught:
        run(transport=transport).send_many(mail().one_each(["ann@example.org", "nobody"]))
    assert caught.value.field == "recipients"
    assert len(transport.taken) == 1
    number: Any = 7
    with pytest.raises(errors.EmailError, match="recipients: a list"):
        mail().one_each(number)
