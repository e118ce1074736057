"""Captured messages, where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

__all__ = ["CORPUS", "message_of", "signed"]

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


def signed() -> list[Any]:
    """What the index says of each message whose signature can be judged, as test parameters."""
    index = CORPUS / "index.json"
    if not index.exists():
        skip = pytest.mark.skip(reason=f"the corpus is not here: {index.parent.name}")
        return [pytest.param({}, marks=skip, id="corpus")]
    payloads = json.loads(index.read_text(encoding="utf-8"))["payloads"]
    judged = [one for one in payloads if (one.get("signature") or {}).get("valid") is not None]
    return [pytest.param(one, id=one["file"]) for one in judged]


def message_of(one: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """A message as SNS or Lambda spells it, and the certificate that it names."""
    message = json.loads((CORPUS / one["file"]).read_text(encoding="utf-8"))
    if "Records" in message:
        message = message["Records"][0]["Sns"]
    return message, (CORPUS / one["signature"]["cert"]).read_bytes()
