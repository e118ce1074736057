"""What the folder of limiters offers."""

from __future__ import annotations

import pytest

from sesguard import limiters


def test_names_are_loaded_when_asked_for() -> None:
    """Each name answers its limiter, and no other name is there."""
    assert dir(limiters) == sorted(limiters.__all__)
    assert [getattr(limiters, name).__name__ for name in limiters.__all__] == limiters.__all__
    with pytest.raises(AttributeError):
        limiters.Bucket  # noqa: B018
