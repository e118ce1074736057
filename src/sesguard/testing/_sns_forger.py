"""What a forgery is, and how one is made out of a genuine message."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from sesguard._frozen import FrozenMapping
from sesguard.testing._sns_authority import Authority
from sesguard.testing._sns_signing import to_sign

__all__ = ["Forger", "Forgery", "Group", "encoded"]

Group: TypeAlias = Literal[
    "age", "certificate", "form", "headers", "json", "signature", "topic", "url"
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forgery:
    """
    A message to be refused.

    Attributes:
        name: Of what was done, in a word or two.

        group: Where it is to be noticed: ``"json"``, ``"form"``, ``"topic"``, ``"url"``,
            ``"certificate"``, ``"signature"``, ``"age"``, ``"headers"``.

        why: What it would do to who takes it.

        body: The message.

        headers: With which it is posted.

        signed: Whether the signature holds, by the certificate that is at its URL. So a check of
            the signature alone does not tell.

        certificates: What the net would answer, by URL: the forger's own too.

        asked: The URLs that `fetch` was asked for, in order.
    """

    name: str
    group: Group
    why: str
    body: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    signed: bool
    certificates: Mapping[str, bytes] = field(repr=False)
    asked: list[str] = field(default_factory=list[str], repr=False)

    def fetch(self, url: str, /) -> bytes | None:
        """What a check that goes to *url* would find there. Nothing leaves the process."""
        self.asked.append(url)
        return self.certificates.get(url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forger:
    """
    Has a genuine message, and a key and certificates of its own.

    Attributes:
        genuine: The message.

        headers: Those of the genuine message.

        authority: That of the topic. Whoever has a topic, or a certificate, of their own may have
            it sign, as with Amazon.

        own: That of the forger.
    """

    genuine: Mapping[str, Any]
    headers: Mapping[str, str]
    authority: Authority
    own: Authority
    region: str
    version: str

    def forgery(
        self,
        group: Group,
        name: str,
        why: str,
        body: str,
        *,
        signed: bool = False,
        headers: Mapping[str, str] | None = None,
        certificates: Mapping[str, bytes] | None = None,
    ) -> Forgery:
        """Where certificates are not given, the net answers the genuine one alone."""
        found = {
            self.genuine["SigningCertURL"]: self.authority.certificate_pem(self.region),
            **(certificates or {}),
        }
        return Forgery(
            name=name,
            group=group,
            why=why,
            body=body,
            headers=FrozenMapping(self.headers if headers is None else headers),
            signed=signed,
            certificates=FrozenMapping(found),
        )

    def changed(self, **changes: Any) -> str:
        """The genuine message with other fields; without those that are ``...``."""
        return json.dumps(self._fields(changes))

    def signed(self, *, by: Authority | None = None, **changes: Any) -> str:
        """Changed, and signed again: by the genuine authority, or by another."""
        fields = self._fields(changes)
        return json.dumps({**fields, "Signature": self.seal(to_sign(fields), by=by)})

    def sealed(self, text: Callable[[bytes], bytes]) -> str:
        """With a genuine signature of another text than SNS signs."""
        signature = self.seal(text(to_sign(self.genuine)))
        return json.dumps({**self.genuine, "Signature": signature})

    def seal(self, text: bytes, *, by: Authority | None = None) -> str:
        """A signature in base64."""
        return encoded((by or self.authority).sign(text, self.region, self.version))

    def _fields(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        fields = {**self.genuine, **changes}
        return {name: value for name, value in fields.items() if value is not ...}


def encoded(signature: bytes) -> str:
    """In base64, as SNS writes it."""
    return base64.b64encode(signature).decode()
