"""The folder's own face."""

from __future__ import annotations

import pytest

from sesguard import sources


def test_names_are_loaded_when_they_are_asked_for() -> None:
    """All that is in __all__ is there, and nothing else."""
    assert dir(sources) == ["DeadLetter", "DeadLetters", "MemorySource", "Redrive", "SQSSource"]
    for name in sources.__all__:
        assert getattr(sources.__getattr__(name), "__name__", "") == name
    with pytest.raises(AttributeError, match="no attribute 'Carrier'"):
        getattr(sources, "Carrier")  # noqa: B009  a type checker would see through the attribute
