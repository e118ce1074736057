"""One walk over the whole tree of errors."""

from __future__ import annotations

import ast
import copy
import inspect
import pickle
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors
from sesguard.errors import SESGuardError

ADDRESS = "ann.secret@example.org"
WORDS = "SES could not take the message. Try again later."

# Everything that may be given to an error beside its message; each holds an address where it can.
GIVEN: dict[str, object] = {
    "retry_after": 7.5,
    "original": ValueError(f"554 {ADDRESS}"),
    "field": "to",
    "address": ADDRESS,
    "quoted_form": f'"{ADDRESS}"',
    "reasons": {ADDRESS: "BOUNCE"},
    "code": 454,
    "reply": f"454 Throttling failure for {ADDRESS}",
    "request_id": "request-1",
    "attempts": 2,
    "region": "eu-west-1",
    "transport": "smtp",
    "identities": (ADDRESS,),
}


def tree(kind: type[SESGuardError] = SESGuardError) -> list[type[SESGuardError]]:
    """The class and all that inherit from it."""
    below = [one for child in kind.__subclasses__() for one in tree(child)]
    return [kind, *dict.fromkeys(below)]


def inherits(kind: type[SESGuardError], others: tuple[type[SESGuardError], ...]) -> bool:
    return issubclass(kind, others)


# What is never raised itself, and would catch what must not be retried together with what may.
GATHERING = [errors.SESGuardError, errors.SendError, errors.ThrottlingError]
ALL = [kind for kind in tree() if kind.__module__ == errors.__name__]
RAISED = [kind for kind in ALL if kind not in GATHERING]


def build(kind: type[SESGuardError]) -> SESGuardError:
    """An error with every attribute that its class takes."""
    if kind is errors.MissingExtraError:
        return errors.MissingExtraError("redis", extra="redis")
    taken = inspect.signature(kind).parameters
    return kind(WORDS, **{name: value for name, value in GIVEN.items() if name in taken})  # type: ignore[arg-type]


def state(error: SESGuardError) -> dict[str, object]:
    return {name: value for name, value in vars(error).items() if name != "original"}


@pytest.mark.parametrize("kind", ALL)
def test_every_error_is_public_and_says_in_its_name_what_it_is(kind: type[SESGuardError]) -> None:
    """Every class is in ``__all__``, has a docstring, and its name ends in Error."""
    assert kind.__name__ in errors.__all__
    assert kind.__name__.endswith("Error")
    assert kind.__doc__


def test_the_tree_in_the_documentation_is_the_tree() -> None:
    """The module's docstring draws every class."""
    assert errors.__doc__
    assert [kind.__name__ for kind in ALL if kind.__name__ not in errors.__doc__] == []


@pytest.mark.parametrize("kind", RAISED)
def test_every_leaf_is_told_to_a_task_queue_in_exactly_one_way(kind: type[SESGuardError]) -> None:
    """An error is in RETRY_LATER or in NEVER_RETRY, never in both, and as its class says."""
    assert inherits(kind, errors.RETRY_LATER) != inherits(kind, errors.NEVER_RETRY)
    assert inherits(kind, errors.RETRY_LATER) == kind.retryable


def test_gathering_classes_are_in_neither_tuple() -> None:
    """``isinstance`` of a gathering class would catch everything."""
    listed = {*errors.RETRY_LATER, *errors.NEVER_RETRY}
    assert listed.isdisjoint(GATHERING)
    assert len(listed) == len(errors.RETRY_LATER) + len(errors.NEVER_RETRY)


@pytest.mark.parametrize("kind", ALL)
def test_what_may_be_retried_says_when(kind: type[SESGuardError]) -> None:
    """A retryable class has a number of seconds, and its mail was certainly not sent."""
    if kind.retryable:
        assert isinstance(kind.retry_after, float)
        assert kind.retry_after > 0
        assert kind.outcome == "not_sent"
    else:
        assert kind.retry_after is None


def test_outcomes_tell_judged_from_not_judged() -> None:
    """SES judged the message or its identity in two classes; in one nobody knows."""
    rejected = [kind for kind in ALL if kind.outcome == "rejected"]
    assert set(rejected) == {
        errors.MessageRejectedError,
        errors.NotVerifiedError,
        errors.MailFromNotVerifiedError,
    }
    assert [kind for kind in ALL if kind.outcome == "unknown"] == [errors.OutcomeUnknownError]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_pickles_with_all_its_attributes(
    kind: type[SESGuardError], protocol: int
) -> None:
    """A task queue gets back what was raised; the third party's exception stays behind."""
    error = build(kind)
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is kind
    assert again.args == error.args
    assert str(again) == str(error)
    assert state(again) == state(error)
    assert again.original is None
    assert again.original_type == error.original_type


@pytest.mark.parametrize("kind", ALL)
def test_every_error_can_be_copied(kind: type[SESGuardError]) -> None:
    """A shallow and a deep copy have the same class, words and attributes."""
    error = build(kind)
    for again in (copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert again.args == error.args
        assert state(again) == state(error)


def test_an_original_that_does_not_pickle_stops_nothing() -> None:
    """A third party's exception may hold a lock or a socket."""

    class Unpicklable(Exception):  # noqa: N818  any name will do
        def __reduce__(self) -> str:
            raise TypeError

    error = errors.StoreError(WORDS, original=Unpicklable())
    again = pickle.loads(pickle.dumps(error))
    assert (again.original, again.original_type) == (None, "Unpicklable")


@pytest.mark.parametrize("kind", ALL)
def test_no_address_shows_in_words_or_traceback(kind: type[SESGuardError]) -> None:
    """Addresses are in named attributes; str, repr and a printed traceback are without them."""
    original = GIVEN["original"]
    assert isinstance(original, ValueError)
    try:
        try:
            raise original
        except ValueError:
            raise build(kind) from None
    except SESGuardError as error:
        shown = [str(error), repr(error), *traceback.format_exception(error)]
    assert "secret" not in "\n".join(shown)


@pytest.mark.parametrize("kind", ALL)
def test_an_error_keeps_what_it_was_given(kind: type[SESGuardError]) -> None:
    """Every argument can be read back under its own name."""
    error = build(kind)
    for name in inspect.signature(kind).parameters:
        if name in GIVEN:
            assert getattr(error, name) == GIVEN[name]


def test_the_name_of_the_original_is_kept() -> None:
    """It is what survives of a third party's exception."""
    assert errors.StoreError(WORDS, original=OSError(5)).original_type == "OSError"
    assert errors.StoreError(WORDS).original_type is None


def test_reasons_are_the_errors_own() -> None:
    """A caller who changes the mapping afterwards changes no error."""
    reasons = {ADDRESS: "BOUNCE"}
    error = errors.SuppressedError(WORDS, reasons=reasons)
    reasons.clear()
    assert error.reasons == {ADDRESS: "BOUNCE"}


def test_a_missing_extra_is_an_import_error_with_the_command() -> None:
    """The message is the line to type."""
    error = errors.MissingExtraError("cryptography", extra="sns")
    assert isinstance(error, ImportError)
    assert (error.package, error.extra) == ("cryptography", "sns")
    assert str(error).endswith("pip install 'sesguard[sns]'")


@pytest.mark.parametrize("kind", tree(errors.EmailError) + tree(errors.NotificationError))
def test_values_that_cannot_be_are_value_errors(kind: type[SESGuardError]) -> None:
    """Code that knows nothing of sesguard catches them as it always did."""
    assert issubclass(kind, ValueError)


RETRYABLE = st.sampled_from(errors.RETRY_LATER)
SECONDS = st.floats(min_value=0.01, max_value=1e5)
SHARE = st.floats(min_value=0, max_value=1)


@given(kind=RETRYABLE, attempt=st.integers(-5, 10_000), cap=SECONDS, share=SHARE)
def test_a_delay_is_between_half_and_all_of_the_doubled_wait(
    kind: type[SESGuardError], attempt: int, cap: float, share: float
) -> None:
    """It grows by doubling, stays under the cap, and jitter takes at most half away."""
    error = kind(WORDS)
    assert error.retry_after is not None
    whole = min(cap, error.retry_after * 2.0 ** min(max(attempt, 0), 32))
    assert error.delay(attempt, cap=cap, jitter=lambda: share) == pytest.approx(
        whole * (1 + share) / 2
    )


@given(kind=RETRYABLE, attempt=st.integers(0, 40))
def test_a_later_attempt_never_waits_less(kind: type[SESGuardError], attempt: int) -> None:
    """With the same luck, every retry waits at least as long as the one before it."""
    error = kind(WORDS)
    assert error.delay(attempt + 1, jitter=lambda: 0.5) >= error.delay(attempt, jitter=lambda: 0.5)


def test_a_delay_starts_at_the_wait_that_the_error_was_given() -> None:
    """SES's own figure replaces that of the class, and 900 seconds is the usual cap."""
    error = errors.SendingRateExceededError(WORDS, retry_after=20)
    assert error.delay(0, jitter=lambda: 1.0) == 20.0
    assert error.delay(3, jitter=lambda: 1.0) == 160.0
    assert errors.DailyQuotaExceededError(WORDS).delay(0, jitter=lambda: 1.0) == 900.0


def test_delays_are_spread() -> None:
    """A thousand tasks that failed together do not come back together."""
    error = errors.ServiceUnavailableError(WORDS)
    delays = {error.delay(4) for _ in range(1000)}
    assert len(delays) > 900
    assert min(delays) >= 40.0
    assert max(delays) <= 80.0


@pytest.mark.parametrize("kind", [kind for kind in RAISED if not kind.retryable])
def test_what_is_not_to_be_retried_has_no_delay(kind: type[SESGuardError]) -> None:
    """To ask for one is a mistake in the caller's code, and said so."""
    with pytest.raises(errors.ConfigurationError, match="RETRY_LATER"):
        build(kind).delay(0)


def messages() -> list[tuple[str, str]]:
    """Where each error of ours is made, and the end of its message if that is written there."""
    found: list[tuple[str, str]] = []
    for path in sorted((Path(errors.__file__).parent).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                first = node.args[0]
                last = first.values[-1] if isinstance(first, ast.JoinedStr) else first
                if name == "MissingExtraError":
                    continue  # given a package, it writes the sentence itself
                if name in errors.__all__ and isinstance(last, ast.Constant):
                    found.append((f"{path.name}:{node.lineno}", str(last.value)))
    return found


def test_every_message_is_made_of_sentences() -> None:
    """It ends in a full stop: nothing is cut off, and nothing is a bare word."""
    written = [(where, end) for where, end in messages() if where != "errors.py"]
    assert len(written) > 100
    cut_off = [
        f"{where} {end!r}" for where, end in written if not end.rstrip().endswith((".", ")", "…"))
    ]
    assert not cut_off
