"""The certificates by which SNS signs: fetched once, judged, and kept for a day at most."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sesguard.errors import ConfigurationError, MissingExtraError, SignatureError, StoreError

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256
    from cryptography.x509 import verification
    from cryptography.x509.oid import NameOID
except ImportError:
    raise MissingExtraError("cryptography", extra="sns") from None

__all__ = ["LARGEST", "Certificates", "Fetch"]

Fetch = Callable[[str], bytes | None]

LARGEST = 20_000
"""Bytes of a certificate. Amazon's have two thousand."""

_KEPT = timedelta(days=1)
_MOST_KEPT = 64
_MOST_AT_ONCE = 4
_LEAST_BITS = 2048
_HASHES = {1: SHA1, 2: SHA256}


class _Known(NamedTuple):
    key: RSAPublicKey
    begins: datetime
    ends: datetime
    until: datetime


class Certificates:
    """
    Checks signatures by certificates that it fetches.

    One that was found good is kept, by its URL, for a day or until it ends; a failure is not
    kept. Each URL is fetched by one thread at a time, and all others that need it wait for that
    one; of different URLs four are fetched at once.

    Args:
        fetch: Gives what is at a URL; None for nothing. It must not follow redirects. Whatever it
            raises means that nothing could be told.

        trusted_roots: PEM certificates of which one has to have signed SNS's, directly or by
            others that are at its URL. None: the name and the place are enough, as TLS vouches
            for the place.

    Raises:
        ConfigurationError: A root that is no certificate.

    Source:
        SNS Developer Guide, "Verifying the signatures of Amazon SNS messages".
    """

    def __init__(self, fetch: Fetch, *, trusted_roots: Iterable[bytes] | None = None) -> None:
        self._fetch = fetch
        self._roots = None if trusted_roots is None else _store(trusted_roots)
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._fetching: dict[tuple[str, str], Future[_Known]] = {}

    def check(
        self,
        *,
        url: str,
        name: str,
        version: int,
        signature: bytes,
        text: bytes,
        now: datetime,
    ) -> None:
        """
        Check one signature.

        Args:
            url: Where the certificate is: proven to be SNS's own before.

            name: Whom it has to name.

            version: 1 is RSA with SHA-1, 2 with SHA-256.

            now: Aware.

        Raises:
            SignatureError: It is not by that key, or the certificate does not do.

            StoreError: The certificate cannot be had at the moment; it is not known whether the
                message is genuine.
        """
        known = self._certificate(url, name, now)
        if not known.begins <= now <= known.ends:
            raise _unfit("it does not hold at this time")
        try:
            known.key.verify(signature, text, PKCS1v15(), _HASHES[version]())
        except InvalidSignature:
            raise SignatureError(
                "The message's signature is not SNS's, or the message was changed on its way, so "
                "it was refused. Answer with 403, and look at who posts to this address."
            ) from None

    def _certificate(self, url: str, name: str, now: datetime) -> _Known:
        place = url, name
        with self._lock:
            known = self._known.get(place)
            if known is not None and now < known.until:
                return known
            coming = self._fetching.get(place)
            mine = coming is None
            if coming is None:
                if len(self._fetching) >= _MOST_AT_ONCE:
                    raise _away("too many of them are fetched at this moment")
                coming = self._fetching[place] = Future()
        if mine:
            self._bring(place, coming, now)
        return coming.result()

    def _bring(self, place: tuple[str, str], coming: Future[_Known], now: datetime) -> None:
        try:
            found = self._judged(self._fetched(place[0]), place[1], now)
        except BaseException as error:  # it belongs to all who wait, and is not kept
            with self._lock:
                del self._fetching[place]
            coming.set_exception(error)
            return
        with self._lock:
            del self._fetching[place]
            self._known[place] = found
            self._known.move_to_end(place)
            while len(self._known) > _MOST_KEPT:
                self._known.popitem(last=False)
        coming.set_result(found)

    def _fetched(self, url: str) -> bytes:
        try:
            found = cast("object", self._fetch(url))
        except Exception as error:
            # Whatever a fetcher raises, nothing is known of the certificate.
            raise _away(f"fetching it failed with {type(error).__name__}", error) from None
        if found is None:
            raise _away("there is none at its URL, or SNS did not answer")
        if not isinstance(found, bytes) or len(found) > LARGEST:
            raise _unfit(f"what is there is no certificate of at most {LARGEST:,} bytes")
        return found

    def _judged(self, pem: bytes, name: str, now: datetime) -> _Known:
        try:
            leaf, *others = x509.load_pem_x509_certificates(pem)
            key = leaf.public_key()
            names = [one.value for one in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        except Exception as error:
            # The parser's own errors are several, and what it reads is a stranger's until judged.
            raise _unfit("what is there is no certificate", error) from None
        begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
        if not begins <= now <= ends:
            raise _unfit("it does not hold at this time")
        if not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_BITS:
            raise _unfit(f"its key is none of RSA with {_LEAST_BITS} bits or more")
        if names != [name]:
            raise _unfit("it names somebody else than SNS in the region of the topic")
        if self._roots is not None:
            _check_chain(leaf, others, name, self._roots, now)
        return _Known(key, begins, ends, min(now + _KEPT, ends))


def _check_chain(
    leaf: x509.Certificate,
    others: list[x509.Certificate],
    name: str,
    roots: verification.Store,
    now: datetime,
) -> None:
    verifier = (
        verification.PolicyBuilder()
        .store(roots)
        .time(now)
        .build_server_verifier(x509.DNSName(name))
    )
    try:
        verifier.verify(leaf, others)
    except verification.VerificationError as error:
        raise _unfit("no root that is trusted vouches for it", error) from None


def _store(roots: Iterable[bytes]) -> verification.Store:
    try:
        found = [one for pem in roots for one in x509.load_pem_x509_certificates(pem)]
        return verification.Store(found)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            "trusted_roots= takes PEM certificates as bytes, one at least.", original=error
        ) from None


def _unfit(why: str, original: BaseException | None = None) -> SignatureError:
    return SignatureError(
        f"The certificate that the message names does not do: {why}. The message was refused. "
        "Answer with 403, and look at who posts to this address.",
        original=original,
    )


def _away(why: str, original: BaseException | None = None) -> StoreError:
    return StoreError(
        f"SNS's certificate cannot be had: {why}. Whether the message is genuine is not known. "
        "Answer with 503, and SNS posts it again.",
        original=original,
    )
