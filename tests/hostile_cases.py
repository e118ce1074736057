"""Hostile e-mails: what comes out of a form or a database, and wants a header of its own."""

# ruff: noqa: RUF001  # look-alike characters are what is tested

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sesguard.mail import Attachment, Email, ListManagement, Template

__all__ = ["HOSTILE_CASES", "SUPPRESSED", "SUPPRESSED_VARIANTS", "HostileCase"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileCase:
    """
    One attack.

    Attributes:
        id: Where it stands and what it is.

        build: Makes the e-mail, or raises the `EmailError` that is due.

        refused: It must not come to an e-mail. Others may, as long as nothing is added.
    """

    id: str
    build: Callable[[], Email]
    refused: bool


def _email(**fields: Any) -> Email:
    plain: dict[Any, Any] = {
        "sender": "Ann <ann@example.org>",
        "to": "bob@example.org",
        "subject": "Hi",
        "text": "Hello",
    }
    plain |= fields
    return Email(**plain)


def _attached(text: str) -> Email:
    return _email(attachments=[Attachment("a.eml", text)])


def _to_two(text: str) -> Email:
    return _email(to=["bob@example.org", text])


def _templated(name: str) -> Email:
    return Email(sender="ann@example.org", to="bob@example.org", template=Template(name))


_OWNED = ("From", "to", "BCC", "Cc", "Resent-Bcc", "Subject", "Content-Type", "X-SES-TENANT")

_BREAKS = {
    "crlf": "x\r\nBcc: victim@example.net",
    "lf": "x\nBcc: victim@example.net",
    "cr": "x\rBcc: victim@example.net",
    "fold": "x\r\n Bcc: victim@example.net",
    "body": "x\r\n\r\nBcc: victim@example.net",
    "trailing-lf": "x\n",
    "trailing-cr": "x\r",
    "leading-crlf": "\r\nBcc: victim@example.net",
    "nul": "x\0Bcc: victim@example.net",
    "tab": "x\ty",
    "bell": "x\x07",
    "backspace": "x\x08\x08",
    "vertical-tab": "x\x0bBcc: victim@example.net",
    "form-feed": "x\x0cBcc: victim@example.net",
    "file-separator": "x\x1cBcc: victim@example.net",
    "delete": "x\x7f",
    "next-line": "x\x85Bcc: victim@example.net",
    "line-separator": "x\u2028Bcc: victim@example.net",
    "paragraph-separator": "x\u2029Bcc: victim@example.net",
    "surrogate": "x\ud800",
    "surrogate-escape-lf": "x\udc0aBcc: victim@example.net",
}
"""Refused wherever one line is meant."""

_LOOKALIKES = {
    "q-word": "=?utf-8?q?hi=0d=0aBcc:_victim@example.net?=",
    "b-word": "=?utf-8?b?aGkNCkJjYzogdmljdGltQGV4YW1wbGUubmV0?=",
    "bare-word-lf": "=?us-ascii?q?=0a?=",
    "word-nul": "=?utf-8?q?=00?=",
    "half-word": "=?utf-8?q?hi=0d=0aBcc:",
    "fullwidth-crlf": "x\uff3cr\uff3cnBcc: victim@example.net",
    "symbol-for-newline": "x\u2424Bcc: victim@example.net",
    "o-with-lf-byte": "x\u010a\u010dBcc: victim@example.net",
    "percent": "x%0d%0aBcc:%20victim@example.net",
    "escape": r"x\r\nBcc: victim@example.net",
    "comma": "x, victim@example.net",
    "semicolon": "x; victim@example.net",
    "quote": 'x" <victim@example.net>, "',
    "backslash": "x\\",
    "backslash-quote": 'x\\" <victim@example.net>',
    "angle": "x <victim@example.net>",
    "colon": "Bcc: victim@example.net",
    "comment": "x (victim@example.net)",
    "long": "x" * 3000,
    "long-words": "wort " * 600,
    "long-accents": "é" * 1500,
    "override": "x\u202egro.elpmaxe",
}
"""Either refused or harmless, by the place."""

_LINES: dict[str, Callable[[str], Email]] = {
    "subject": lambda text: _email(subject=text),
    "sender-name": lambda text: _email(sender=f"{text} <ann@example.org>"),
    "sender-quoted-name": lambda text: _email(sender=f'"{text}" <ann@example.org>'),
    "to-name": lambda text: _email(to=[f"{text} <bob@example.org>"]),
    "cc-quoted-name": lambda text: _email(cc=[f'"{text}" <cy@example.org>']),
    "reply-to-name": lambda text: _email(reply_to=f'"{text}" <r@example.org>'),
    "to": lambda text: _email(to=text),
    "to-local": lambda text: _email(to=f"{text}@example.org"),
    "to-quoted-local": lambda text: _email(to=f'"{text}"@example.org'),
    "to-domain": lambda text: _email(to=f"bob@{text}"),
    "to-subdomain": lambda text: _email(to=f"bob@{text}.example.org"),
    "to-tail": lambda text: _email(to=f"bob@example.org{text}"),
    "bcc": lambda text: _email(bcc=[text]),
    "sender": lambda text: _email(sender=text),
    "return-path": lambda text: _email(return_path=f"{text}@example.org"),
    "header-name": lambda text: _email(headers={text: "x"}),
    "header-value": lambda text: _email(headers={"X-A": text}),
    "tag-name": lambda text: _email(tags={text: "x"}),
    "tag-value": lambda text: _email(tags={"a": text}),
    "configuration-set": lambda text: _email(configuration_set=text),
    "tenant": lambda text: _email(tenant=text),
    "stream": lambda text: _email(stream=text),
    "unsubscribe": lambda text: _email(list_unsubscribe=text),
    "unsubscribe-path": lambda text: _email(list_unsubscribe=f"https://example.org/{text}"),
    "unsubscribe-mailto": lambda text: _email(list_unsubscribe=f"mailto:{text}@example.org"),
    "contact-list": lambda text: _email(list_management=ListManagement(text)),
    "topic": lambda text: _email(list_management=ListManagement("list", text)),
    "charset": lambda text: _email(charset=text),
    "filename": lambda text: _email(attachments=[Attachment(text, b"x")]),
    "content-type": lambda text: _email(attachments=[Attachment("a", b"x", text)]),
    "content-type-parameter": lambda text: _email(
        attachments=[Attachment("a", b"x", f'text/plain; x="{text}"')]
    ),
    "content-id": lambda text: _email(
        html="x", attachments=[Attachment("a", b"", content_id=text)]
    ),
    "template-name": _templated,
}

_BODIES = {
    "fake-header": "Bcc: victim@example.net\r\n\r\nx",
    "leading-break": "\r\n\r\nBcc: victim@example.net",
    "end-of-data": "x\r\n.\r\nMAIL FROM:<evil@example.net>\r\n",
    "bare-cr-dot": "x\r.\rMAIL FROM:<evil@example.net>\r",
    "bare-lf-dot": "x\n.\nMAIL FROM:<evil@example.net>\n",
    "mixed-dot": "x\r\n.\nMAIL FROM:<evil@example.net>\n.\r\n",
    "boundary": "x\r\n--=_0\r\nContent-Type: text/html\r\n\r\nevil\r\n--=_0--\r\n",
    "nul": "x\0\r\ny",
    "long-line": "x" * 5000,
    "separators": "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g",
    "from-line": "From evil@example.net\r\n",
    "surrogate": "x\ud800",
}

_ADDRESSES = {
    "list": "a@example.org,victim@example.net",
    "list-with-names": "A <a@example.org>, V <victim@example.net>",
    "semicolons": "a@example.org;victim@example.net",
    "spaces": "a@example.org victim@example.net",
    "two-ats": "a@example.org@example.net",
    "name-with-address": "victim@example.net <a@example.org>",
    "group": "g:a@example.org,victim@example.net;",
    "route": "<@example.net:a@example.org>",
    "percent-hack": '"victim@example.net"@example.org',
    "quoted-space": '"a b"@example.org',
    "quoted-break": '"a\r\nb"@example.org',
    "quoted-quote": r'"a\"b"@example.org',
    "quoted-escape-lf": '"a\\\nb"@example.org',
    "encoded-local": "=?utf-8?q?victim=40example.net=3e?=@example.org",
    "encoded-local-b": "=?utf-7?b?JkFHQS0?=@example.org",
    "encoded-domain": "a@=?utf-8?q?example.net?=",
    "encoded-whole": "=?utf-8?q?a=40example.net?=",
    "comment": "a(victim@example.net,)@example.org",
    "literal": "a@[192.0.2.1]",
    "literal-break": "a@[192.0.2.1\r\n]",
    "dotless": "root@localhost",
    "numeric": "a@192.0.2.1",
    "smtputf8": "用户@example.org",
    "cyrillic-local": "\u0430nn@example.org",
    "fullwidth-at": "a＠example.org",
    "fullwidth-local": "ａ@example.org",
    "one-dot-leader": "a@example\u2024org",
    "digit-dot": "a@example\u2488org",
    "invisible": "a\u200b@example.org",
    "soft-hyphen": "a@exam\u00adple.org",
    "at-and-combining": "a@\u0338example.org",
    "angle-and-combining": "x <\u0338a@example.org>",
    "dash-option": "-oQ/tmp@example.org ",
    "star": "*@*",
    "empty-local": "@example.org",
    "empty": "",
    "brackets": "<>",
    "unclosed": "<a@example.org",
    "too-long": "a" * 65 + "@example.org",
}


def _case(name: str, refused: bool, build: Callable[..., Email], *given: str) -> HostileCase:
    return HostileCase(id=name, build=partial(build, *given), refused=refused)


def _body(field: str, text: str) -> Email:
    return _email(**{field: text})


def _cases() -> Iterator[HostileCase]:
    for place, build in _LINES.items():
        for name, text in _BREAKS.items():
            yield _case(f"{place}-{name}", True, build, text)
        for name, text in _LOOKALIKES.items():
            yield _case(f"{place}-{name}", False, build, text)
    for name, text in _BODIES.items():
        refused = name == "surrogate"
        yield _case(f"text-{name}", refused, _body, "text", text)
        yield _case(f"html-{name}", refused, _body, "html", text)
        yield _case(f"attachment-{name}", refused, _attached, text)
    for name, text in _ADDRESSES.items():
        yield _case(f"address-{name}", name != "dash-option", _to_two, text)
    for name in _OWNED:
        yield _case(f"header-{name}", True, _LINES["header-name"], name)


HOSTILE_CASES: list[HostileCase] = list(_cases())

SUPPRESSED = "ann.lee+x@müller.example"

SUPPRESSED_VARIANTS = [
    "ann.lee+x@xn--mller-kva.example",
    "Ann.Lee+X@MÜLLER.EXAMPLE",
    "ANN.LEE+X@XN--MLLER-KVA.EXAMPLE",
    " ann.lee+x@müller.example ",
    "ann.lee+x@müller.example.",
    "Ann <ann.lee+x@müller.example>",
    '"x@y" <ann.lee+x@müller.example>',
    "< ann.lee+x@müller.example. >",
    '"ann.lee+x"@müller.example',
    r'"ann\.lee\+x"@müller.example',
    "ann.lee+x@mu\u0308ller.example",
    "ann.lee+x@ｍüller.ｅｘａｍｐｌｅ",
    "ann.lee+x@ＭÜＬＬＥＲ．ＥＸＡＭＰＬＥ",
    "ann.lee+x@müller。example",
    "ann.lee+x@müller｡example",
    "ann.lee+x@mül\u00adler.example",
    "ann.lee+x@müller.example\u200b",
    "ann.lee+x@\u2060müller.example",
    "ann.lee+x@müller.ex\u00aample",
    "ann.lee+x@m\u00fcl\u2113er.example",
    "ann.lee+x@müller.example\u3002",
    "=?utf-8?q?ann.lee+x?=@müller.example",
    "ａｎｎ.lee+x@müller.example",
    "ann.lee+x(c)@müller.example",
    "(c)ann.lee+x@müller.example",
    "ann.lee+x @müller.example",
    "ann.lee+x@ müller.example",
    "ann.lee+x\u200d@müller.example",
    "ann\uff0elee+x@müller.example",
    "ann.lee+x＠müller.example",
    "\tann.lee+x@müller.example",
    "ann.lee+x@müller.example\n",
    "'ann.lee+x@müller.example'".strip("'"),
    "mailto:ann.lee+x@müller.example",
    "ann.lee+x@müller.example..",
    "ann.lee+x@.müller.example",
    "\ufeffann.lee+x@müller.example",
    '"ann.lee+x"@xn--mller-kva.example.',
    "<Ann.Lee+x@XN--mller-kva.Example>",
]
"""Spellings of one mailbox. Each has its key, or is refused."""
