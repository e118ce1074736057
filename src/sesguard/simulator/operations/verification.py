"""How the verification of an identity went, as the test decides."""

from __future__ import annotations

from typing import Literal, TypeAlias

from sesguard.errors import ConfigurationError
from sesguard.simulator.operations.identities import is_domain, make_identity
from sesguard.simulator.refusals import Refusal
from sesguard.simulator.state import Region, World

__all__ = ["VerificationStatus", "grant"]

VerificationStatus: TypeAlias = Literal["PENDING", "SUCCESS", "FAILED", "TEMPORARY_FAILURE"]


def grant(
    world: World,
    region: Region,
    name: str,
    status: VerificationStatus = "SUCCESS",
    *,
    dkim: VerificationStatus | None = None,
    mail_from: VerificationStatus | None = None,
) -> None:
    """
    Set what SES found when it looked at an identity, its keys and its MAIL FROM domain.

    Args:
        world, region: Where it is.

        name: An address or a domain; it is created if it is not there.

        status: Of the identity, and of the others where they have none of their own here.

        dkim, mail_from: Of these, if it is another.

    Raises:
        ConfigurationError: It is neither an address nor a domain.
    """
    key = name.lower() if is_domain(name) else name
    if key not in region.identities:
        try:
            region.identities[key] = make_identity(world, region, name)
        except Refusal:
            raise ConfigurationError(
                "What is to be verified is neither an address nor a domain."
            ) from None
    identity = region.identities[key]
    identity.verified = status == "SUCCESS"
    identity.attributes["VerificationStatus"] = status
    members = (
        ("DkimAttributes", "Status", dkim or status),
        ("MailFromAttributes", "MailFromDomainStatus", mail_from or status),
    )
    for member, how, outcome in members:
        if member in identity.attributes:
            identity.attributes[member][how] = outcome
