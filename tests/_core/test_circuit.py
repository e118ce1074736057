"""The circuit that opens when SES has stopped all sending."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import Email, errors
from sesguard._core.circuit import (
    ACCOUNT,
    CLOSED,
    Circuit,
    learned,
    meaning,
    permitted,
    stopped_at,
    wait,
)

EVERY = 60.0


def opened(at: float = 0.0) -> Circuit:
    return learned(CLOSED, object(), "stopped", "SendingPausedError", every=EVERY, now=at)


@given(
    st.lists(
        st.tuples(
            st.floats(0, 30), st.sampled_from(["ask", "stopped", "other", "lost", "stranger"])
        ),
        max_size=200,
    )
)
def test_at_most_one_request_an_interval_goes_while_it_is_open(
    steps: list[tuple[float, str]],
) -> None:
    """Whatever the probes come to, short of a success, and whoever else comes back."""
    now, circuit, went = 0.0, opened(), list[float]()
    for seconds, step in steps:
        now += seconds
        if step == "stranger":  # asked before it opened
            circuit = learned(circuit, object(), "taken", "", every=EVERY, now=now)
            continue
        token = object()
        circuit, left = permitted(circuit, token, every=EVERY, now=now)
        if left == 0:
            went.append(now)
            if step in ("stopped", "other"):
                circuit = learned(circuit, token, step, "X", every=EVERY, now=now)  # type: ignore[arg-type]
        else:
            assert left == wait(circuit, now=now) > 0
    assert all(later >= sooner + EVERY for sooner, later in pairwise(went))
    assert all(at >= EVERY for at in went)
    assert circuit.probe_at is not None


def test_a_probes_success_closes_it() -> None:
    """However late it comes, and whoever was tried after it."""
    slow, circuit = object(), opened()
    circuit, _ = permitted(circuit, slow, every=EVERY, now=60)
    circuit, _ = permitted(circuit, object(), every=EVERY, now=120)
    assert learned(circuit, slow, "taken", "", every=EVERY, now=130) == CLOSED


def test_a_success_from_before_does_not_close_it() -> None:
    """A request that went before the pause tells nothing of what is now."""
    assert learned(opened(), object(), "taken", "", every=EVERY, now=1) == opened()


def test_a_refusal_from_before_does_not_put_the_probe_off() -> None:
    """Threads whose answers come late do not move the time of the next try."""
    assert learned(opened(), object(), "stopped", "X", every=EVERY, now=50) == opened()


def test_a_probe_that_asked_nobody_leaves_its_place_to_another() -> None:
    """Only the newest one: an older one's place went to another already."""
    first, second = object(), object()
    circuit, _ = permitted(opened(), first, every=EVERY, now=60)
    freed = learned(circuit, first, "not asked", "", every=EVERY, now=61)
    assert wait(freed, now=61) == 0
    circuit, _ = permitted(circuit, second, every=EVERY, now=120)
    kept = learned(circuit, first, "not asked", "", every=EVERY, now=121)
    assert wait(kept, now=121) == 59


def test_answers_of_few_probes_are_waited_for() -> None:
    """Probes that are never heard of again are forgotten in the end."""
    circuit = opened()
    for number in range(1, 101):
        circuit, _ = permitted(circuit, object(), every=EVERY, now=number * EVERY)
    assert len(circuit.probes) == 8


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (None, "taken"),
        (errors.SendingPausedError("x"), "stopped"),
        (errors.AccountSuspendedError("x"), "stopped"),
        (errors.ServiceUnavailableError("x"), "other"),
        (errors.MessageRejectedError("x"), "other"),
        (errors.OutcomeUnknownError("x"), "other"),
        (errors.CircuitOpenError("x"), "not asked"),
        (errors.FencedError("x"), "not asked"),
        (errors.StoreError("x"), "not asked"),
        (errors.EmailError("x"), "not asked"),
    ],
)
def test_what_an_error_says_of_the_circuit(error: errors.SESGuardError | None, says: str) -> None:
    """Two errors stop; those of which no request was made say nothing."""
    assert meaning(error) == says


@pytest.mark.parametrize(
    ("code", "reply", "fields", "place"),
    [
        ("AccountSendingPausedException", "", {"configuration_set": "news"}, ACCOUNT),
        ("SendingPausedException", None, {"configuration_set": "news"}, ACCOUNT),
        (
            "ConfigurationSetSendingPausedException",
            "",
            {"configuration_set": "news"},
            "configuration set news",
        ),
        (
            "SendingPausedException",
            "Email sending is disabled for configuration set <news>.",
            {"configuration_set": "news", "tenant": "acme"},
            "configuration set news",
        ),
        (554, "Sending is paused for this tenant.", {"tenant": "acme"}, "tenant acme"),
        ("SendingPausedException", "Paused for configuration set x", {}, ACCOUNT),
    ],
)
def test_where_sending_is_paused(
    code: str | int, reply: str | None, fields: dict[str, Any], place: str
) -> None:
    """SES's code or words may name a set or a tenant; else the account is meant."""
    email = Email(sender="a@example.com", to="b@example.org", subject="", text="", **fields)
    error = errors.SendingPausedError("x", code=code, reply=reply)
    assert stopped_at(email, error) == place
    assert stopped_at(email, errors.AccountSuspendedError("x", reply=reply)) == ACCOUNT
