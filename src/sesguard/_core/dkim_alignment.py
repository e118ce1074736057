"""Whether the domain that signed a mail stands for the one that it is from."""

from __future__ import annotations

import re

from sesguard.addresses import read_leniently

__all__ = ["are_aligned", "domain_of"]

_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_COMMENT = re.compile(r"\s*\([^()]*\)$")
_LONGEST = 1000

# Below which registries sell names, where the country itself is two letters: com.au, co.uk, or.at.
# They are words of the Public Suffix List that several countries share, and the best known others.
_WORDS = """
    ab ac ad adm adv agro al alt art arts asn asso av bbs bel biz bl co com conf coop ed edu ens
    est firm fm gc gen go gob gok gop gos gouv gov govt gr gv hotel id idv in ind inf info int iwi
    jus k12 kiwi leg lg ltd maori me med media mi mil mo mobi mod ms muni museum name ne net ngo
    nhs nic nis no nom notaires nsn nt or org parliament pe per perso plc pol police ppg pr prd
    press presse pri priv pro pub pvt rec res sa sc sch school sci shop sld store tec tel tm
    tourism travel tur tv univ va wa web www
"""
_SHARED = frozenset(_WORDS.split())

# Countries that sell nothing right below their own two letters.
_ALL_SHARED = frozenset(("bd", "ck", "er", "fk", "jm", "kh", "mm", "np", "pg"))


def domain_of(text: str | None) -> str | None:
    """
    The domain of the one address of a From header, in lower case.

    None where there are several addresses, or nothing that can be read: alignment needs one.

    Source:
        RFC 7489, section 6.6.1.
    """
    if text is None or len(text) > _LONGEST:
        return None
    key = read_leniently(_COMMENT.sub("", text.strip()))[1]
    domain = key.rpartition("@")[2]
    return domain if key.count("@") == 1 and _DOMAIN.fullmatch(domain) else None


def are_aligned(signer: str, sender: str | None) -> bool:
    """
    Whether two domains are one owner's, as far as their names tell.

    They are where they are equal, or where one is below the other and the upper one is not
    shared: not a top-level domain, and not what a country's registry sells names under, such as
    ``co.uk``. RFC 7489 asks the Public Suffix List, which is not here: two domains side by side
    (``mail.example.org``, ``news.example.org``) are aligned by it and not by this rule, and of
    shared ones of companies (``github.io``) this rule knows nothing.

    Source:
        RFC 7489, section 3.1.1 (relaxed) and section 3.2.
    """
    if sender is None:
        return False
    if signer == sender:
        return True
    upper, lower = sorted((signer, sender), key=len)
    return lower.endswith(f".{upper}") and not _is_shared(upper)


def _is_shared(domain: str) -> bool:
    """Whether names of several owners are below a domain, for all that can be known of it."""
    head, dot, tail = domain.rpartition(".")
    if not dot:
        return True
    return len(tail) == 2 and "." not in head and (head in _SHARED or tail in _ALL_SHARED)
