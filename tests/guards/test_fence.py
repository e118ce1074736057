"""Keeps an environment that is not the real one from mailing real people."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import AsyncClient, Email, errors, limiters
from sesguard.addresses import Address
from sesguard.guards import Fence
from sesguard.simulator import Simulator
from sesguard.testing import strategies
from sesguard.transports.ses import SESTransport
from tests.guards.conftest import bulk, mail

ALLOW = ["example.com", "*.test.example", "ann@example.org"]
ENVIRONMENTS: dict[str, Any] = {
    "fenced": ("staging", "dev"),
    "unfenced": ["production"],
    "allow": "example.com",
}


def test_mail_inside_goes_as_it_is() -> None:
    """It is the very same."""
    email = mail("x@example.com", "Ann <ANN@example.org>", cc="y@a.test.example")
    for fence in (
        Fence(ALLOW),
        Fence(ALLOW, otherwise="drop"),
        Fence(ALLOW, otherwise="redirect", to="t@t.org"),
    ):
        assert fence.admit(email) is email
        fence.permit(email)
        fence.learn(email, None)


def test_refused() -> None:
    """One recipient outside stops the mail, without a word of who it is."""
    with pytest.raises(errors.FencedError) as caught:
        Fence(ALLOW).admit(mail("x@example.com", bcc="secret@real.org"))
    assert "1 of 2" in str(caught.value)
    assert "secret" not in repr(caught.value)
    assert caught.value.attempts == 0


def test_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """The others get it; where there are none it is stopped. The log tells how many."""
    fence = Fence(ALLOW, otherwise="drop")
    with caplog.at_level(logging.INFO):
        left = fence.admit(mail("a@real.org", cc=["x@example.com", "b@real.org"], bcc="c@real.org"))
    assert [one.addr_spec for one in left.recipients] == ["x@example.com"]
    assert "3 of 4" in caplog.text
    assert "real.org" not in caplog.text
    with pytest.raises(errors.FencedError):
        fence.admit(mail("a@real.org"))


def test_redirected() -> None:
    """One mailbox gets it alone, and reads whom it was for."""
    fence = Fence(ALLOW, otherwise="redirect", to="Staging <staging@inbox.org>")
    got = fence.admit(bulk("Al <al@real.org>", cc="x@example.com", bcc="bo@real.org"))
    assert [one.mailbox for one in got.to] == ["Staging <staging@inbox.org>"]
    assert (got.cc, got.bcc) == ((), ())
    assert got.headers["X-Original-Recipients"] == "al@real.org, x@example.com, bo@real.org"
    assert got.list_unsubscribe == bulk().list_unsubscribe
    fence.permit(got)
    assert fence.admit(got) is got


def test_what_another_guard_makes_of_a_mail_cannot_get_round_it() -> None:
    """It looks again at the last moment."""
    with pytest.raises(errors.FencedError):
        Fence(ALLOW, otherwise="redirect", to="t@t.org").permit(mail("a@real.org"))


def _odd(address: Address) -> str:
    """Another spelling of the same mailbox."""
    return f'"X y" <{address.local.swapcase()}@{address.domain.upper()}.>'


SPELLINGS = st.builds(
    lambda address, odd: _odd(address) if odd else address,
    strategies.addresses(),
    st.booleans(),
)
WAYS = st.sampled_from(["refuse", "drop", "redirect"])


@given(st.data(), strategies.emails(), st.lists(SPELLINGS, max_size=3), WAYS)
def test_nobody_outside_is_ever_in_what_comes_out(
    data: st.DataObject,
    email: Email,
    allow: list[str | Address],
    way: Literal["refuse", "drop", "redirect"],
) -> None:
    """
    Whatever the spelling of an entry or of a recipient; and who is inside is not left out, unless
    the mail goes elsewhere as a whole.
    """
    several = data.draw(st.lists(st.sampled_from(email.recipients), max_size=3))
    allow = [*allow, *(_odd(one) for one in several)]
    domains = [one.domain.upper() for one in several[:1]] if data.draw(st.booleans()) else []
    to = "Only <Only@Here.org>" if way == "redirect" else None
    inside = {Address.parse(one).key for one in allow}

    def allowed(one: Address) -> bool:
        return one.key in inside or one.domain in [domain.lower() for domain in domains]

    fence = Fence([*allow, *domains], otherwise=way, to=to)
    try:
        out = fence.admit(email)
    except errors.FencedError:
        assert not all(map(allowed, email.recipients))
        assert way == "refuse" or not any(map(allowed, email.recipients))
        return
    fence.permit(out)
    assert out.recipients
    assert all(allowed(one) or one.key == "only@here.org" for one in out.recipients)
    if way != "redirect":
        assert out.recipients == tuple(filter(allowed, email.recipients))


@pytest.mark.parametrize(
    ("name", "fenced"), [("staging", True), ("dev", True), ("production", False)]
)
def test_an_environments_name_demands_it(name: str, fenced: bool) -> None:
    """Production mails anybody, staging does not."""
    fence = Fence.for_environment(name, **ENVIRONMENTS)
    assert fence.fenced is fenced
    real = mail("al@real.org")
    if fenced:
        with pytest.raises(errors.FencedError):
            fence.admit(real)
        with pytest.raises(errors.FencedError):
            fence.permit(real)
    else:
        assert fence.admit(real) is real
        fence.permit(real)


@pytest.mark.parametrize("name", ["", "Production", "prod", "staging ", None, ["staging"]])
def test_an_unknown_name_is_an_error(name: Any) -> None:
    """Neither is guessed: not that it is fenced, and not that it is not."""
    with pytest.raises(errors.ConfigurationError, match="production"):
        Fence.for_environment(name, **ENVIRONMENTS)


@pytest.mark.parametrize(
    "options",
    [
        {"fenced": ["staging", "production"]},
        {"fenced": "staging"},
        {"unfenced": [""]},
        {"unfenced": [None]},
        {"fenced": 7},
        {"allow": "@example.com"},
        {"otherwise": "redirect"},
    ],
)
def test_what_staging_would_refuse_production_refuses_too(options: dict[str, Any]) -> None:
    """A mistake in the settings shows itself wherever they are read."""
    with pytest.raises(errors.ConfigurationError):
        Fence.for_environment("production", **{**ENVIRONMENTS, **options})


def test_a_fenced_client_mails_nobody_outside() -> None:
    """Not in a single send, not in many, and the list is asked about whom it goes to."""
    sim, asked = Simulator(), list[str]()
    fence = Fence("example.com", otherwise="redirect", to="staging@example.com")
    client = sim.client(guards=[fence], suppression=asked.append)
    result = client.send(mail("al@real.org", bcc="bo@real.org"))
    assert result.accepted == ("staging@example.com",)
    assert set(asked) == {"staging@example.com"}
    tally = client.send_many([mail(f"{n}@real.org") for n in range(20)])
    assert tally.sent == 20
    assert {one for sent in sim.outbox for one in sent.recipients} == {"staging@example.com"}


def test_a_fenced_async_client_mails_nobody_outside() -> None:
    """The same guard beside an event loop."""
    sim = Simulator()
    client = AsyncClient(
        suppression=None,
        transport=SESTransport(boto3_client=sim.boto3_client("sesv2")),
        limiter=limiters.Unlimited(),
        guards=[Fence("example.com")],
    )

    async def play() -> None:
        async with client:
            with pytest.raises(errors.FencedError):
                await client.send(mail("al@real.org"))
            await client.send(mail("bounce@simulator.amazonses.com"))

    asyncio.run(play())
    assert len(sim.outbox) == 1
