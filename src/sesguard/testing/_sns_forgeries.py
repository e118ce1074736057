"""Messages that are not genuine, and look so."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sesguard.testing._sns_authority import Authority, host
from sesguard.testing._sns_signing import SIGNED, to_sign

__all__ = ["Forgery", "forgeries_of"]

_FORGER = "forger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """
    A message to be refused.

    Attributes:
        name: Of what was done, in a word or two.

        group: Where it is to be noticed: ``url``, ``signature``, ``json``, ``form``, ``topic`` or
            ``age``.

        why: What it would do to who takes it.

        body: The message.
    """

    name: str
    group: str
    why: str
    body: str = field(repr=False)


def forgeries_of(body: str, authority: Authority, region: str, version: str) -> tuple[Forgery, ...]:
    """All forgeries of one genuine message."""
    return tuple(_Forger(json.loads(body), authority, region, version).all())


class _Forger:
    def __init__(
        self, fields: Mapping[str, Any], authority: Authority, region: str, version: str
    ) -> None:
        self._genuine = dict(fields)
        self._authority = authority
        self._region = region
        self._version = version
        self._other = Authority(_FORGER)

    def all(self) -> Iterator[Forgery]:
        yield from self._changed_fields()
        yield from self._certificates()
        yield from self._signatures()
        yield from self._texts()
        yield from self._forms()
        yield from self._others()

    def _with(self, **changes: Any) -> str:
        fields = {**self._genuine, **changes}
        return json.dumps({name: value for name, value in fields.items() if value is not ...})

    def _signed(self, *, by: Authority | None = None, **changes: Any) -> str:
        """Changed, and signed again, by another authority or by the genuine one."""
        fields = {**self._genuine, **changes}
        fields = {name: value for name, value in fields.items() if value is not ...}
        signer = self._authority if by is None else by
        signature = signer.sign(to_sign(fields), self._region, self._version)
        return json.dumps({**fields, "Signature": base64.b64encode(signature).decode()})

    def _changed_fields(self) -> Iterator[Forgery]:
        for name in SIGNED[self._genuine["Type"]]:
            value = self._genuine.get(name)
            if name == "Type" or value is None:
                continue
            changed = f"{value[:-1]}{'0' if value[-1] != '0' else '1'}"
            yield Forgery(
                name=f"{name} changed",
                group="topic" if name == "TopicArn" else "signature",
                why="one character of a signed field is another's",
                body=self._with(**{name: changed}),
            )

    def _certificates(self) -> Iterator[Forgery]:
        genuine: str = self._genuine["SigningCertURL"]
        ours, path = host(self._region), genuine.rpartition("/")[2]
        elsewhere = "ap-southeast-2" if self._region != "ap-southeast-2" else "eu-west-1"
        urls = {
            "another host": f"https://evil.example/{path}",
            "http": f"http://{ours}/{path}",
            "a port": f"https://{ours}:8443/{path}",
            "the port said": f"https://{ours}:443/{path}",
            "user information": f"https://{ours}@evil.example/{path}",
            "a suffix behind the host": f"https://{ours}.evil.example/{path}",
            "a bucket named like SNS": f"https://sns.s3-{self._region}.amazonaws.com/{path}",
            "a bucket": f"https://s3.amazonaws.com/{ours}/{path}",
            "another service": f"https://sqs.{self._region}.amazonaws.com/{path}",
            "another region": f"https://{host(elsewhere)}/{path}",
            "another path": f"https://{ours}/x/{path}",
            "a path with dots": f"https://{ours}/x/../{path}",
            "a query": f"{genuine}?x=1",
            "a fragment": f"{genuine}#x",
            "a dot behind the host": f"https://{ours}./{path}",
            "a backslash": f"https://evil.example\\@{ours}/{path}",
            "a look-alike letter": f"https://{ours.replace('a', chr(0x430))}/{path}",
            "a space": f" {genuine}",
            "a line break": f"{genuine}\n",
            "a file": f"file:///{path}",
        }
        for name, url in urls.items():
            yield Forgery(
                name=f"certificate from {name}",
                group="url",
                why="whoever fetches it asks, and believes, somebody else than SNS",
                body=self._signed(by=self._other, SigningCertURL=url),
            )
        yield Forgery(
            name="no certificate",
            group="url",
            why="nothing says who signed",
            body=self._with(SigningCertURL=...),
        )

    def _signatures(self) -> Iterator[Forgery]:
        genuine: str = self._genuine["Signature"]
        half = base64.b64encode(base64.b64decode(genuine)[:128]).decode()
        without_newline = self._authority.sign(
            to_sign(self._genuine)[:-1], self._region, self._version
        )
        changes: dict[str, tuple[str, str]] = {
            "by another key": (
                self._signed(by=self._other),
                "the URL is genuine, and the signature is somebody else's",
            ),
            "none": (self._with(Signature=""), "nothing was signed"),
            "not there": (self._with(Signature=...), "nothing was signed"),
            "null": (self._with(Signature=None), "nothing was signed"),
            "cut": (self._with(Signature=half), "half of a signature is none"),
            "with junk": (
                self._with(Signature=f"{genuine[:40]}!\n{genuine[40:]}"),
                "a lenient base64 reader skips what the sender hid in it",
            ),
            "without the last newline": (
                self._with(Signature=base64.b64encode(without_newline).decode()),
                "SNS signs a newline behind the last value too",
            ),
            "of another version": (
                self._with(SignatureVersion={"1": "2", "2": "1"}[self._version]),
                "the version says which hash was signed",
            ),
            "of version 3": (self._with(SignatureVersion="3"), "there is no such version"),
            "of a version that is a number": (
                self._with(SignatureVersion=int(self._version)),
                "SNS writes the version as text",
            ),
        }
        for name, (body, why) in changes.items():
            yield Forgery(name=f"signature {name}", group="signature", why=why, body=body)

    def _texts(self) -> Iterator[Forgery]:
        text = json.dumps(self._genuine)
        kind = json.dumps(self._genuine["Type"])
        yield Forgery(
            name="a key twice",
            group="json",
            why="one reader verifies the first of them, and another acts on the last",
            body=f'{text[:-1]}, "Message": "other"}}',
        )
        yield Forgery(
            name="not a number",
            group="json",
            why="NaN is not JSON, and readers differ about it",
            body=f'{text[:-1]}, "MessageAttributes": NaN}}',
        )
        yield Forgery(
            name="text behind the end",
            group="json",
            why="what follows may be read by the next reader",
            body=f"{text}{text}",
        )
        yield Forgery(
            name="a list",
            group="json",
            why="SNS posts one message at a time",
            body=f"[{text}]",
        )
        yield Forgery(
            name="nested without end",
            group="json",
            why="a reader that recurses is brought down by it",
            body=f'{{"Type": {kind}, "Message": {"[" * 100_000}',
        )

    def _forms(self) -> Iterator[Forgery]:
        kind: str = self._genuine["Type"]
        others = {"Notification": "SubscriptionConfirmation"}
        yield Forgery(
            name="Type in lower case",
            group="form",
            why="who folds case takes for signed what is not",
            body=self._with(Type=kind.lower()),
        )
        yield Forgery(
            name="another Type",
            group="form",
            why="a field of the one kind is made to act as one of another",
            body=self._with(Type=others.get(kind, "Notification")),
        )
        yield Forgery(
            name="a Type of nobody's", group="form", why="SNS has three", body=self._with(Type="X")
        )
        yield Forgery(
            name="a field of nobody's",
            group="form",
            why="it is not signed, and somebody may act on it",
            body=self._with(Extra="x"),
        )
        yield Forgery(
            name="a field that is a list",
            group="form",
            why="what is joined to a text to be verified is something else to who uses it",
            body=self._with(Message=[self._genuine["Message"]]),
        )
        if kind == "Notification":
            yield from self._forms_of_notifications()
        else:
            yield Forgery(
                name="SubscribeURL elsewhere",
                group="signature",
                why="whoever visits it asks somebody else than SNS",
                body=self._with(SubscribeURL="https://evil.example/?Action=ConfirmSubscription"),
            )

    def _forms_of_notifications(self) -> Iterator[Forgery]:
        subject = self._genuine.get("Subject")
        yield Forgery(
            name="Subject put in" if subject is None else "Subject taken out",
            group="signature",
            why="an absent field is not an empty one",
            body=self._with(Subject="Hello" if subject is None else ...),
        )
        if subject is not None:
            # The text to sign is the same: no reader of signatures alone can tell.
            moved = f"{self._genuine['MessageId']}\nSubject\n{subject}"
            yield Forgery(
                name="text moved between fields",
                group="form",
                why="the signed text has no quotes: a line break moves a field into another",
                body=self._with(MessageId=moved, Subject=...),
            )

    def _others(self) -> Iterator[Forgery]:
        arn: str = self._genuine["TopicArn"]
        yield Forgery(
            name="another's topic",
            group="topic",
            why="anybody may have a topic, and gets genuine signatures for it",
            body=self._signed(TopicArn=f"{arn.rpartition(':')[0]}:somebody-elses"),
        )
        yield Forgery(
            name="a topic with ours in front",
            group="topic",
            why="who compares beginnings takes another's topic for ours",
            body=self._signed(TopicArn=f"{arn}-evil"),
        )
        at = datetime.fromisoformat(self._genuine["Timestamp"])
        for name, by in (("old", -timedelta(days=1)), ("of tomorrow", timedelta(days=1))):
            then = (at + by).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            yield Forgery(
                name=name,
                group="age",
                why="a genuine message can be kept and brought again",
                body=self._signed(Timestamp=then),
            )
