"""A received batch, played as a coroutine that never suspends and as one that does."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from sesguard import errors, events
from sesguard._core.payloads import parse_events
from sesguard._core.policy import Consequence
from sesguard._flows import receive
from sesguard._flows.receive import Marked, ReceivePorts, What
from sesguard._lift import drive
from sesguard.addresses import AddressKey
from sesguard.ports import Received
from sesguard.suppression import Ignore, Reason, Suppress, Suppression
from tests.peers import feedback


class Run(Protocol):
    """Plays a flow to its end, and says whether its ports suspend on the way."""

    suspends: bool

    def __call__(self, coroutine: Coroutine[Any, Any, None]) -> None: ...


class Driven:
    suspends = False

    def __call__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        drive(coroutine)


class Awaited:
    suspends = True

    def __call__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run(coroutine)


@pytest.fixture(params=[Driven, Awaited])
def run(request: pytest.FixtureRequest) -> Run:
    kind: type[Driven] | type[Awaited] = request.param
    return kind()


def suppress_all(event: events.Event) -> Sequence[Consequence]:
    """A policy of the test's own: each recipient of a bounce, and nothing else."""
    if not isinstance(event, events.Bounce):
        return (Ignore(why=f"{event.kind} changes nothing"),)
    return [
        Suppress(
            suppression=Suppression(
                key=recipient.key, reason=Reason.BOUNCE, at=datetime(2025, 11, 24, tzinfo=UTC)
            )
        )
        for recipient in event.recipients
    ]


@dataclass
class World:
    """Ports that write down, in order, what they are asked to do."""

    suspends: bool
    consequences: Callable[[events.Event], Sequence[Consequence]] = suppress_all
    handlers: list[Callable[[events.Event], None]] = field(
        default_factory=list[Callable[[events.Event], None]]
    )
    stop_after: int | None = None
    bad_keys: set[str] = field(default_factory=set[str])
    refuses: Callable[[], Exception] = lambda: errors.StoreError("the disk is full")
    answers: Callable[[list[bool]], Any] = lambda fresh: fresh
    lost: dict[str, int] = field(default_factory=dict[str, int])
    """Receipt to how many handlers are told before it is lost."""

    skips_foreign: bool = False
    undeletable: Mapping[str, str] = field(default_factory=dict[str, str])
    delete_error: Exception | None = None
    did: list[str] = field(default_factory=list[str])
    listed: list[AddressKey] = field(default_factory=list[AddressKey])
    marks: set[str] = field(default_factory=set[str])
    counts: dict[What, int] = field(default_factory=dict[What, int])
    told: list[tuple[What, str, str]] = field(default_factory=list[tuple[What, str, str]])

    @property
    def ports(self) -> ReceivePorts:
        return ReceivePorts(
            consequences=self.consequences,
            apply=self.apply,
            handlers=[self._handler(handler) for handler in self.handlers],
            delete=self.delete,
            release=self.release,
            leave=lambda receipts: self.did.append(f"leave {' '.join(receipts)}"),
            is_lost=lambda receipt: self._told() >= self.lost.get(receipt, 99),
            stopping=self._stopping,
            note=self.note,
            skips_foreign=self.skips_foreign,
        )

    def play(self, run: Run, *bodies: str) -> None:
        batch = [Received(body=body, receipt=f"r{number}") for number, body in enumerate(bodies, 1)]
        ports = self.ports
        run(receive.settle(receive.read(batch, ports), ports))

    async def _maybe_suspend(self) -> None:
        if self.suspends:
            await asyncio.sleep(0)

    def _stopping(self) -> bool:
        return self.stop_after is not None and self._told() >= self.stop_after

    def _told(self) -> int:
        return sum(1 for line in self.did if line.startswith("tell"))

    def _handler(
        self, handler: Callable[[events.Event], None]
    ) -> Callable[[events.Event], Awaitable[None]]:
        async def tell(event: events.Event) -> None:
            await self._maybe_suspend()
            self.did.append(f"tell {event.key}")
            handler(event)

        return tell

    async def apply(self, batch: Sequence[Marked]) -> Sequence[bool]:
        await self._maybe_suspend()
        self.did.append(f"apply {len(batch)}")
        if self.bad_keys.intersection(key for key, _ in batch):
            raise self.refuses()
        fresh: list[bool] = []
        for key, changes in batch:
            fresh.append(key not in self.marks)
            self.marks.add(key)
            self.listed += [
                change.suppression.key for change in changes if isinstance(change, Suppress)
            ]
        answer: Sequence[bool] = self.answers(fresh)
        return answer

    async def delete(self, receipts: Sequence[str]) -> Mapping[str, str]:
        await self._maybe_suspend()
        self.did.append(f"delete {' '.join(receipts)}")
        if self.delete_error is not None:
            raise self.delete_error
        return self.undeletable

    async def release(self, receipts: Sequence[str]) -> Mapping[str, str]:
        await self._maybe_suspend()
        self.did.append(f"release {' '.join(receipts)}")
        return {}

    def note(
        self,
        what: What,
        count: int = 1,
        /,
        *,
        event: events.Event | None = None,
        error: BaseException | None = None,
        why: str = "",
    ) -> None:
        self.counts[what] = self.counts.get(what, 0) + count
        self.told.append((what, type(error).__name__ if error else "", why))


@pytest.fixture
def world(run: Run) -> World:
    return World(suspends=run.suspends, handlers=[lambda event: None])


def bounced(name: str) -> str:
    """The body of a bounce of ``name@example.org``; its key is ``Bounce:name``."""
    return json.dumps(feedback.bounce([f"{name}@example.org"], feedback_id=name))


def deny(event: events.Event) -> None:
    raise ValueError("somebody@example.org is not welcome")


def test_a_batch_is_stored_in_one_commit_then_told_then_deleted(run: Run, world: World) -> None:
    """Store first, once for all; then the handlers; then one call that deletes."""
    world.play(
        run, bounced("a"), feedback.through_sns(feedback.bounce(["b@example.org"], feedback_id="b"))
    )
    assert world.did == ["apply 2", "tell Bounce:a", "tell Bounce:b", "delete r1 r2"]
    assert world.listed == ["a@example.org", "b@example.org"]
    assert world.counts == {"received": 2, "applied": 2, "repeated": 0, "deleted": 2}


def test_a_body_may_hold_several_events(run: Run, world: World) -> None:
    """Each has a key of its own, and the message is deleted when all were told."""
    world.play(run, bounced("a") + "\n" + bounced("b"))
    assert world.did == ["apply 2", "tell Bounce:a", "tell Bounce:b", "delete r1"]


def test_handlers_are_told_of_a_repeated_delivery_too(run: Run, world: World) -> None:
    """The store knows that it was there before; a handler may have failed then, so it is told."""
    world.play(run, bounced("a"))
    world.did.clear()
    world.play(run, bounced("a"))
    assert world.did == ["apply 1", "tell Bounce:a", "delete r1"]
    assert (world.counts["applied"], world.counts["repeated"]) == (1, 1)


def test_an_event_without_effect_is_marked_and_its_reason_told(run: Run, world: World) -> None:
    """What the policy ignores reaches the store as a mark without changes."""
    world.play(run, json.dumps(feedback.delivery(["a@example.org"])))
    assert world.listed == []
    assert len(world.marks) == 1
    assert ("ignored", "", "Delivery changes nothing") in world.told
    assert world.did[-1] == "delete r1"


@pytest.mark.parametrize("body", ["", "not JSON", '{"half":', '"\\ud800', "7", "[" * 100_000])
def test_poison_is_left_alone(run: Run, world: World, body: str) -> None:
    """What cannot be read is neither stored, told nor deleted, and holds up nothing else."""
    world.play(run, body, bounced("a"))
    assert world.did == ["apply 1", "tell Bounce:a", "delete r2"]
    assert world.counts["poison"] == 1
    assert ("poison", "ParseError", "received 1 times") in world.told


def test_nothing_is_asked_for_a_batch_of_poison(run: Run, world: World) -> None:
    """No empty commit, no empty delete."""
    world.play(run, "not JSON")
    assert world.did == []


@pytest.mark.parametrize(
    "body", [feedback.S3_TEST, "{}", "[]", feedback.through_sns({"AlarmName": "disk"})]
)
def test_what_is_not_ses_is_left_alone(run: Run, world: World, body: str) -> None:
    """Readable and not SES's: it may be somebody else's, so it is not ours to delete."""
    world.play(run, body)
    assert world.did == []
    assert world.counts == {"received": 1, "foreign": 1}


def test_what_is_not_ses_may_be_skipped(run: Run, world: World) -> None:
    """If it was said so, it is deleted beside the others, untold; poison never is."""
    world.skips_foreign = True
    world.play(run, feedback.S3_TEST, bounced("a"), "not JSON")
    assert world.did == ["apply 1", "tell Bounce:a", "delete r1 r2"]
    assert (world.counts["skipped"], world.counts["poison"]) == (1, 1)
    assert "foreign" not in world.counts


def test_nothing_is_stored_for_what_is_skipped(run: Run, world: World) -> None:
    """No empty commit."""
    world.skips_foreign = True
    world.play(run, feedback.S3_TEST)
    assert world.did == ["delete r1"]


def test_what_is_skipped_does_not_hide_that_the_store_fails(run: Run, world: World) -> None:
    """It has nothing to be stored, and so tells nothing of the store."""
    world.skips_foreign = True
    world.bad_keys = {"Bounce:a"}
    with pytest.raises(errors.StoreError):
        world.play(run, feedback.S3_TEST, bounced("a"))
    assert world.did == ["apply 1"]


def test_a_message_that_was_lost_is_neither_told_nor_deleted(run: Run, world: World) -> None:
    """It went back to the queue before its turn came: whoever has it tells of it."""
    world.lost = {"r2": 1}
    world.play(run, bounced("a"), bounced("b"), bounced("c"))
    assert world.did == [
        *("apply 3", "tell Bounce:a", "leave r2", "tell Bounce:c", "delete r1 r3"),
    ]
    assert world.counts["lost"] == 1


def test_a_message_that_is_lost_while_it_is_told_is_not_deleted(run: Run, world: World) -> None:
    """It comes again; what it says is stored, and counts once."""
    world.lost = {"r1": 1}
    world.play(run, bounced("a"))
    assert world.did == ["apply 1", "tell Bounce:a", "leave r1"]
    assert (world.counts["lost"], world.counts["applied"]) == (1, 1)
    assert "deleted" not in world.counts


ADVICE = json.dumps(
    {
        "version": "0",
        "id": "3fbeb1b4",
        "detail-type": "Advisor Recommendation Status Open",
        "source": "aws.ses",
        "account": "123456789012",
        "time": "2025-11-24T07:28:00Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:ses:eu-west-1:123456789012:identity/example.com"],
        "detail": {"version": "1.0.0", "data": "DKIM verification is not enabled."},
    }
)


@pytest.mark.parametrize(
    "body",
    [
        ADVICE,
        feedback.VALIDATION,
        feedback.through_sns(feedback.VALIDATION),
        feedback.through_sns("please confirm", kind="SubscriptionConfirmation"),
        json.dumps({"eventType": "Teleportation", "mail": feedback.mail("m", ["a@example.org"])}),
        json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "hello"}),
    ],
)
def test_what_ses_says_beside_events_is_told_and_deleted(run: Run, world: World, body: str) -> None:
    """New kinds, notices of set-up and SNS's questions are SES's: handlers get them."""
    world.play(run, body)
    assert [line.split()[0] for line in world.did] == ["apply", "tell", "delete"]


def test_a_policy_that_fails_leaves_only_its_message(run: Run, world: World) -> None:
    """A policy of the user's own may raise; that is one message's trouble."""

    def picky(event: events.Event) -> Sequence[Consequence]:
        if event.key == "Bounce:a":
            raise KeyError("a@example.org")
        return suppress_all(event)

    world.consequences = picky
    world.play(run, bounced("a"), bounced("b"))
    assert world.did == ["apply 1", "tell Bounce:b", "delete r2"]
    assert ("poison", "KeyError", "received 1 times") in world.told


def test_a_handler_that_raises_keeps_its_message(run: Run, world: World) -> None:
    """The other handlers are told, the other messages go on, and this one is not deleted."""
    heard: list[str] = []

    def picky(event: events.Event) -> None:
        if event.key == "Bounce:a":
            raise ValueError

    world.handlers = [picky, lambda event: heard.append(event.key)]
    world.play(run, bounced("a"), bounced("b"))
    assert heard == ["Bounce:a", "Bounce:b"]
    assert world.did[-2:] == ["tell Bounce:b", "delete r2"]
    assert "leave r1" in world.did
    assert world.counts["handler_failures"] == 1
    assert world.listed == ["a@example.org", "b@example.org"]


def test_nothing_is_deleted_where_all_handlers_raise(run: Run, world: World) -> None:
    """And SQS is not asked to delete nothing, which it refuses."""
    world.handlers = [deny]
    world.play(run, bounced("a"))
    assert world.did == ["apply 1", "tell Bounce:a", "leave r1"]


@pytest.mark.parametrize(
    "cause",
    [
        errors.StoreError("disk full"),
        errors.ConfigurationError("no such scope"),
        ConnectionError("somebody@example.org"),
    ],
)
def test_a_store_that_fails_stops_everything(run: Run, world: World, cause: Exception) -> None:
    """Nothing is told, nothing is deleted, and the trouble is a StoreError whatever it was."""
    world.bad_keys = {"Bounce:a"}
    world.refuses = lambda: cause
    with pytest.raises(errors.StoreError) as caught:
        world.play(run, bounced("a"))
    assert world.did == ["apply 1"]
    assert caught.value is cause or caught.value.original is cause
    assert caught.value.__cause__ is None
    assert "example.org" not in str(caught.value)


def test_a_store_that_fails_is_asked_for_each_message_alone(run: Run, world: World) -> None:
    """All fail alone too, so it is the store's trouble."""
    world.bad_keys = {"Bounce:a", "Bounce:b"}
    with pytest.raises(errors.StoreError):
        world.play(run, bounced("a"), bounced("b"))
    assert world.did == ["apply 2", "apply 1", "apply 1"]


def test_one_event_that_cannot_be_stored_does_not_hold_up_the_others(
    run: Run, world: World
) -> None:
    """The store takes the others, so it is that event's trouble, and its message is left."""
    world.bad_keys = {"Bounce:b"}
    world.play(run, bounced("a"), bounced("b"), bounced("c"))
    assert world.listed == ["a@example.org", "c@example.org"]
    assert world.did[-4:] == ["leave r2", "tell Bounce:a", "tell Bounce:c", "delete r1 r3"]
    assert world.counts["store_failures"] == 1


def test_an_empty_commit_tells_whether_the_store_works(run: Run, world: World) -> None:
    """It is asked for nothing; what it raises is a StoreError, whatever it was."""
    run(receive.probe(world.ports))
    assert world.did == ["apply 0"]

    away = _failing(ConnectionError("somebody@example.org"))
    broken = dataclasses.replace(world.ports, apply=away)
    with pytest.raises(errors.StoreError) as caught:
        run(receive.probe(broken))
    assert isinstance(caught.value.original, ConnectionError)
    assert "example.org" not in str(caught.value)


def _failing(error: Exception) -> Callable[[Sequence[Marked]], Awaitable[Sequence[bool]]]:
    async def apply(batch: Sequence[Marked]) -> Sequence[bool]:
        raise error

    return apply


@pytest.mark.parametrize("answer", [None, [], [True]])
def test_a_store_must_answer_for_each_event(run: Run, world: World, answer: object) -> None:
    """A store of the user's that forgets to answer is told so."""
    world.answers = lambda fresh: answer
    with pytest.raises(errors.ConfigurationError, match="one boolean an event"):
        world.play(run, bounced("a"), bounced("b"))
    assert world.did == ["apply 2"]


def test_a_stop_hands_back_what_is_not_begun(run: Run, world: World) -> None:
    """What was told is deleted, the rest is released at once."""
    world.stop_after = 1
    world.play(run, bounced("a"), bounced("b"), bounced("c"))
    assert world.did == ["apply 3", "tell Bounce:a", "delete r1", "release r2 r3"]
    assert world.counts["released"] == 2


def test_failures_of_single_deletes_are_read(run: Run, world: World) -> None:
    """The call succeeds and an entry does not: it is counted and told, not taken for deleted."""
    world.undeletable = {"r1": "ReceiptHandleIsInvalid"}
    world.play(run, bounced("a"), bounced("b"))
    assert (world.counts["deleted"], world.counts["delete_failures"]) == (1, 1)
    assert ("delete_failures", "", "ReceiptHandleIsInvalid") in world.told


def test_a_delete_that_fails_whole_does_not_keep_the_rest(run: Run, world: World) -> None:
    """The error comes through, and what is not begun is handed back before that."""
    world.stop_after = 1
    world.delete_error = errors.ServiceUnavailableError("SQS is away")
    with pytest.raises(errors.ServiceUnavailableError):
        world.play(run, bounced("a"), bounced("b"))
    assert world.did[-1] == "release r2"
    assert world.counts["delete_failures"] == 1


def test_every_sample_is_either_told_or_left(run: Run, world: World) -> None:
    """Reading and judging never raise, whatever the body."""
    for body in (bounced("a"), feedback.S3_TEST, "\x00", "null", '{"Records": []}', ADVICE):
        world.play(run, body)
    assert world.counts["received"] == 6


def test_an_event_is_foreign_by_its_own_marks() -> None:
    """One event of SES's is enough for the message to be ours."""
    (ours,) = parse_events(bounced("a"))
    (theirs,) = parse_events(feedback.S3_TEST)
    assert receive.is_foreign([theirs])
    assert receive.is_foreign([])
    assert not receive.is_foreign([theirs, ours])
