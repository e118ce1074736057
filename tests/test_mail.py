"""The e-mail value: what it takes, what it refuses, and what it can be turned into."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, replace
from enum import Enum
from typing import Any

import pytest

from sesguard import errors
from sesguard.addresses import Address
from sesguard.mail import STREAM_TAG, Attachment, Email, ListManagement, Template
from sesguard.mime import render

PLAIN: dict[Any, Any] = {
    "sender": "ann@example.org",
    "to": "bob@example.org",
    "subject": "Hi",
    "text": "Hello",
}


def make(**changes: Any) -> Email:
    return Email(**{**PLAIN, **changes})


def full() -> Email:
    return Email(
        sender="Ann Müller <ann@example.org>",
        to=['"Bob, the \\"B\\"" <bob@example.org>', Address.parse("Cy@Example.org")],
        cc="dee@müller.de",
        bcc=("eve@example.org",),
        reply_to="Ann <ann+replies@example.org>",
        subject="Grüße 👩‍💻",
        text="Hello\n",
        html="<p>Hello</p>",
        attachments=[
            Attachment("ü.txt", "x"),
            Attachment("logo.png", b"\x89\0", content_id="<logo@x>"),
        ],
        headers={"X-Campaign": "spring"},
        tags={"kind": "news"},
        configuration_set="main",
        return_path="bounces@example.org",
        list_unsubscribe=["https://example.org/u?x=1", "mailto:u@example.org?subject=u"],
        list_management=ListManagement("list", "topic"),
        tenant="acme",
        stream="newsletter",
        charset="ISO-8859-15",
    )


TEMPLATED = Email(
    sender="ann@example.org",
    to="bob@example.org",
    template=Template("welcome", {"name": "Bob", "list": [1, {"x": None}]}),
)


def test_attributes_are_what_was_said() -> None:
    """
    Addresses are tuples, mappings are frozen, and names are kept.
    """
    email = full()
    assert [one.key for one in email.to] == ["bob@example.org", "cy@example.org"]
    assert [one.key for one in email.recipients] == [
        "bob@example.org",
        "cy@example.org",
        "dee@xn--mller-kva.de",
        "eve@example.org",
    ]
    assert email.reply_to[0].display_name == "Ann"
    assert email.return_path is not None
    assert email.return_path.key == "bounces@example.org"
    assert email.scopes == ("tenant:acme", "stream:newsletter")
    assert dict(email.all_tags) == {"kind": "news", STREAM_TAG: "newsletter"}
    assert email.list_unsubscribe[0] == "https://example.org/u?x=1"
    assert email.charset == "iso-8859-15"
    assert make().scopes == ()
    assert make(tags={"a": "b"}).all_tags == {"a": "b"}


@pytest.mark.parametrize("field", ["to", "cc", "bcc", "reply_to"])
@pytest.mark.parametrize(
    "given",
    [
        "Bob <bob@example.org>",
        Address.parse("Bob <bob@example.org>"),
        ["Bob <bob@example.org>"],
        (Address.parse("Bob <bob@example.org>"),),
        iter(["Bob <bob@example.org>"]),
        {"Bob <bob@example.org>": 1}.keys(),
    ],
    ids=["string", "address", "list", "tuple", "iterator", "view"],
)
def test_a_bare_string_is_one_address(field: str, given: Any) -> None:
    """
    Wherever addresses are taken, one may stand alone, and any iterable will do.
    """
    if isinstance(given, Iterator):
        given = ["Bob <bob@example.org>"].__iter__()
    email = make(**{field: given})
    assert getattr(email, field) == (Address.parse("Bob <bob@example.org>"),)


@pytest.mark.parametrize("email", [full(), TEMPLATED, make()], ids=["full", "template", "plain"])
def test_an_email_survives_json_and_pickle(email: Email) -> None:
    """
    What is written as JSON, or pickled, is read back as the same e-mail with the same hash.
    """
    assert Email.from_dict(json.loads(json.dumps(email.to_dict()))) == email
    copy = pickle.loads(pickle.dumps(email))
    assert copy == email
    assert hash(copy) == hash(email)
    assert len({copy, email}) == 1


def test_an_email_is_frozen_and_can_be_replaced() -> None:
    """
    Nothing of it changes; `dataclasses.replace` makes another, checked as ever.
    """
    email = full()
    with pytest.raises(FrozenInstanceError):
        email.subject = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        email.headers["X-A"] = "b"  # type: ignore[index]
    assert replace(email, subject="Other").subject == "Other"
    with pytest.raises(errors.HeaderError):
        replace(email, subject="a\nb")


def test_the_callers_objects_are_not_kept() -> None:
    """
    What a caller does to its lists and dicts afterwards does not reach the e-mail.
    """
    to, headers, tags, data = ["bob@example.org"], {"X-A": "b"}, {"a": "b"}, {"a": [1]}
    email = make(to=to, headers=headers, tags=tags)
    template = Template("t", data)
    to.append("cy@example.org")
    headers["X-B"] = "c"
    tags.clear()
    data["a"].append(2)
    assert len(email.to) == len(email.headers) == len(email.tags) == 1
    template.data["a"] = 3
    assert template.data == {"a": [1]}


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("sender", None, errors.AddressError),
        ("sender", b"ann@example.org", errors.AddressError),
        ("sender", ["ann@example.org"], errors.AddressError),
        ("sender", "ann", errors.AddressError),
        ("to", None, errors.EmailError),
        ("to", b"bob@example.org", errors.EmailError),
        ("to", 5, errors.EmailError),
        ("to", {"bob@example.org": 1}, errors.EmailError),
        ("to", [None], errors.AddressError),
        ("to", [["bob@example.org"]], errors.AddressError),
        ("to", "bob@example.org, cy@example.org", errors.AddressError),
        ("to", "", errors.AddressError),
        ("to", [], errors.EmailError),
        ("cc", "bob", errors.AddressError),
        ("bcc", [b"x"], errors.AddressError),
        ("reply_to", 5, errors.EmailError),
        ("subject", None, errors.HeaderError),
        ("subject", b"x", errors.HeaderError),
        ("subject", "a\nb", errors.HeaderError),
        ("text", b"x", errors.EmailError),
        ("text", None, errors.EmailError),
        ("text", "\ud800", errors.EmailError),
        ("html", 5, errors.EmailError),
        ("attachments", None, errors.EmailError),
        ("attachments", Attachment("a", b""), errors.EmailError),
        ("attachments", [("a", b"")], errors.EmailError),
        ("attachments", [Attachment("a", b"")] * 496, errors.EmailError),
        (
            "attachments",
            [Attachment("a", b"", content_id="x"), Attachment("b", b"", content_id="<x>")],
            errors.EmailError,
        ),
        ("headers", None, errors.EmailError),
        ("headers", [("X-A", "b")], errors.EmailError),
        ("headers", {"X-A": 5}, errors.HeaderError),
        ("headers", {5: "x"}, errors.HeaderError),
        ("headers", {"X A": "b"}, errors.HeaderError),
        ("headers", {"X:A": "b"}, errors.HeaderError),
        ("headers", {"X-Ä": "b"}, errors.HeaderError),
        ("headers", {"": "b"}, errors.HeaderError),
        ("headers", {"X" * 127: "b"}, errors.HeaderError),
        ("headers", {"X-A": ""}, errors.HeaderError),
        ("headers", {"X-A": " "}, errors.HeaderError),
        ("headers", {"X-A": "b "}, errors.HeaderError),
        ("headers", {"X-A": "ä"}, errors.HeaderError),
        ("headers", {"X-A": "a\tb"}, errors.HeaderError),
        ("headers", {"X-A": "=?utf-8?q?a=0ab?="}, errors.HeaderError),
        ("headers", {"X-A": "=?utf-8?b?YQpi?="}, errors.HeaderError),
        ("headers", {"X-A": "=?utf-8?b?a?="}, errors.HeaderError),
        ("headers", {"X-A": "=?klingon?q?a=e9?="}, errors.HeaderError),
        ("headers", {"X-A": "=?utf-8?q?=ff?="}, errors.HeaderError),
        ("headers", {"X-A": "a\r\n b"}, errors.HeaderError),
        ("headers", {"X-A": "b" * 994}, errors.HeaderError),
        ("headers", {"X-A": "b", "x-a": "c"}, errors.HeaderError),
        ("tags", None, errors.EmailError),
        ("tags", [("a", "b")], errors.EmailError),
        ("tags", {"a": 5}, errors.TagError),
        ("tags", {"a b": "c"}, errors.TagError),
        ("tags", {"a": ""}, errors.TagError),
        ("tags", {"a": "ä"}, errors.TagError),
        ("tags", {"a": "b\n"}, errors.TagError),
        ("tags", {"a" * 257: "b"}, errors.TagError),
        ("tags", {"ses:feedback-id-c": "b"}, errors.TagError),
        ("tags", {STREAM_TAG: "b"}, errors.TagError),
        ("tags", {f"t{n}": "v" for n in range(51)}, errors.TagError),
        ("configuration_set", "", errors.EmailError),
        ("configuration_set", "a" * 65, errors.EmailError),
        ("configuration_set", "a b", errors.EmailError),
        ("configuration_set", "a\n", errors.EmailError),
        ("configuration_set", 5, errors.EmailError),
        ("return_path", "bounces", errors.AddressError),
        ("return_path", 5, errors.AddressError),
        ("list_unsubscribe", "http://example.org/u", errors.HeaderError),
        ("list_unsubscribe", "https://", errors.HeaderError),
        ("list_unsubscribe", "https://example.org/a b", errors.HeaderError),
        ("list_unsubscribe", "https://example.org/>,<mailto:x@y.z", errors.HeaderError),
        ("list_unsubscribe", "<https://example.org/u>", errors.HeaderError),
        ("list_unsubscribe", "https://exämple.org/u", errors.HeaderError),
        ("list_unsubscribe", "https://example.org/?a=?utf-8?q?b?=", errors.HeaderError),
        ("list_unsubscribe", "mailto:u", errors.HeaderError),
        ("list_unsubscribe", "https://example.org/" + "u" * 900, errors.HeaderError),
        ("list_unsubscribe", [5], errors.EmailError),
        ("list_unsubscribe", 5, errors.EmailError),
        ("list_management", "list", errors.EmailError),
        ("template", "welcome", errors.EmailError),
        ("tenant", "a b", errors.EmailError),
        ("tenant", "a" * 65, errors.EmailError),
        ("stream", "a:b", errors.TagError),
        ("stream", "a" * 257, errors.TagError),
        ("charset", None, errors.EmailError),
        ("charset", "klingon", errors.EmailError),
        ("charset", "utf-16", errors.EmailError),
        ("charset", "base64", errors.EmailError),
        ("charset", "idna", errors.EmailError),
        ("charset", "utf-8; x=y", errors.EmailError),
        ("charset", "utf-8\r\n", errors.EmailError),
    ],
)
def test_an_error_names_the_field(
    field: str, value: object, error: type[errors.EmailError]
) -> None:
    """
    A wrong value or type is an error that says which argument it is, and shows no address.
    """
    with pytest.raises(error) as caught:
        make(**{field: value})
    assert caught.value.field == field
    assert field in str(caught.value)
    assert "@example" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("From", "sender="),
        ("TO", "to="),
        ("cc", "cc="),
        ("Bcc", "bcc="),
        ("Reply-To", "reply_to="),
        ("Subject", "subject="),
        ("Return-Path", "return_path="),
        ("List-Unsubscribe", "list_unsubscribe="),
        ("List-Unsubscribe-Post", "list_unsubscribe="),
        ("X-SES-CONFIGURATION-SET", "configuration_set="),
        ("X-SES-Message-Tags", "tags="),
        ("X-SES-TENANT", "tenant="),
        ("X-SES-LIST-MANAGEMENT-OPTIONS", "list_management="),
        ("X-SES-SOURCE-ARN", "instruction"),
        ("Sender", "sender="),
        ("Date", "SES writes it"),
        ("Message-ID", "SES writes it"),
        ("MIME-Version", "written for you"),
        ("Content-Type", "written for you"),
        ("Content-Transfer-Encoding", "written for you"),
        ("DKIM-Signature", "SES signs"),
        ("Resent-To", "recipients"),
    ],
)
def test_a_header_that_is_another_fields_is_refused(name: str, instead: str) -> None:
    """
    Headers that would say something twice are answered with the field to use.
    """
    with pytest.raises(errors.HeaderError, match=instead):
        make(headers={name: "x"})


def test_an_address_error_of_a_list_says_which_one() -> None:
    """
    Of several addresses the error counts which one is wrong; quoted forms are carried along.
    """
    with pytest.raises(errors.AddressError, match=r'^to\[1\]: .*"ab\."@…') as caught:
        make(to=["bob@example.org", "ab.@example.org"])
    assert caught.value.field == "to"
    assert caught.value.address == "ab.@example.org"
    assert caught.value.quoted_form == '"ab."@example.org'


def test_fifty_recipients_are_one_message() -> None:
    """
    SES takes 50 recipients in To, Cc and Bcc together, and not one more.
    """
    many = [f"u{n}@example.org" for n in range(48)]
    assert len(make(to=many, cc="a@example.org", bcc="b@example.org").recipients) == 50
    with pytest.raises(errors.TooManyRecipientsError, match="51") as caught:
        make(to=many, cc="a@example.org", bcc=["b@example.org", "c@example.org"])
    assert caught.value.field == "to"


def test_a_limit_is_a_value_that_passes() -> None:
    """
    The largest names and values that SES takes are taken.
    """
    make(headers={"X" * 126: "b" * 870})
    make(headers={"X": "b" * 995})
    make(headers={"X": "=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?", "Y": "=?a?="})
    make(tags={f"{n:0256}": "v" * 256 for n in range(50)})
    make(tags={"ses:feedback-id-a": "b"})
    make(configuration_set="a" * 64, tenant="_-9" * 20, stream="a" * 256)
    make(attachments=[Attachment("a", b"")] * 495)
    make(subject="", text="")
    make(text=None, attachments=[Attachment("a", b"x")])
    make(charset="Shift_JIS", text="日本")


def test_a_stream_takes_a_tag_of_its_own() -> None:
    """
    Fifty tags and a stream are fifty-one.
    """
    tags = {f"t{n}": "v" for n in range(50)}
    with pytest.raises(errors.TagError, match="stream="):
        make(tags=tags, stream="news")
    with pytest.raises(errors.TagError, match="stream="):
        make(tags=dict(list(tags.items())[:30]), stream="news").with_defaults(tags=tags)


class Named(str, Enum):  # noqa: UP042  whose members format as their names
    """Constants of a caller's own, which format as ``Named.NEWS``."""

    NEWS = "news"
    ANN = "ann@example.org"
    TYPE = "text/plain"
    URI = "https://example.com/u"


def test_a_string_of_a_class_of_its_own_is_kept_as_its_text() -> None:
    """What is looked up, sent and stored is the value of an Enum's member, never its name."""
    email = Email(
        sender="shop@example.com",
        to=Named.ANN,
        subject=Named.NEWS,
        text=Named.NEWS,
        attachments=[Attachment(Named.NEWS, b"", Named.TYPE, content_id=Named.NEWS)],
        headers={"X-Kind": Named.NEWS},
        tags={Named.NEWS: Named.NEWS},
        configuration_set=Named.NEWS,
        list_unsubscribe=Named.URI,
        list_management=ListManagement(Named.NEWS, Named.NEWS),
        tenant=Named.NEWS,
        stream=Named.NEWS,
    )
    assert email.scopes == ("tenant:news", "stream:news")
    assert b"Named" not in render(email, for_smtp=True)
    assert Template(Named.NEWS).name == "news"
    assert b"Named" not in pickle.dumps((email, Template(Named.NEWS)))


def test_text_must_be_in_the_character_set() -> None:
    """
    A text that its character set cannot encode is refused when the e-mail is built.
    """
    with pytest.raises(errors.EmailError, match="iso-8859-1") as caught:
        make(text="€", charset="iso-8859-1")
    assert caught.value.field == "text"
    make(text="é", charset="iso-8859-1")


@pytest.mark.parametrize("field", ["subject", "text", "html"])
def test_a_template_brings_subject_and_bodies(field: str) -> None:
    """
    A template and what it brings are not both said.
    """
    with pytest.raises(errors.EmailError, match="template brings it") as caught:
        Email(
            sender="a@example.org",
            to="b@example.org",
            template=Template("t"),
            **{field: "x"},  # type: ignore[arg-type]  # one of three
        )
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("build"),
    [
        lambda: Template(""),
        lambda: Template("a\nb"),
        lambda: Template("é"),
        lambda: Template("t" * 257),
        lambda: Template(5),  # type: ignore[arg-type]
        lambda: Template("t", ["a"]),  # type: ignore[arg-type]
        lambda: Template("t", {"a": object()}),
        lambda: Template("t", {"a": float("nan")}),
        lambda: Template("t", {"a": "\ud800"}),
        lambda: Template("t", {"a": {1, 2}}),
        lambda: Template("t", {"a": 1, 2: 3}),  # type: ignore[dict-item]
        lambda: Template("t", {"a": "x" * 262_144}),
        lambda: Template("t", nested(100_000)),
    ],
)
def test_a_template_is_a_name_and_what_json_can_say(build: Callable[[], Template]) -> None:
    """
    Names on one line, and variables that JSON can carry, are a template; others name the field.
    """
    with pytest.raises(errors.EmailError, match="template") as caught:
        build()
    assert caught.value.field == "template"


def nested(depth: int) -> dict[str, object]:
    data: dict[str, object] = {}
    for _ in range(depth):
        data = {"a": data}
    return data


def test_template_data_has_one_spelling() -> None:
    """
    The same variables in another order are the same template.
    """
    template = Template("t", {"b": "é", "a": 1})
    assert template == Template("t", {"a": 1, "b": "é"})
    assert template.data_json == '{"a":1,"b":"é"}'
    assert "é" not in repr(template)


@pytest.mark.parametrize("names", [("",), ("a b",), (None,), (5,), ("list", "a;b"), ("a\n",)])
def test_list_management_is_made_of_names(names: tuple[Any, ...]) -> None:
    """
    Contact lists and topics have names of letters, digits, hyphens and underscores.
    """
    with pytest.raises(errors.EmailError) as caught:
        ListManagement(*names)
    assert caught.value.field == "list_management"


def test_one_click_goes_with_https() -> None:
    """
    An https URI brings the header that makes one click enough; a mailto one does not.
    """
    assert make(headers={"X-A": "b"}).all_headers == {"X-A": "b"}
    assert make(list_unsubscribe="mailto:u@example.org").all_headers == {
        "List-Unsubscribe": "<mailto:u@example.org>"
    }
    both = make(headers={"X-A": "b"}, list_unsubscribe=["mailto:u@x.org", "HTTPS://x.org/u"])
    assert both.all_headers == {
        "X-A": "b",
        "List-Unsubscribe": "<mailto:u@x.org>, <HTTPS://x.org/u>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_keeping_leaves_out_everybody_else() -> None:
    """
    Only recipients whose key is asked for stay, perhaps none; all else is the same.
    """
    email = full()
    kept = email.keeping({email.to[1].key, email.cc[0].key})
    assert [one.key for one in kept.recipients] == ["cy@example.org", "dee@xn--mller-kva.de"]
    assert kept.subject == email.subject
    assert kept.attachments == email.attachments
    assert email.keeping(()).recipients == ()
    assert email.keeping({one.key for one in email.recipients}) is email
    assert len(email.recipients) == 4


def test_defaults_fill_what_is_not_said() -> None:
    """
    The e-mail's own configuration set and tags win over a client's.
    """
    email = full()
    filled = email.with_defaults(configuration_set="other", tags={"kind": "x", "app": "shop"})
    assert filled.configuration_set == "main"
    assert filled.tags == {"kind": "news", "app": "shop"}
    assert make().with_defaults(configuration_set="other").configuration_set == "other"
    assert email.with_defaults() is email
    with pytest.raises(errors.TagError):
        make().with_defaults(tags={"a b": "c"})
    with pytest.raises(errors.EmailError):
        make().with_defaults(configuration_set="a b")


def test_repr_shows_counts_alone() -> None:
    """
    Neither addresses nor subject nor bodies are shown.
    """
    email = full()
    shown = f"{email!r}{email.attachments!r}{email.headers!r}{email.tags!r}"
    assert "Email(to=2, cc=1, bcc=1, text, html, attachments=2)" in shown
    assert repr(TEMPLATED) == "Email(to=1, cc=0, bcc=0, template, attachments=0)"
    for secret in ("ann", "bob", "Grüße", "Hello", "ü.txt", "spring"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([], "data"),
        ({}, "sender"),
        ({"sender": "a@example.org"}, "to"),
        ({**PLAIN, "colour": "red"}, "colour"),
        (PLAIN | {5: "red"}, "5"),
        ({**PLAIN, "attachments": {}}, "attachments"),
        ({**PLAIN, "attachments": ["a"]}, "attachments"),
        ({**PLAIN, "attachments": [{"filename": "a"}]}, "attachments"),
        ({**PLAIN, "attachments": [{"filename": "a", "content": "?"}]}, "attachments"),
        ({**PLAIN, "attachments": [{"filename": "a", "content": 5}]}, "attachments"),
        ({**PLAIN, "attachments": [{"filename": "a", "content": "é"}]}, "attachments"),
        ({**PLAIN, "attachments": [{"filename": "a\n", "content": ""}]}, "filename"),
        ({**PLAIN, "template": "t"}, "template"),
        ({**PLAIN, "template": {}}, "template"),
        ({**PLAIN, "list_management": {"topic_name": "t"}}, "list_management"),
    ],
)
def test_a_record_that_is_none_names_the_field(data: Any, field: str) -> None:
    """
    A dict that `to_dict` did not write is an EmailError, not a KeyError or TypeError.
    """
    with pytest.raises(errors.EmailError) as caught:
        Email.from_dict(data)
    assert caught.value.field == field


def test_a_record_may_leave_out_and_may_say_nothing() -> None:
    """
    Fields that are left out, or null, are those of an e-mail that does not say them.
    """
    assert Email.from_dict(PLAIN) == make()
    nothing = {"template": None, "list_management": None, "html": None, "list_unsubscribe": None}
    assert Email.from_dict({**PLAIN, **nothing}) == make()
