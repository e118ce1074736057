"""Whether a signature of SNS holds: written anew, from the manual."""

from __future__ import annotations

import base64
import json

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

__all__ = ["verified"]


def verified(body: str, certificate: bytes) -> bool:
    """Whether *body* was signed by who has the certificate."""
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
    hash_ = SHA256() if fields["SignatureVersion"] == "2" else SHA1()
    try:
        key.verify(base64.b64decode(fields["Signature"]), text.encode(), PKCS1v15(), hash_)
    except InvalidSignature:
        return False
    return True
