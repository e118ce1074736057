"""The address parser. More laws follow below the table."""

from __future__ import annotations

import pytest

from sesguard import addresses, errors


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Ann@Example.ORG", "ann@example.org"),
        ("Ann <ann+news@example.org.>", "ann+news@example.org"),
        ("a@MÜLLER.de", "a@xn--mller-kva.de"),
        ("a@straße.de", "a@xn--strae-oqa.de"),
    ],
)
def test_one_mailbox_has_one_key(text: str, key: str) -> None:
    """
    Case, names, a trailing dot and the spelling of the domain make no other mailbox.
    """
    assert addresses.Address.parse(text).key == key
    assert addresses.read_leniently(text)[1] == key


def test_quoted_form_is_shown() -> None:
    """
    A dot in the wrong place is answered with the spelling that SES takes.
    """
    with pytest.raises(errors.AddressError, match=r'"ab\."@…') as caught:
        addresses.Address.parse("ab.@example.org")
    assert caught.value.quoted_form == '"ab."@example.org'
