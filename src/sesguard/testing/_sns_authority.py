"""A certificate authority that signs as SNS does, in the place of Amazon's."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from threading import Lock

from sesguard.errors import ConfigurationError, MissingExtraError

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    raise MissingExtraError("cryptography", extra="sns") from None

__all__ = ["Authority", "host"]

_HASHES = {"1": SHA1, "2": SHA256}
_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_TO = datetime(2100, 1, 1, tzinfo=UTC)
_MAKING = Lock()

# Regions that came with a name of their own for the certificate.
_OWN_NAME = frozenset(
    (
        *("af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4"),
        *("ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2"),
        *("eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "me-south-1", "mx-central-1"),
    )
)


def host(region: str) -> str:
    """The endpoint of SNS, which serves its certificates."""
    suffix = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}.get(
        region.partition("-")[0], "amazonaws.com"
    )
    return f"sns.{region}.{suffix}"


def _name(region: str) -> str:
    """The name in a region's certificate."""
    if region.startswith("us-gov-"):
        return "sns-us-gov-west-1.amazonaws.com"
    if region.startswith("cn-"):
        return f"sns-{region}.amazonaws.com.cn"
    if region.startswith("eusc-"):
        return f"sns-signing.{region}.amazonaws.eu"
    return f"sns-signing.{region}.amazonaws.com" if region in _OWN_NAME else "sns.amazonaws.com"


class Authority:
    """
    Has a certificate for each region, and gives it out at the URL at which SNS would.

    Args:
        name: Authorities of one name, in one process, have the same keys.

    Attributes:
        asked: The URLs that `fetch` was asked for, in order.

    Source:
        SNS Developer Guide, "Verifying the signatures of Amazon SNS messages".
    """

    def __init__(self, name: str = "sesguard") -> None:
        self._name = name
        self.asked: list[str] = []
        self._issued: dict[str, tuple[str, bytes]] = {}

    @property
    def root_pem(self) -> bytes:
        """The certificate that signed all others: the root to trust."""
        return self._certificate(self._root_name(), f"{self._name} root", ca=True)

    def certificate_url(self, region: str) -> str:
        """Where a region's certificate is."""
        return self._of(region)[0]

    def certificate_pem(self, region: str) -> bytes:
        """A region's certificate."""
        return self._of(region)[1]

    def sign(self, text: bytes, region: str, version: str) -> bytes:
        """
        The signature of *text* by a region's key.

        Raises:
            ConfigurationError: There is no such version.
        """
        if version not in _HASHES:
            raise ConfigurationError("version= is '1' or '2': SNS has no other signatures.")
        return _key(self._key_name(region)).sign(text, PKCS1v15(), _HASHES[version]())

    def fetch(self, url: str, /) -> bytes | None:
        """
        What is at *url*: a certificate, if it is exactly the URL of one that was asked for or
        signed with, else None. Nothing leaves the process.
        """
        self.asked.append(url)
        return dict(self._issued.values()).get(url)

    def vouch(
        self,
        region: str,
        *,
        signer: Authority | None = None,
        name: str | None = None,
        below: str | None = None,
        span: tuple[datetime, datetime] = (_FROM, _TO),
    ) -> bytes:
        """
        A certificate such as SNS has none.

        Args:
            region: Whose key it is for.

            signer: The authority that has the key. This one unless given.

            name: Whom it names. SNS in that region unless given.

            below: Whose certificate signs it, with the same key. The authority's unless given.

            span: From when until when it holds.
        """
        key = (signer or self)._key_name(region)
        by = None if below is None else (below, key)
        return self._certificate(name or _name(region), key, span=span, by=by)

    def _of(self, region: str) -> tuple[str, bytes]:
        if region not in self._issued:
            pem = self.vouch(region)
            number = hashlib.sha256(pem).hexdigest()[:32]
            self._issued[region] = f"https://{host(region)}/{_file(number)}", pem
        return self._issued[region]

    def _key_name(self, region: str) -> str:
        return f"{self._name} {_name(region)}"

    def _root_name(self) -> str:
        return f"{self._name} test authority"

    def _certificate(
        self,
        name: str,
        key_name: str,
        *,
        ca: bool = False,
        span: tuple[datetime, datetime] = (_FROM, _TO),
        by: tuple[str, str] | None = None,
    ) -> bytes:
        """
        With the extensions that Amazon's have, and which a check of the chain asks for.

        Source:
            RFC 5280, section 4.2.1.
        """
        issuer, issuer_key = by or (self._root_name(), f"{self._name} root")
        key, signer = _key(key_name), _key(issuer_key)
        serial = hashlib.sha256(f"{issuer_key} {key_name} {name} {span}".encode()).digest()[:16]
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(issuer))
            .public_key(key.public_key())
            .serial_number((int.from_bytes(serial) >> 1) | 1)
            .not_valid_before(span[0])
            .not_valid_after(span[1])
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(_usage(ca=ca), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(above, critical=False)
        )
        if not ca:
            names = x509.SubjectAlternativeName([x509.DNSName(name)])
            served = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
            builder = builder.add_extension(names, False).add_extension(served, False)
        return builder.sign(signer, SHA256()).public_bytes(Encoding.PEM)


def _key(name: str) -> RSAPrivateKey:
    with _MAKING:  # or two threads would make two, and one sign by what the other does not vouch
        return _made(name)


@cache
def _made(name: str) -> RSAPrivateKey:
    """A key of this process: to make one takes longer than all that is done with it."""
    return generate_private_key(public_exponent=65_537, key_size=2048)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not ca,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _file(number: str) -> str:
    return f"SimpleNotificationService-{number}.pem"


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
