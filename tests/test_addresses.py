"""Addresses: one key a mailbox, and nothing that is not one mailbox."""

# ruff: noqa: RUF001  # look-alike characters are what is tested

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError

import email_validator
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sesguard import errors
from sesguard._mail import mailboxes as _mailboxes
from sesguard.addresses import Address, read_leniently

ACCEPTED = [
    # spelling, local, domain
    ("ann@example.org", "ann", "example.org"),
    ("Ann@Example.ORG", "Ann", "example.org"),
    ("ann+news@example.org", "ann+news", "example.org"),
    ("a.n.n@example.org", "a.n.n", "example.org"),
    ("  ann@example.org  ", "ann", "example.org"),
    ("ann@example.org.", "ann", "example.org"),
    ("<ann@example.org>", "ann", "example.org"),
    ("< ann@example.org. >", "ann", "example.org"),
    ("INFO@example.org", "INFO", "example.org"),
    ("!#$%&'*+/=?^_`{|}~-@example.org", "!#$%&'*+/=?^_`{|}~-", "example.org"),
    ("a" * 64 + "@example.org", "a" * 64, "example.org"),
    ("a@" + "b" * 63 + ".org", "a", "b" * 63 + ".org"),
    ('"ab."@example.org', '"ab."', "example.org"),
    (r'"ab\."@example.org', '"ab."', "example.org"),
    ('"ann"@example.org', "ann", "example.org"),
    (r'"\a\n\n"@example.org', "ann", "example.org"),
    (r'"a\\b"@example.org', r'"a\\b"', "example.org"),
    ('"a,b"@example.org', '"a,b"', "example.org"),
    ("a@müller.de", "a", "xn--mller-kva.de"),
    ("a@MÜLLER.de", "a", "xn--mller-kva.de"),
    ("a@mu\u0308ller.de", "a", "xn--mller-kva.de"),
    ("a@xn--mller-kva.de", "a", "xn--mller-kva.de"),
    ("a@XN--MLLER-KVA.DE", "a", "xn--mller-kva.de"),
    ("a@ｍüller.de", "a", "xn--mller-kva.de"),
    ("a@ｅｘａｍｐｌｅ．ｏｒｇ", "a", "example.org"),
    ("a@example。org", "a", "example.org"),
    ("a@straße.de", "a", "xn--strae-oqa.de"),
    ("a@example.test", "a", "example.test"),
    ("a@example.invalid", "a", "example.invalid"),
    ("a@printer.local", "a", "printer.local"),
    ("a@mail.example", "a", "mail.example"),
    ("a@müller.test", "a", "xn--mller-kva.test"),
    ("a@example.ＩＮＶＡＬＩＤ", "a", "example.invalid"),
    ("a@example。ｌｏｃａｌ", "a", "example.local"),
]

NAMED = [
    ("Ann <ann@example.org>", "Ann"),
    ("Ann Example<ann@example.org>", "Ann Example"),
    ('"Doe, Jane" <ann@example.org>', "Doe, Jane"),
    ('"ann@work" <ann@example.org>', "ann@work"),
    (r'"the \"boss\" \\o/" <ann@example.org>', r'the "boss" \o/'),
    ("Dr. Zoë Müller <ann@example.org>", "Dr. Zoë Müller"),
    ('"" <ann@example.org>', ""),
    ("علی‌رضا <ann@example.org>", "علی‌رضا"),
    ("👩‍💻 Ann <ann@example.org>", "👩‍💻 Ann"),
    ('" Ann " <ann@example.org>', " Ann "),
]

REFUSED = [
    "",
    " ",
    "ann",
    "@example.org",
    "ann@",
    "ann@@example.org",
    "ann@example.org@example.net",
    "ann@example.org, bob@example.org",
    "ann@example.org;bob@example.org",
    "ann@example.org bob@example.org",
    "Doe, Jane <ann@example.org>",
    "Ann <ann@example.org>, Bob <bob@example.org>",
    "ann@work <ann@example.org>",
    "Ann (work) <ann@example.org>",
    "friends: ann@example.org;",
    "friends:ann@example.org,bob@example.org;",
    '"a<b" <ann@example.org>',
    '"a>b" <ann@example.org>',
    '"Ann" Example <ann@example.org>',
    '"Ann <ann@example.org>',
    "Ann <<ann@example.org>>",
    "Ann <ann@example.org",
    "ann@example.org>",
    "Ann <>",
    "<@relay.example,@b.example:ann@example.org>",
    "@relay.example:ann@example.org",
    "ann@[192.0.2.1]",
    "ann@[IPv6:2001:db8::1]",
    "ann(comment)@example.org",
    "ann@example.org(comment)",
    "ann @example.org",
    "ann@ example.org",
    "ann@example .org",
    "a\\b@example.org",
    "a,b@example.org",
    "a:b@example.org",
    '"a b"@example.org',
    '"a@b"@example.org',
    r'"a\@b"@example.org',
    r'"a\"b"@example.org',
    r'"a\ b"@example.org',
    '""@example.org',
    '"a"b@example.org',
    'a"b"@example.org',
    '"a\tb"@example.org',
    '"é"@example.org',
    "é@example.org",
    "аnn@example.org",  # a Cyrillic letter
    "ａnn@example.org",
    "\ufeffann@example.org",
    "ann\u200b@example.org",
    "\u00a0ann@example.org",
    "ann＠example.org",
    "=?utf-8?q?ann?=@example.org",
    "=?utf-8?q?=41=42?=@example.org",
    '"=?utf-8?q?ann?="@example.org',
    "=?x=40evil.example=3e?=@example.org",
    "ann@localhost",
    "ann@test",
    "ann@example",
    "ann@org.",
    "ann@example.123",
    "ann@192.0.2.1",
    "ann@1.2.3",
    "ann@example.org..",
    "ann@.example.org",
    "ann@example..org",
    "ann@-example.org",
    "ann@example-.org",
    "ann@exa_mple.org",
    "ann@exa!mple.org",
    "ann@ab--c.org",
    "ann@xn--a.org",
    "ann@xn--.org",
    "ann@exam\u00adple.org",
    "ann@exam\u200dple.org",
    "ann@exam\u2060ple.org",
    "ann@exam⒈ple.org",
    "ann@exa\u2024mple.org@",
    "ann@1.0.0.127.in-addr.arpa",
    "ann@hidden.onion",
    "ann@a.localhost",
    "ann@example.org\r\n",
    "ann@example.org\nBcc: bob@example.org",
    "ann@example.org\r\n\r\nbody",
    "ann\0@example.org",
    "ann@example.org\0",
    "ann@exam\x7fple.org",
    "ann@example.org\u2028",
    "ann@example\x85.org",
    "Ann\r\nBcc: bob@example.org\r\n <ann@example.org>",
    '"Ann\n" <ann@example.org>',
    "Ann\u2029 <ann@example.org>",
    "Ann \u202e <ann@example.org>",
    "Ann \ud800 <ann@example.org>",
    "ann@exam\ud800ple.org",
    "a" * 65 + "@example.org",
    '"' + "a." * 32 + '"@example.org',
    "a@" + "b" * 64 + ".org",
    "a@" + "b." * 126 + "org",
    "a" * 64 + "@" + "b." * 94 + "org",
    "a@" + "ü." * 40 + "org",
    "x" * 1001 + " <ann@example.org>",
]


@pytest.mark.parametrize(("text", "local", "domain"), ACCEPTED)
def test_one_mailbox_has_one_key(text: str, local: str, domain: str) -> None:
    """
    Whichever way a mailbox is spelled, its parts are these and its key is the folded address.
    """
    address = Address.parse(text)
    assert (address.local, address.domain, address.display_name) == (local, domain, "")
    assert address.key == f"{local.lower()}@{domain}"
    assert address.addr_spec == f"{local}@{domain}"


@pytest.mark.parametrize(("text", "name"), NAMED)
def test_a_name_is_read_and_written(text: str, name: str) -> None:
    """
    A display name may be quoted or not, and what is written of it is read back.
    """
    address = Address.parse(text)
    assert address.display_name == name
    assert address.key == "ann@example.org"
    assert Address.parse(address.mailbox) == address
    assert Address.parse(address.addr_spec).named(name) == address
    assert address.header.isascii()
    assert address.header.endswith("ann@example.org" + ">" * bool(name))


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_single_mailbox_is_refused(text: str) -> None:
    """
    Lists, routes, comments, controls and odd domains are refused, and the error holds no address.
    """
    with pytest.raises(errors.AddressError) as caught:
        Address.parse(text)
    shown = f"{caught.value}{caught.value!r}"
    assert "example." not in shown
    assert "ann@" not in shown
    assert str(caught.value)[-1] in ".…"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.address) == (str(caught.value), caught.value.address)


@pytest.mark.parametrize("local", ["ab.", ".ab", "a..b", "."])
def test_dots_in_the_wrong_place_are_answered_with_the_quoted_form(local: str) -> None:
    """
    A dot at the ends or two in a row are refused with the spelling that SES does take.
    """
    with pytest.raises(errors.AddressError) as caught:
        Address.parse(f"Ann <{local}@Example.org>")
    assert f'"{local}"@…' in str(caught.value)
    assert caught.value.quoted_form == f'"{local}"@example.org'
    assert caught.value.quoted_form is not None
    assert Address.parse(caught.value.quoted_form).local == f'"{local}"'
    assert read_leniently(f"{local}@example.org")[1] == f'"{local}"@example.org'


def test_a_quoted_form_is_only_shown_where_it_would_be_taken() -> None:
    """
    With a bad domain too, quoting the local part helps nobody.
    """
    with pytest.raises(errors.AddressError) as caught:
        Address.parse("ab.@localhost")
    assert caught.value.quoted_form is None


@pytest.mark.parametrize(
    "text", ["a@example.org,b@example.org", "a@example.org;b@example.org", "A <a@x.org>, <b@x.org>"]
)
def test_a_list_in_one_string_is_answered_with_the_way_out(text: str) -> None:
    """
    A string is one address, so the error says to pass a list.
    """
    with pytest.raises(errors.AddressError, match="pass a list"):
        Address.parse(text)


@pytest.mark.parametrize("text", ["a@example.org\n", "a\0@example.org", "A\r\nB: c <a@x.org>"])
def test_a_control_character_is_called_one(text: str) -> None:
    """
    The error says what is in the way, which does not show when it is printed.
    """
    with pytest.raises(errors.AddressError, match="control characters or line breaks"):
        Address.parse(text)


@pytest.mark.parametrize("value", [None, 5, b"ann@example.org", ["ann@example.org"]])
def test_only_text_is_an_address(value: object) -> None:
    """
    Another type is an AddressError too, so that one `except` is enough.
    """
    with pytest.raises(errors.AddressError, match="must be a string"):
        Address.parse(value)  # type: ignore[arg-type]


def test_an_address_is_taken_as_it_is() -> None:
    """
    What was parsed once is not parsed again.
    """
    address = Address.parse("Ann <ann@example.org>")
    assert Address.parse(address) is address
    assert Address.parse("Ann <ann@example.org>") is address


def test_an_address_is_a_hidden_frozen_value() -> None:
    """
    It hashes, pickles and cannot be changed, and neither `str` nor `repr` shows it.
    """
    address = Address.parse("Ann <ann@example.org>")
    assert "ann" not in f"{address!s}{address!r}".lower()
    assert pickle.loads(pickle.dumps(address)) == address
    assert len({address, Address.parse('"Ann" <ann@example.org>')}) == 1
    with pytest.raises(FrozenInstanceError):
        address.local = "bob"  # type: ignore[misc]


@pytest.mark.parametrize(
    "parts",
    [
        {"local": "a b", "domain": "example.org"},
        {"local": "a@b", "domain": "example.org"},
        {"local": "a\r\nBcc: b", "domain": "example.org"},
        {"local": "a", "domain": "example.org\r\n"},
        {"local": "a", "domain": "exämple.org"},
        {"local": "a", "domain": "Example.org"},
        {"local": "a", "domain": "example"},
        {"local": "a", "domain": "example.org", "display_name": "x\r\nBcc: b"},
        {"local": "a", "domain": "example.org", "display_name": "<"},
    ],
)
def test_no_other_door_lets_in_what_parse_refuses(parts: dict[str, str]) -> None:
    """
    An address built from parts cannot carry what would break a header.
    """
    with pytest.raises(errors.AddressError):
        Address(**parts)


@pytest.mark.parametrize(
    ("text", "spelled", "key"),
    [
        ("Ann@Example.org", "Ann@Example.org", "ann@example.org"),
        (" Ann <Ann@Example.org>\r\n", "Ann@Example.org", "ann@example.org"),
        ("Ann\u00a0E <Ann@Example.org>", "Ann@Example.org", "ann@example.org"),
        ("Ann (x) <ann@example.org> (y)", "ann@example.org", "ann@example.org"),
        ("ann@example.org.", "ann@example.org.", "ann@example.org"),
        ("ann @ example.org", "ann @ example.org", "ann@example.org"),
        ("<ann@exam\r\nple.org>", "ann@example.org", "ann@example.org"),
        ("ann@[192.0.2.1]", "ann@[192.0.2.1]", "ann@[192.0.2.1]"),
        ("ÄNN@MÜLLER.de", "ÄNN@MÜLLER.de", "änn@xn--mller-kva.de"),
        ("ann@EXÄ MPLE", "ann@EXÄ MPLE", "ann@exä mple"),
        ("Nobody", "Nobody", "nobody"),
        ("No \u200d", "No", "no"),
        ("a@b@C", "a@b@C", "a@b@c"),
        ("", "", ""),
        ("\ud800\0a", "a", "a"),
        ("a\0b@c.org", "a\ufffdb@c.org", "a\ufffdb@c.org"),
        ('"a B"@example.org', '"a B"@example.org', '"a b"@example.org'),
        (r'"a\"b"@example.org', r'"a\"b"@example.org', r'"a\"b"@example.org'),
    ],
)
def test_an_address_of_an_event_is_always_read(text: str, spelled: str, key: str) -> None:
    """
    What cannot be parsed is trimmed and folded, so that a real bounce is never poison.
    """
    assert read_leniently(text) == (spelled, key)


def test_common_addresses_load_no_parser() -> None:
    """
    Neither the events' reader nor a common address loads email-validator.
    """
    program = (
        "import sys\n"
        "from sesguard.addresses import Address, read_leniently\n"
        "Address.parse('Ann <Ann@Example.org>'); read_leniently('Ann <Ann@Example.org>')\n"
        "assert 'email_validator' not in sys.modules\n"
        "Address.parse('ann@müller.de')\n"
        "assert 'email_validator' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_email_validator_keeps_its_own_settings() -> None:
    """
    Special-use domains pass here, and are refused as before where others call email-validator.
    """
    assert Address.parse("a@müller.local").domain == "xn--mller-kva.local"
    for domain in ("example.test", "example.local", "example.invalid"):
        with pytest.raises(email_validator.EmailSyntaxError):
            email_validator.validate_email(f"a@{domain}", check_deliverability=False)


_ALPHABET = "aZ09.+-_\"'\\@<>(), =?:;[]éüßｅ。\u200d\u0308\u00a0\n"
spellings = st.one_of(
    st.text(_ALPHABET, max_size=30),
    st.from_regex(r'[aZ"\\.+ ]{1,8}@[aZüßｅ0.。-]{1,8}\.[aZü0]{1,4}\.?', fullmatch=True),
    st.from_regex(
        r'[aZ" é@,\\]{0,6} ?<"?[aZ.+\\]{1,6}"?@[aZüß.-]{1,8}\.(org|test)\.?>', fullmatch=True
    ),
    st.sampled_from([text for text, *_ in ACCEPTED] + [text for text, _ in NAMED]),
    st.emails(),
    st.text(max_size=20),
)


@given(spellings)
@example('"a\\\u200d" <x@example.org>')
def test_both_readers_agree_on_every_mailbox(text: str) -> None:
    """
    The reader for events never raises, and gives the key of whatever the parser takes.
    """
    spelled, key = read_leniently(text)
    key.encode()
    spelled.encode()
    assert spelled == spelled.strip()
    try:
        address = Address.parse(text)
    except errors.AddressError:
        return
    assert key == address.key
    assert read_leniently(spelled)[1] == key
    assert Address.parse(address.mailbox) == address
    assert Address.parse(f"  {address.local.upper()}@{address.domain.upper()}. ").key == key


@given(
    st.one_of(
        st.from_regex(r"[aZ0.+'?=-]{1,9}@[aZx0.n-]{1,12}\.[aZ]{1,9}", fullmatch=True), st.emails()
    )
)
def test_the_short_way_takes_nothing_that_the_parser_refuses(text: str) -> None:
    """
    Addresses that skip email-validator are those that it takes, with the same result.
    """
    local, _, domain = text.partition("@")
    try:
        _, *through_parser = _mailboxes.validated(local, domain, "", text)
    except errors.AddressError:
        with pytest.raises(errors.AddressError):
            Address.parse(text)
    else:
        if "?=" not in local:
            found = Address.parse(text)
            assert [found.local, found.domain] == through_parser


@given(st.from_regex(r"[a-z]{8,12}", fullmatch=True), st.text("abcé-_ .", min_size=8))
def test_an_error_never_shows_the_address(local: str, domain: str) -> None:
    """
    Whatever is wrong with a domain, neither part of the address is in the message.
    """
    with pytest.raises(errors.AddressError) as caught:
        Address.parse(f"{local}@{domain}.1")
    assert local not in str(caught.value)
    assert domain not in str(caught.value)


def test_an_address_is_read_from_the_text_alone() -> None:
    """A string that compares without case finds nobody else's address in the cache."""

    class Folded(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return str(self).lower() == str(other).lower()

        def __hash__(self) -> int:
            return hash(str(self).lower())

    assert Address.parse(Folded("Folded.Text@example.org")).local == "Folded.Text"
    assert Address.parse(Folded("folded.text@example.org")).local == "folded.text"
