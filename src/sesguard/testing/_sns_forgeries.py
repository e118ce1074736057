"""Messages that are not genuine, and look so."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sesguard.testing._sns_authority import Authority
from sesguard.testing._sns_forged_certificates import forged_certificates, forged_urls
from sesguard.testing._sns_forged_fields import (
    changed_fields,
    forged_headers,
    forged_signatures,
    other_topics_and_times,
)
from sesguard.testing._sns_forged_forms import forged_forms, forged_json
from sesguard.testing._sns_forger import Forger, Forgery

__all__ = ["Forgery", "forgeries_of"]

_WAYS = (
    forged_json,
    forged_forms,
    changed_fields,
    forged_urls,
    forged_certificates,
    forged_signatures,
    other_topics_and_times,
    forged_headers,
)


def forgeries_of(
    body: str, headers: Mapping[str, str], authority: Authority, region: str, version: str
) -> tuple[Forgery, ...]:
    """All forgeries of one genuine message."""
    forger = Forger(
        genuine=json.loads(body),
        headers=headers,
        authority=authority,
        own=Authority("forger"),
        region=region,
        version=version,
    )
    return tuple(forgery for way in _WAYS for forgery in way(forger))
