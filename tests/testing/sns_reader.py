"""Who takes a message of SNS: by its signature alone, or as strictly as can be."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

__all__ = ["Refused", "leniently", "strictly", "verified"]

COMMON = {
    "Type", "MessageId", "TopicArn", "Message", "Timestamp", "SignatureVersion", "Signature",
    "SigningCertURL",
}  # fmt: skip
OPTIONAL = {
    "Notification": {"Subject", "UnsubscribeURL", "MessageAttributes"},
    "SubscriptionConfirmation": {"Token", "SubscribeURL"},
    "UnsubscribeConfirmation": {"Token", "SubscribeURL"},
}
URL = re.compile(
    r"https://sns\.eu-west-1\.amazonaws\.com/SimpleNotificationService-[0-9a-f]{32}\.pem"
)


def verified(body: str, certificate: bytes) -> bool:
    """Whether *body* was signed by who has the certificate: written anew, from the manual."""
    fields = json.loads(body)
    given = ["Message", "MessageId"]
    given += ["Subject"] if fields["Type"] == "Notification" else ["SubscribeURL"]
    given += ["Timestamp"] + (["Token"] if fields["Type"] != "Notification" else [])
    given += ["TopicArn", "Type"]
    text = ""
    for name in given:
        if fields.get(name) is not None:
            text += name + "\n" + fields[name] + "\n"
    key = x509.load_pem_x509_certificate(certificate).public_key()
    assert isinstance(key, RSAPublicKey)
    hash_ = SHA1() if str(fields["SignatureVersion"]) == "1" else SHA256()
    try:
        key.verify(base64.b64decode(fields["Signature"]), text.encode(), PKCS1v15(), hash_)
    except InvalidSignature:
        return False
    return True


def leniently(body: str, fetch: Callable[[str], bytes | None]) -> bool:
    """Whether a reader takes it that believes any certificate from anywhere."""
    try:
        fields = json.loads(body)
        certificate = fetch(fields["SigningCertURL"])
        if certificate is None or fields["Type"] not in OPTIONAL:
            return False
        if fields["SignatureVersion"] is None:
            return False
        return verified(body, certificate)
    except (KeyError, RecursionError, TypeError, ValueError):
        return False


class Refused(Exception):  # noqa: N818  # as in: it was refused
    """By a reader as strict as one can be; its text is the group of the forgery."""


def strictly(
    body: str,
    headers: Mapping[str, str],
    fetch: Callable[[str], bytes | None],
    *,
    topic_arn: str,
    root: bytes,
    now: datetime,
) -> None:
    """
    Take a genuine message of this topic, in eu-west-1, and nothing else.

    Raises:
        Refused: At the first thing that is wrong, in the order in which it is safe to look.
    """
    fields = _well_formed(body)
    if fields["TopicArn"] != topic_arn:
        raise Refused("topic")
    if not URL.fullmatch(fields["SigningCertURL"]):
        raise Refused("url")
    certificate = _vouched_for(fetch(fields["SigningCertURL"]), root, now)
    if fields["SignatureVersion"] not in ("1", "2"):
        raise Refused("signature")
    try:
        base64.b64decode(fields["Signature"], validate=True)
    except ValueError:
        raise Refused("signature") from None
    if not verified(body, certificate):
        raise Refused("signature")
    if abs(datetime.fromisoformat(fields["Timestamp"]) - now) > timedelta(hours=1):
        raise Refused("age")
    for header, name in (("type", "Type"), ("id", "MessageId")):
        if headers[f"x-amz-sns-message-{header}"] != fields[name]:
            raise Refused("headers")
    if headers["x-amz-sns-topic-arn"] != topic_arn:
        raise Refused("headers")


def _well_formed(body: str) -> dict[str, str]:
    try:
        fields = json.loads(body, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused("json") from None
    if not isinstance(fields, dict):
        raise Refused("json")
    own = OPTIONAL.get(str(fields.get("Type")))
    if own is None or not COMMON <= fields.keys() <= COMMON | own:
        raise Refused("form")
    texts = {name: fields[name] for name in fields if name != "MessageAttributes"}
    if not all(isinstance(text, str) for text in texts.values()):
        raise Refused("form")
    try:
        "".join(texts.values()).encode()
    except UnicodeEncodeError:
        raise Refused("form") from None
    of_one_line = texts.keys() - {"Message", "Signature", "SigningCertURL"}
    if any("\n" in texts[name] for name in of_one_line):
        raise Refused("form")
    return texts


def _vouched_for(certificate: bytes | None, root: bytes, now: datetime) -> bytes:
    """A certificate that names SNS, holds now, and is the authority's."""
    try:
        leaf, *more = x509.load_pem_x509_certificates(certificate or b"")
        store = Store([x509.load_pem_x509_certificate(root)])
        policy = PolicyBuilder().store(store).time(now.replace(tzinfo=None))
        name = x509.DNSName("sns.amazonaws.com")
        policy.build_server_verifier(name).verify(leaf, more)
    except (ValueError, VerificationError):
        raise Refused("certificate") from None
    return certificate or b""


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("json")
    return found


def _no_constant(name: str) -> NoReturn:
    raise Refused("json")
