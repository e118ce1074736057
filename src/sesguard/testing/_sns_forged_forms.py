"""Forgeries by form: JSON that two readers read differently, and fields that SNS never writes."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sesguard.testing._sns_forger import Forger, Forgery

__all__ = ["forged_forms", "forged_json"]

_REQUIRED = (
    "Type", "MessageId", "TopicArn", "Message", "Timestamp", "SignatureVersion", "Signature",
    "SigningCertURL",
)  # fmt: skip
_AMBIGUOUS = "one reader verifies the first of them, and another acts on the last"


def forged_json(forger: Forger) -> Iterator[Forgery]:
    """What is not one JSON object, with each key once."""
    text = forger.changed()
    yield forger.forgery("json", "a key twice", _AMBIGUOUS, f'{text[:-1]}, "Message": "forged"}}')
    yield forger.forgery(
        "json",
        "a key twice, the forged one first",
        _AMBIGUOUS,
        f'{{"Message": "forged", {text[1:]}',
        signed=True,
    )
    yield forger.forgery(
        "json",
        "not a number",
        "NaN is not JSON, and readers differ about it",
        f'{text[:-1]}, "MessageAttributes": NaN}}',
        signed=True,
    )
    bodies = {
        "nothing": ("", "nothing was signed"),
        "cut off": (text[:-20], "half of a message says what nobody said"),
        "text behind the end": (f"{text}{text}", "what follows may be read by the next reader"),
        "a list": (f"[{text}]", "SNS posts one message at a time"),
        "JSON in JSON": (json.dumps(text), "who opens it twice verifies what nobody signed"),
        "nested without end": (
            f'{{"Type": {json.dumps(forger.genuine["Type"])}, "Message": {"[" * 100_000}',
            "a reader that recurses is brought down by it",
        ),
    }
    for name, (body, why) in bodies.items():
        yield forger.forgery("json", name, why, body)


def forged_forms(forger: Forger) -> Iterator[Forgery]:
    """JSON, and no message of SNS's."""
    for name in _REQUIRED:
        for said, value in (("null", None), ("not there", ...)):
            why = "who takes an absent field for a text verifies another message"
            body = forger.changed(**{name: value})
            yield forger.forgery("form", f"{name} {said}", why, body)
    yield from _types(forger)
    yield from _more_fields(forger)
    kind = forger.genuine["Type"]
    yield forger.forgery(
        "form",
        "half a character",
        "it can be neither encoded nor verified, and breaks readers that try",
        forger.changed(Message="\ud83d"),
    )
    yield forger.forgery(
        "form",
        "a record alone",
        "a header that says raw delivery is no reason to do without a signature",
        json.dumps({"notificationType": "Bounce"}),
        headers={**forger.headers, "x-amz-sns-rawdelivery": "true"},
    )
    if kind == "Notification":
        yield from _moved_texts(forger)


def _types(forger: Forger) -> Iterator[Forgery]:
    kind, version = forger.genuine["Type"], int(forger.version)
    other = "Notification" if kind != "Notification" else "SubscriptionConfirmation"
    for name, value, why in (
        ("Type in lower case", kind.lower(), "who folds case takes for signed what is not"),
        ("another Type", other, "a field of the one kind is made to act as one of another"),
        ("a Type of nobody's", "X", "SNS has three"),
    ):
        yield forger.forgery("form", name, why, forger.changed(Type=value))
    message = forger.genuine["Message"]
    for name, shape in (("a list", [message]), ("an object", {"default": message})):
        why = "what is joined to a text to be verified is something else to who uses it"
        yield forger.forgery("form", f"Message is {name}", why, forger.changed(Message=shape))
    why = "SNS writes the version as text"
    body = forger.changed(SignatureVersion=version)
    yield forger.forgery("form", "SignatureVersion is a number", why, body, signed=True)


def _more_fields(forger: Forger) -> Iterator[Forgery]:
    """
    Beside the signed fields, one that is not signed.

    That SNS may have new fields tomorrow is no forgery. These are fields which a reader may know.
    """
    url = "https://evil.example/?Action=ConfirmSubscription"
    of_another = {"SubscribeURL": url, "Token": "0" * 256}
    if forger.genuine["Type"] != "Notification":
        of_another = {"Subject": "forged", "UnsubscribeURL": url}
    changes = {
        "a field in another case": {"message": "forged"},
        "fields of another Type": of_another,
        "a URL in Lambda's spelling too": {"SigningCertUrl": "https://evil.example/x.pem"},
    }
    for name, fields in changes.items():
        why = "it is not signed, and somebody may act on it"
        yield forger.forgery("form", name, why, forger.changed(**fields), signed=True)


def _moved_texts(forger: Forger) -> Iterator[Forgery]:
    """
    The signed text has no quotes, so a line break moves text from one field into another.

    The text that was signed is the very same: no reader of signatures alone can tell. The last
    two take somebody who may write a Message, to your topic or to one of their own.
    """
    genuine = forger.genuine
    number, subject, arn = genuine["MessageId"], genuine.get("Subject"), genuine["TopicArn"]
    rest = number if subject is None else f"{number}\nSubject\n{subject}"
    if subject is not None:
        yield forger.forgery(
            "form",
            "Subject moved into MessageId",
            "a field is gone, and the message is new to who remembers ids",
            forger.changed(MessageId=rest, Subject=...),
            signed=True,
        )
    yield forger.forgery(
        "form",
        "MessageId moved out of Message",
        "the message is cut, and has an id that SNS never gave",
        forger.signed(MessageId="chosen", Subject=f"forged\nMessageId\n{rest}"),
        signed=True,
    )
    behind = f"Type\nx\nMessageId\n{rest}\nTimestamp\n{genuine['Timestamp']}"
    yield forger.forgery(
        "form",
        "our topic moved out of Message",
        "who compares beginnings takes another's topic for ours",
        forger.signed(TopicArn=f"{arn}\n{behind}\nTopicArn\n{arn}-evil"),
        signed=True,
    )
