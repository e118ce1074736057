"""The keys that a domain signs with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sesguard.errors import ConfigurationError
from sesguard.simulator import refusals
from sesguard.simulator.state import Identity, Region, World

__all__ = ["easy", "of", "shown", "sign_with"]

_TOKENS = 3
_USUAL_LENGTH = "RSA_2048_BIT"


def easy(
    world: World, region: Region, domain: str, length: str = _USUAL_LENGTH, turn: int = 0
) -> dict[str, Any]:
    """
    Easy DKIM for a domain, as GetEmailIdentity shows it, not verified yet.

    The tokens follow from the simulator's seed, the region and the domain.

    Args:
        world, region: When and where.

        domain: Whose keys they are.

        length: Of the keys, in SES's words.

        turn: How often there were others before.

    Source:
        SES Developer Guide, "Easy DKIM in Amazon SES".
    """
    what = ("dkim", region.name, domain, str(turn))
    return {
        "SigningEnabled": True,
        "Status": "PENDING",
        "Tokens": [world.identifiers.seal(*what, str(n)) for n in range(_TOKENS)],
        "SigningHostedZone": "dkim.amazonses.com",
        "SigningAttributesOrigin": "AWS_SES",
        "NextSigningKeyLength": length,
        "CurrentSigningKeyLength": length,
        "LastKeyGenerationTimestamp": world.clock.now(),
    }


def of(region: Region, identity: Identity) -> dict[str, Any] | None:
    """An identity's own keys, or those of its address's domain; None where there are none."""
    domain = region.identities.get(identity.name.rpartition("@")[2].lower())
    for one in (identity, domain):
        if one is not None and "DkimAttributes" in one.attributes:
            keys: dict[str, Any] = one.attributes["DkimAttributes"]
            return keys
    return None


def shown(region: Region, identity: Identity) -> dict[str, Any]:
    """What GetEmailIdentity says of them."""
    return of(region, identity) or {
        "SigningEnabled": False,
        "Status": "NOT_STARTED",
        "SigningAttributesOrigin": "AWS_SES",
    }


def sign_with(world: World, region: Region, identity: Identity, given: Mapping[str, str]) -> None:
    """
    Let a domain sign by Easy DKIM, or by a key of one's own where one is given.

    Raises:
        Refusal: What was given makes no key, or the identity is an address.

        ConfigurationError: The keys are another region's, which the simulator does not have.
    """
    if "@" in identity.name:
        raise refusals.invalid("The EmailIdentity value must be a valid domain.")
    own = [given.get(f"DomainSigning{what}") for what in ("Selector", "PrivateKey")]
    usual = "EXTERNAL" if any(own) else "AWS_SES"
    origin = given.get("DomainSigningAttributesOrigin", usual)
    before: dict[str, Any] = identity.attributes.get("DkimAttributes", {})
    if origin == "EXTERNAL":
        if not all(own):
            raise refusals.invalid("A selector and a private key are required for BYODKIM.")
        identity.attributes["DkimAttributes"] = {
            "SigningEnabled": True,
            "Status": "PENDING",
            "Tokens": [own[0]],
            "SigningAttributesOrigin": origin,
            "LastKeyGenerationTimestamp": world.clock.now(),
        }
    elif origin == "AWS_SES":
        length = given.get(
            "NextSigningKeyLength", before.get("NextSigningKeyLength", _USUAL_LENGTH)
        )
        if (before.get("SigningAttributesOrigin"), before.get("NextSigningKeyLength")) != (
            origin,
            length,
        ):
            turn = identity.attributes["DkimTurn"] = identity.attributes.get("DkimTurn", 0) + 1
            identity.attributes["DkimAttributes"] = easy(world, region, identity.name, length, turn)
    else:
        raise ConfigurationError(
            "The simulator has DKIM by AWS_SES and EXTERNAL; it does not copy the keys of another "
            f"region, as {origin} would."
        )
