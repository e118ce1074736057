"""Forgeries by what vouches for a signature: another place, or another certificate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sesguard.testing._sns_authority import host
from sesguard.testing._sns_forger import Forger, Forgery

__all__ = ["forged_certificates", "forged_urls"]

_DAY = timedelta(days=1)


def forged_urls(forger: Forger) -> Iterator[Forgery]:
    """The forger's own words, signed by the forger, whose certificate is at the URL."""
    for name, url in _urls(forger).items():
        yield forger.forgery(
            "url",
            f"certificate from {name}",
            "whoever fetches it asks, and believes, somebody else than SNS",
            forger.signed(by=forger.own, Message="forged", SigningCertURL=url),
            signed=True,
            certificates={url: forger.own.certificate_pem(forger.region)},
        )


def _urls(forger: Forger) -> dict[str, str]:
    genuine: str = forger.genuine["SigningCertURL"]
    ours, path = host(forger.region), genuine.rpartition("/")[2]
    elsewhere = "ap-southeast-2" if forger.region != "ap-southeast-2" else "eu-west-1"
    return {
        "another host": f"https://evil.example/{path}",
        "a host in the path": f"https://evil.example/{ours}/{path}",
        "a number for a host": f"https://169.254.169.254/{path}",
        "http": f"http://{ours}/{path}",
        "a port": f"https://{ours}:8443/{path}",
        "the port said": f"https://{ours}:443/{path}",
        "user information": f"https://{ours}@evil.example/{path}",
        "a suffix behind the host": f"https://{ours}.evil.example/{path}",
        "a bucket named like SNS": f"https://sns.s3-{forger.region}.amazonaws.com/{path}",
        "a bucket": f"https://s3.amazonaws.com/{ours}/{path}",
        "another service": f"https://sqs.{forger.region}.amazonaws.com/{path}",
        "another region": f"https://{host(elsewhere)}/{path}",
        "another part of AWS": f"https://{ours}.cn/{path}",
        "another path": f"https://{ours}/x/{path}",
        "a path with dots": f"https://{ours}/x/../{path}",
        "another file": f"https://{ours}/certificate.pem",
        "a call of the API": f"https://{ours}/?Action=Publish&Message=.pem",
        "a redirect": f"https://{ours}/redirect?to=https://evil.example/{path}",
        "a query": f"{genuine}?x=1",
        "a fragment": f"{genuine}#x",
        "a dot behind the host": f"https://{ours}./{path}",
        "a backslash": f"https://evil.example\\@{ours}/{path}",
        "a look-alike letter": f"https://{ours.replace('a', chr(0x430))}/{path}",
        "a look-alike dot": f"https://{ours}{chr(0x3002)}evil.example/{path}",
        "a space": f" {genuine}",
        "a line break": f"{genuine}\n",
        "a file": f"file:///{path}",
    }


def forged_certificates(forger: Forger) -> Iterator[Forgery]:
    """At a URL such as SNS has, but for its number."""
    yield from _vouched_for(forger)
    unknown = _url(forger, 0)
    body = forger.signed(by=forger.own, Message="forged", SigningCertURL=unknown)
    yield forger.forgery(
        "certificate", "no certificate there", "what is not there vouches for nothing", body
    )
    yield forger.forgery(
        "certificate",
        "a page in the place of a certificate",
        "a page of a proxy's vouches for nothing, and must not be kept as if it did",
        body,
        certificates={unknown: b"<html>Sign in</html>"},
    )


def _vouched_for(forger: Forger) -> Iterator[Forgery]:
    """Certificates that are in order but for one thing, and the key is the forger's."""
    genuine, own, region = forger.authority, forger.own, forger.region
    at = datetime.fromisoformat(forger.genuine["Timestamp"])
    of_somebody = genuine.vouch(region, signer=own, name="sns.evil.example")
    changes = {
        "of another authority": (
            own.certificate_pem(region),
            "the name is SNS's, and anybody can write it: only the chain tells",
        ),
        "for another name": (
            of_somebody,
            "the authority vouches for others too, and this is one of them",
        ),
        "for a name that begins like SNS's": (
            genuine.vouch(region, signer=own, name="sns.amazonaws.com.evil.example"),
            "who compares beginnings takes it for SNS's",
        ),
        "below somebody's own": (
            genuine.vouch(region, signer=own, below="sns.evil.example") + of_somebody,
            "a certificate for a server vouches for no other",
        ),
        "that has ended": (
            genuine.vouch(region, signer=own, span=(at - 400 * _DAY, at - _DAY)),
            "nobody watches over a key of which the certificate has ended",
        ),
        "of the day after": (
            genuine.vouch(region, signer=own, span=(at + _DAY, at + 400 * _DAY)),
            "it did not hold yet when the message was signed",
        ),
    }
    for number, (name, (certificate, why)) in enumerate(changes.items(), 1):
        url = _url(forger, number)
        yield forger.forgery(
            "certificate",
            f"a certificate {name}",
            why,
            forger.signed(by=own, Message="forged", SigningCertURL=url),
            signed=True,
            certificates={url: certificate},
        )


def _url(forger: Forger, number: int) -> str:
    return f"https://{host(forger.region)}/SimpleNotificationService-{number:032x}.pem"
