"""Who of an e-mail's recipients may be mailed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import Email, errors
from sesguard._core.screening import checked, keys_of, screen, unavailable, verdict
from sesguard.addresses import AddressKey
from sesguard.suppression import Reason, Suppression

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KEYS = [AddressKey(f"{name}@x.org") for name in "abcdef"]


def entry(key: AddressKey) -> Suppression:
    return Suppression(key=key, reason=Reason.COMPLAINT, at=NOW)


def email(to: list[str], cc: list[str], bcc: list[str]) -> Email:
    return Email(sender="s@x.org", to=to, cc=cc, bcc=bcc, subject="", text="")


some = st.lists(st.sampled_from(KEYS), max_size=4)


@given(to=some, cc=some, bcc=some, listed=st.sets(st.sampled_from(KEYS)))
def test_exactly_the_listed_are_left_out(
    to: list[str], cc: list[str], bcc: list[str], listed: set[AddressKey]
) -> None:
    """No listed recipient is mailed, no other is lost, and screening twice is screening once."""
    if not to + cc + bcc:
        return
    mail = email(to, cc, bcc)
    found = {key: entry(key) for key in listed}
    left = [key for key in to + cc + bcc if key not in listed]
    if not left:
        with pytest.raises(errors.SuppressedError, match="on the suppression list"):
            screen(mail, found, on_suppressed="drop")
        return
    screened = screen(mail, found, on_suppressed="drop")
    assert [one.key for one in screened.email.recipients] == left
    assert set(screened.suppressed) == {str(k) for k in listed} & set(to + cc + bcc)
    again = screen(screened.email, found, on_suppressed="raise")
    assert again.email == screened.email
    assert not again.suppressed


def test_each_mailbox_is_asked_once() -> None:
    """Over several e-mails, too."""
    one = email(["a@x.org", "A@X.org"], ["b@x.org"], [])
    assert keys_of([one, email(["b@x.org"], [], ["c@x.org"])]) == tuple(KEYS[:3])


def test_the_verdict_of_each_answer() -> None:
    """True and an entry stop, False and None let go, the rest is nonsense."""
    own = entry(KEYS[0])
    stop = verdict(True, KEYS[0], now=NOW)
    assert stop == Suppression(key=KEYS[0], reason=Reason.MANUAL, at=NOW, source="hook")
    assert verdict(own, KEYS[0], now=NOW) is own
    assert verdict(False, KEYS[0], now=NOW) is None
    assert verdict(None, KEYS[0], now=NOW) is None
    nonsense = verdict(1, KEYS[0], now=NOW)
    assert isinstance(nonsense, errors.SuppressionUnavailableError)
    assert "int" in str(nonsense)
    assert verdict(nonsense, KEYS[1], now=NOW) is nonsense


def test_an_answer_must_be_about_what_was_asked() -> None:
    """Another spelling of the same mailbox would let it through, so it is refused."""
    assert checked({KEYS[0]: entry(KEYS[0]), KEYS[1]: None}, KEYS, now=NOW) == {
        KEYS[0]: entry(KEYS[0])
    }
    for wrong in ({"A@x.org": True}, [KEYS[0]], None):
        with pytest.raises(errors.SuppressionUnavailableError):
            checked(wrong, KEYS, now=NOW)


def test_what_cannot_be_told_of_one_stops_the_mails_to_that_one() -> None:
    """An entry for somebody else in the same mail does not speak for it, nor against others."""
    unknown = unavailable(OSError("ann@x.org"))
    assert "ann" not in str(unknown)
    assert unavailable(unknown) is unknown
    found = checked({KEYS[0]: unknown, KEYS[1]: True}, KEYS, now=NOW)
    with pytest.raises(errors.SuppressionUnavailableError) as caught:
        screen(email(["b@x.org", "a@x.org"], [], []), found, on_suppressed="drop")
    assert caught.value is unknown
    assert screen(email(["c@x.org"], [], []), found, on_suppressed="raise").suppressed == {}


def test_the_message_says_what_to_do_when_some_are_left() -> None:
    """It offers to drop only where somebody would be mailed."""
    found = {KEYS[0]: entry(KEYS[0])}
    with pytest.raises(errors.SuppressedError, match="drop") as some_left:
        screen(email(["a@x.org", "b@x.org"], [], []), found, on_suppressed="raise")
    assert some_left.value.reasons == {"a@x.org": "COMPLAINT"}
    with pytest.raises(errors.SuppressedError) as nobody:
        screen(email(["a@x.org"], [], []), found, on_suppressed="raise")
    assert "drop" not in str(nobody.value)
