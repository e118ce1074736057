"""The contract that every ledger passes, ours and yours."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sesguard.ports import Ledger, Recorded

__all__ = ["LedgerContract", "MakeLedger"]

MakeLedger: TypeAlias = Callable[[], Ledger]

Call: TypeAlias = tuple[str, str, str]
"""A method, a key, and a content or result."""

ONE, OTHER = "1" * 40, "a" * 40
MAIL, OTHER_MAIL = "0" * 64, "f" * 64
TAKEN = '{"message_id":"one"}'
TAKEN_TOO = '{"message_id":"another"}'

_PROPERTY = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _calls() -> st.SearchStrategy[Sequence[Call]]:
    """Few keys and texts, so that they meet."""
    keys = st.sampled_from([ONE, OTHER])
    return st.lists(
        st.one_of(
            st.tuples(st.just("begin"), keys, st.sampled_from([MAIL, OTHER_MAIL])),
            st.tuples(st.just("finish"), keys, st.sampled_from([TAKEN, TAKEN_TOO])),
            st.tuples(st.just("forget"), keys, st.just("")),
        ),
        max_size=12,
    )


class LedgerContract:
    """
    Inherit from this in a test module, and say how a ledger is made::

        class TestMyLedger(LedgerContract):
            @pytest.fixture
            def make_ledger(self, tmp_path):
                numbers = itertools.count()
                return lambda: MyLedger(tmp_path / f"{next(numbers)}.db")

    Each call of ``make_ledger()`` gives a new and empty ledger. An `AsyncLedger` passes by way of
    a ledger whose methods run its own on an event loop in another thread.
    """

    @pytest.fixture
    def make_ledger(self) -> MakeLedger:
        """How a new, empty ledger is made. Override it."""
        raise NotImplementedError("override the fixture make_ledger: it returns a callable")

    @pytest.fixture
    def ledger(self, make_ledger: MakeLedger) -> Iterable[Ledger]:
        """A new, empty ledger."""
        ledger = make_ledger()
        yield ledger
        ledger.close()

    # Beginning

    def test_a_new_key_is_the_callers(self, ledger: Ledger) -> None:
        """Who begins first may send."""
        assert ledger.begin(ONE, MAIL) is None

    def test_a_key_that_was_begun_is_nobody_elses(self, ledger: Ledger) -> None:
        """Whoever begins again is told what is there, whatever the content, and changes nothing."""
        ledger.begin(ONE, MAIL)
        for content in (MAIL, OTHER_MAIL, MAIL):
            assert ledger.begin(ONE, content) == Recorded(content=MAIL)

    def test_keys_are_apart(self, ledger: Ledger) -> None:
        """What is done to one key does nothing to another."""
        ledger.begin(ONE, MAIL)
        ledger.finish(ONE, TAKEN)
        assert ledger.begin(OTHER, MAIL) is None
        ledger.forget(OTHER)
        assert ledger.begin(ONE, MAIL) == Recorded(content=MAIL, result=TAKEN)

    # Finishing

    def test_a_result_is_kept_to_the_letter(self, ledger: Ledger) -> None:
        """Long ones too, and whatever JSON is made of."""
        text = '{"x":"' + '\\"\\\\/\\u0000\\ud83d{}[] %s ?1 :a $1 \\n' * 2_000 + '"}'
        ledger.begin(ONE, MAIL)
        ledger.finish(ONE, text)
        assert ledger.begin(ONE, OTHER_MAIL) == Recorded(content=MAIL, result=text)

    def test_the_first_result_stands(self, ledger: Ledger) -> None:
        """An event that comes after the answer changes nothing."""
        ledger.begin(ONE, MAIL)
        ledger.finish(ONE, TAKEN)
        ledger.finish(ONE, TAKEN_TOO)
        assert ledger.begin(ONE, MAIL) == Recorded(content=MAIL, result=TAKEN)

    def test_what_was_not_begun_here_is_finished_too(self, ledger: Ledger) -> None:
        """An event tells of a mail whose record was lost: its content is not known, and empty."""
        ledger.finish(ONE, TAKEN)
        ledger.finish(ONE, TAKEN_TOO)
        assert ledger.begin(ONE, MAIL) == Recorded(content="", result=TAKEN)

    # Forgetting

    def test_a_forgotten_key_is_free(self, ledger: Ledger) -> None:
        """What was certainly not sent may be begun again, with other content too."""
        ledger.begin(ONE, MAIL)
        ledger.forget(ONE)
        assert ledger.begin(ONE, OTHER_MAIL) is None
        assert ledger.begin(ONE, MAIL) == Recorded(content=OTHER_MAIL)

    def test_a_finished_key_is_not_forgotten(self, ledger: Ledger) -> None:
        """The event of a mail that was sent after all came first: the key stays taken."""
        ledger.begin(ONE, MAIL)
        ledger.finish(ONE, TAKEN)
        ledger.forget(ONE)
        assert ledger.begin(ONE, MAIL) == Recorded(content=MAIL, result=TAKEN)

    def test_what_is_not_there_is_forgotten_easily(self, ledger: Ledger) -> None:
        """To forget a key that nobody began is no error."""
        ledger.forget(ONE)
        assert ledger.begin(ONE, MAIL) is None

    # Always

    def test_a_ledger_is_a_mapping_that_only_grows(self, make_ledger: MakeLedger) -> None:
        """Whatever is called in whichever order, it answers as a simple dict would."""

        @_PROPERTY
        @given(_calls())
        def holds(calls: Sequence[Call]) -> None:
            ledger = make_ledger()
            expected: dict[str, Recorded] = {}
            for method, key, text in calls:
                there = expected.get(key)
                if method == "begin":
                    assert ledger.begin(key, text) == there
                    expected.setdefault(key, Recorded(content=text))
                elif method == "finish":
                    ledger.finish(key, text)
                    if there is None or there.result is None:
                        content = "" if there is None else there.content
                        expected[key] = Recorded(content=content, result=text)
                else:
                    ledger.forget(key)
                    if there is not None and there.result is None:
                        del expected[key]
            ledger.close()

        holds()

    def test_of_threads_that_begin_at_once_one_sends(self, ledger: Ledger) -> None:
        """For every key exactly one of eight threads is told that it may send."""
        keys = [f"{number:040x}" for number in range(20)]
        told = _all_at_once(lambda: [ledger.begin(key, MAIL) for key in keys])
        for answers in zip(*told, strict=True):
            assert sorted(answers, key=repr) == [None, *[Recorded(content=MAIL)] * 7]

    def test_of_threads_that_finish_at_once_one_is_kept(self, ledger: Ledger) -> None:
        """All threads read the same result afterwards, begun here or not."""
        ledger.begin(ONE, MAIL)

        def finish() -> list[Recorded | None]:
            for key in (ONE, OTHER):
                ledger.finish(key, f'{{"message_id":"{threading.get_ident()}"}}')
            return [ledger.begin(key, MAIL) for key in (ONE, OTHER)]

        for answers in zip(*_all_at_once(finish), strict=True):
            assert answers[0] is not None
            assert answers[0].result is not None
            assert set(answers) == {answers[0]}

    def test_a_closed_ledger_may_be_used_again(self, ledger: Ledger) -> None:
        """To close it is to let go of connections, and not of records."""
        ledger.begin(ONE, MAIL)
        ledger.close()
        ledger.close()
        assert ledger.begin(ONE, MAIL) == Recorded(content=MAIL)


def _all_at_once(act: Callable[[], list[Recorded | None]]) -> list[list[Recorded | None]]:
    """What eight threads were told that acted at once, and were switched between at any moment."""
    gate = threading.Barrier(8, action=lambda: sys.setswitchinterval(1e-6))
    told: list[list[Recorded | None]] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            gate.wait(timeout=30)
            told.append(act())
        except BaseException as error:  # a thread's failure is this test's
            failures.append(error)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(8)]
    interval = sys.getswitchinterval()
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
    finally:
        sys.setswitchinterval(interval)
    if failures:
        raise failures[0]
    assert len(told) == 8, "a thread did not come to its end"
    return told
