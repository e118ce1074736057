"""Which DKIM signatures a received mail carries, and what that says of its sender."""

from __future__ import annotations

from dataclasses import dataclass, field

from sesguard._core.dkim_alignment import are_aligned, domain_of
from sesguard._core.dkim_tags import parse_tags, problem_with, readable
from sesguard._core.mail_parts import received
from sesguard.errors import ParseError

__all__ = ["Seen", "Signature", "seen", "signatures"]

_SES = "amazonses.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """
    One ``DKIM-Signature`` header, as it is written. It is not verified.

    Attributes:
        domain: Who signed, ``d=``, in lower case. It is None where it is missing or cannot be read,
            as are the others.

        selector: Under which name the key is in the domain's DNS, ``s=``.

        algorithm: Such as ``"rsa-sha256"``, ``a=``.

        identity: For whom it was signed, ``i=``: perhaps an address.

        signed_headers: The names of the headers that are signed, ``h=``, in lower case.

        is_aligned: Whether *domain* stands for the domain of the From address.

        is_amazonses: Whether SES signed for itself, as it does all that it sends.

        problem: Why the header is no signature. None for one that is well made.
    """

    domain: str | None = None
    selector: str | None = None
    algorithm: str | None = None
    identity: str | None = field(default=None, repr=False)
    signed_headers: tuple[str, ...] = field(default=(), repr=False)
    is_aligned: bool = False
    is_amazonses: bool = False
    problem: str | None = None

    @property
    def is_malformed(self) -> bool:
        """Whether the header breaks RFC 6376, so that no receiver heeds it."""
        return self.problem is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """
    What is to be seen of DKIM in a received mail. As text it is one sentence.

    Attributes:
        from_domain: The domain of the From address, in lower case; None where there is not
            exactly one address.

        signatures: All of them, from the top.

        results: The ``Authentication-Results`` headers, from the top, as they are written.
            Believe only what your own server wrote: anybody can write the others.
    """

    from_domain: str | None = None
    signatures: tuple[Signature, ...] = ()
    results: tuple[str, ...] = field(default=(), repr=False)

    @property
    def own(self) -> tuple[Signature, ...]:
        """Well-made signatures of anybody but SES itself."""
        return tuple([s for s in self.signatures if not s.is_malformed and not s.is_amazonses])

    @property
    def aligned(self) -> tuple[Signature, ...]:
        """Well-made signatures that stand for the From address, which is what DMARC asks for."""
        return tuple([s for s in self.signatures if not s.is_malformed and s.is_aligned])

    def __str__(self) -> str:
        domain = self.from_domain
        if domain is None:
            return "The mail has no From header with one address: no signature can stand for it."
        if self.aligned:
            return f"DKIM is on for {domain}{_by_another(self.aligned[0], domain)}."
        turn_on = f"turn on Easy DKIM for {domain}."
        if self.own:
            return f"Signed by {self.own[0].domain}, which does not stand for {domain}: {turn_on}"
        bad = sum(one.is_malformed for one in self.signatures)
        if bad == len(self.signatures):
            what = f"No well-made DKIM signature, and {bad} malformed" if bad else "No signature"
            return f"{what}: {turn_on}"
        return f"Only {_SES} signed: {turn_on}"


def signatures(message: bytes) -> tuple[Signature, ...]:
    """
    The DKIM signatures of a received mail, malformed ones too, from the top.

    None of them is verified: that takes DNS, and the mail's receiver has done it.

    Args:
        message: The mail as it was received, or its header alone.

    Raises:
        ParseError: It is no mail: not bytes, no header, or one of more than 1 MiB. Nothing else
            is raised.

    Source:
        RFC 6376, section 3.5.
    """
    return seen(message).signatures


def seen(message: bytes) -> Seen:
    """
    What is to be seen of DKIM in a received mail, in one value. It takes what `signatures` takes.

    Raises:
        ParseError: As with `signatures`.
    """
    fields = received(message).fields
    if not fields:
        raise ParseError("There is no mail header. Pass the mail as it was received.")
    by_name: dict[str, list[str]] = {}
    for name, value in fields:
        by_name.setdefault(name.lower(), []).append(value)
    senders = by_name.get("from", [])
    sender = domain_of(senders[0]) if len(senders) == 1 else None
    return Seen(
        from_domain=sender,
        signatures=tuple([_signature(text, sender) for text in by_name.get("dkim-signature", ())]),
        results=tuple(by_name.get("authentication-results", ())),
    )


def _signature(text: str, sender: str | None) -> Signature:
    tags, problem = parse_tags(text)
    problem = problem or problem_with(tags)
    domain = (readable(tags, "d") or "").lower() or None
    signed = readable(tags, "h")
    return Signature(
        domain=domain,
        selector=readable(tags, "s"),
        algorithm=readable(tags, "a"),
        identity=readable(tags, "i"),
        signed_headers=tuple(name.strip().lower() for name in signed.split(":")) if signed else (),
        is_aligned=problem is None and domain is not None and are_aligned(domain, sender),
        is_amazonses=domain is not None and f".{domain}".endswith(f".{_SES}"),
        problem=problem,
    )


def _by_another(signature: Signature, domain: str) -> str:
    return "" if signature.domain == domain else f", signed by {signature.domain}"
