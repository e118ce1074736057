"""What all guards have in common."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from sesguard import guards
from sesguard.errors import ConfigurationError
from sesguard.guards import CircuitBreaker, Fence, QuotaGuard, ReputationGuard
from sesguard.mail import ListManagement
from tests.guards.conftest import bulk, mail


class Account:
    def quota(self) -> Any: ...
    def max_send_rate(self) -> Any: ...


class AsyncAccount:
    async def quota(self) -> Any: ...


async def never(*arguments: object) -> Any: ...


WRONG: dict[str, Any] = {
    "interval 0": lambda: CircuitBreaker(probe_every=0),
    "interval below 0": lambda: CircuitBreaker(probe_every=timedelta(seconds=-1)),
    "interval not a number": lambda: CircuitBreaker(probe_every=float("nan")),
    "interval as text": lambda: CircuitBreaker(probe_every="60"),  # type: ignore[arg-type]
    "nothing kept": lambda: QuotaGuard(Account()),
    "kept twice": lambda: QuotaGuard(Account(), keep=1, keep_share=0.1),
    "kept below 0": lambda: QuotaGuard(Account(), keep=-1),
    "kept without end": lambda: QuotaGuard(Account(), keep=float("inf")),
    "kept True": lambda: QuotaGuard(Account(), keep=True),
    "share of all": lambda: QuotaGuard(Account(), keep_share=1),
    "share in percent": lambda: QuotaGuard(Account(), keep_share=20),
    "share of nothing": lambda: QuotaGuard(Account(), keep_share=0),
    "readings without end": lambda: QuotaGuard(Account(), keep=1, every=float("inf")),
    "a class as account": lambda: QuotaGuard(Account, keep=1),  # type: ignore[arg-type]
    "no account": lambda: QuotaGuard(None, keep=1),  # type: ignore[arg-type]
    "an asynchronous account": lambda: QuotaGuard(AsyncAccount(), keep=1),  # type: ignore[arg-type]
    "bulk that is no function": lambda: QuotaGuard(Account(), keep=1, bulk=True),  # type: ignore[arg-type]
    "bulk that is asynchronous": lambda: QuotaGuard(Account(), keep=1, bulk=never),  # type: ignore[arg-type]
    "a class as statistics": lambda: ReputationGuard(list),
    "no statistics": lambda: ReputationGuard([]),  # type: ignore[arg-type]
    "asynchronous statistics": lambda: ReputationGuard(never),  # type: ignore[arg-type]
    "no CloudWatch": lambda: ReputationGuard(Account().quota, cloudwatch=Account()),  # type: ignore[arg-type]
    "bounces in percent": lambda: ReputationGuard(Account().quota, bounce=4),
    "beyond AWS's line": lambda: ReputationGuard(Account().quota, bounce=0.11),
    "complaints in percent": lambda: ReputationGuard(Account().quota, complaint=0.08),
    "no line": lambda: ReputationGuard(Account().quota, complaint=0),
    "resumed above the line": lambda: ReputationGuard(Account().quota, resume_at=1.5),
    "a minimum of nothing": lambda: ReputationGuard(Account().quota, minimum=0),
    "a window of nothing": lambda: ReputationGuard(Account().quota, window=0),
    "another way": lambda: Fence("a.org", otherwise="ask"),  # type: ignore[arg-type]
    "redirected nowhere": lambda: Fence("a.org", otherwise="redirect"),
    "refused and redirected": lambda: Fence("a.org", to="a@a.org"),
    "redirected to no mailbox": lambda: Fence("a.org", otherwise="redirect", to="a.org"),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_what_cannot_work_is_refused_when_built(make: Any) -> None:
    """And not when the first mail comes."""
    with pytest.raises(ConfigurationError):
        make()


def test_bulk_is_what_says_how_to_unsubscribe() -> None:
    """By a header, or by SES's own list management."""
    assert guards.is_bulk(bulk())
    assert guards.is_bulk(mail(list_management=ListManagement("list")))
    assert not guards.is_bulk(mail())


@pytest.mark.parametrize("answer", [None, 1, "yes"])
def test_a_predicate_says_yes_or_no(answer: object) -> None:
    """Anything else stops the mail: it is not known whether it may wait."""
    guard = ReputationGuard(Account().quota, bulk=lambda _: answer)  # type: ignore[arg-type,return-value]
    with pytest.raises(ConfigurationError, match="bulk="):
        guard.admit(mail())


def test_names_are_loaded_when_asked_for() -> None:
    """`import sesguard.guards` loads none of them, and a name that is not there is an error."""
    code = (
        "import sys, sesguard.guards as g\n"
        "assert not [m for m in sys.modules if m.startswith('sesguard.guards.')]\n"
        "assert dir(g) == sorted(g.__all__) and all(getattr(g, name) for name in g.__all__)\n"
        "assert 'boto3' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert dir(guards) == sorted(guards.__all__)
    with pytest.raises(AttributeError):
        guards.Wall  # noqa: B018
