"""Who may be mailed from an environment that is not the real one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.fencing import HEADER, ground, listed, redirected
from sesguard.addresses import Address
from sesguard.errors import ConfigurationError
from sesguard.mail import Email
from sesguard.testing import strategies


@pytest.mark.parametrize(
    ("allow", "address", "inside"),
    [
        ("example.com", "ann@example.com", True),
        ("EXAMPLE.com", "Ann <ANN@Example.COM>", True),
        ("example.com.", "ann@example.com", True),
        ("example.com", "ann@mail.example.com", False),
        ("example.com", "ann@badexample.com", False),
        ("example.com", "ann@example.com.evil.org", False),
        ("*.example.com", "ann@a.b.example.com", True),
        ("*.example.com", "ann@example.com", False),
        ("*.example.com", "ann@badexample.com", False),
        ("ann@example.com", "Ann <ANN@EXAMPLE.COM>", True),
        ("Ann <ann@example.com>", "ann@example.com", True),
        ("ann@example.com", "ann+x@example.com", False),
        ("ann@example.com", "bob@example.com", False),
        ("straße.example", "ann@xn--strae-oqa.example", True),
        ("xn--strae-oqa.example", "ann@straße.example", True),
        ("straße.example", "ann@strasse.example", False),
        ((), "bounce+label@simulator.amazonses.com", True),
        ((), "bounce@simulator.amazonses.com.evil.org", False),
        ((), "ann@example.com", False),
        (["a.org", "b.org"], "ann@b.org", True),
        (Address.parse("ann@b.org"), "ANN@b.org", True),
    ],
)
def test_who_is_inside(allow: object, address: str, inside: bool) -> None:
    """Mailboxes and domains by whatever spelling; a subdomain is another domain."""
    assert (Address.parse(address).key in ground(allow)) is inside  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "allow",
    [
        "",
        "@example.com",
        "example",
        "*",
        "*.",
        "a b.org",
        ["ok.org", None],
        ["a@b.org, c@d.org"],
        5,
    ],
)
def test_an_entry_that_is_neither_address_nor_domain_is_refused(allow: object) -> None:
    """An allow-list that says something else than was meant is no allow-list."""
    with pytest.raises(ConfigurationError, match="address"):
        ground(allow)  # type: ignore[arg-type]


def test_what_is_no_key_is_outside() -> None:
    """Nothing but a mailbox can be inside."""
    assert None not in ground("example.com")


@given(strategies.emails(), strategies.addresses())
def test_a_redirected_mail_is_the_same_mail_to_one_mailbox(email: Email, to: Address) -> None:
    """All but the recipients is as it was, and it can be sent as any other."""
    other = redirected(email, to)
    assert other.recipients == (to,)
    before, after = email.to_dict(), other.to_dict()
    for name in ("to", "cc", "bcc", "headers"):
        before.pop(name, None)
        after.pop(name, None)
    assert before == after
    assert {**other.headers} == {**email.headers, HEADER: other.headers[HEADER]}
    if other.template is None:
        assert HEADER.encode() in other.as_bytes()
    assert Email.from_dict(other.to_dict()) == other
    assert redirected(other, to).headers[HEADER] == to.addr_spec  # there is one such header


def test_a_header_of_that_name_is_replaced() -> None:
    """Whatever its case: a mail has one of each."""
    email = Email(
        sender="a@example.com",
        to="b@example.org",
        subject="",
        text="",
        headers={"x-original-recipients": "c@example.org"},
    )
    got = redirected(email, Address.parse("d@example.org"))
    assert {**got.headers} == {HEADER: "b@example.org"}


def test_recipients_that_do_not_fit_are_counted() -> None:
    """Fifty long addresses are more than a line takes."""
    many = [Address.parse(f"{n:02}{'a' * 50}@{'b' * 60}.example.org") for n in range(50)]
    line = listed(many)
    assert 700 < len(line) < 960
    assert line.endswith(f"and {50 - line.count('@')} more")


LONG = st.builds(
    Address,
    local=st.text("abcxyz", min_size=1, max_size=64) | st.just("=?utf-8?q?=0a?=") | st.just("b?="),
    domain=st.text("abcxyz", min_size=1, max_size=63).map(lambda label: f"{label}.example.org"),
)


@given(st.lists(LONG, min_size=1, max_size=50))
def test_the_header_is_one_line_of_ascii_that_tells_how_many(recipients: list[Address]) -> None:
    """However many and long they are, each is shown or counted, once."""
    line = listed(recipients)
    assert line.isascii()
    assert line.isprintable()
    assert len(line) + len(HEADER) <= 996
    *shown, last = line.split(", ")
    more = 0
    if last.startswith("and "):
        more = int(last.split(" ")[1])
    else:
        shown.append(last)
    assert len(shown) + more == len({one.addr_spec for one in recipients})
    assert "=?" not in line
    email = Email(sender="a@example.com", to=recipients, subject="", text="")
    assert redirected(email, Address.parse("b@example.org")).headers[HEADER] == line
