"""
Payloads that nobody sends, made out of those that SES does. Only a ParseError may come of them.

    python tests/fuzz_payloads.py 1000000 [seed]
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, TypeAlias, cast

from sesguard._core.payloads import parse_events
from sesguard._core.policy import FeedbackPolicy
from sesguard.errors import ParseError

SAMPLES = Path(__file__).parent / "samples"
CORPUS = Path(__file__).parents[1].parent / "shared" / "corpus"

Payload: TypeAlias = str | bytes | Mapping[str, object]

_POLICIES = (FeedbackPolicy(), FeedbackPolicy(complaint_recipients="single"))

_HOSTILE: list[object] = [
    None, True, False, 0, -1, 10**19, 1e308, float("nan"), float("-inf"), "", " ", "\x00", "\ud83d",
    "\udc00\ud800", "@", "a@b@c", "<<a@b>>", '"', "Ann <ann@example.org>, bob@example.net", [], {},
    [[]], [None], [1, "x@y.example"], {"emailAddress": 5}, {"emailAddress": "x@y.example"},
    "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2018-10-08T14:05:45 +0000",
    "Bounce", "Complaint", "Permanent", "Transient", "NoEmail", "not-spam", "delayed", "x" * 3_000,
    "{}", "[]", "{", '"text"', '{"eventType":"Bounce"}', '{"Records":[{}]}', "\ufeff{}",
    ["ann@example.org"] * 60, {"Records": [{"Sns": {"Type": "Notification"}}]},
]  # fmt: skip

_TOKENS = (
    b"null", b"NaN", b"-Infinity", b"9" * 30, b"9" * 5_000, b"1e999", b"\\ud800", b"\\u0000",
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80",
    b"\n", b"[" * 90, b'{"a":' * 90, b"true", b'"eventType":"Bounce",', b'"Message":null,',
    b'"notificationType":7,', b'"mail":[],', b"Successfully validated SNS topic",
)  # fmt: skip

_NAMES = (
    "eventType", "notificationType", "mail", "bounce", "complaint", "delivery", "Message", "Type",
    "TopicArn", "Records", "Messages", "records", "Sns", "Body", "body", "receiptHandle", "ses",
    "data", "recordId", "detail", "detail-type", "source", "timestamp", "destination", "tags",
)  # fmt: skip


def sample(name: str) -> Any:
    """One of our samples, as the object that it is."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def seeds() -> list[bytes]:
    """Our own samples, and the collected ones where they are."""
    files = [*SAMPLES.rglob("*.*"), *(CORPUS.rglob("*.json") if CORPUS.is_dir() else ())]
    return [file.read_bytes() for file in sorted(files) if file.name != "index.json"]


def mutated(seed: bytes, random: Random) -> Payload:
    """One payload, as text, bytes or a mapping."""
    data = seed
    structural = random.random() < 0.5
    if structural:
        try:
            value: object = json.loads(seed)
        except ValueError:
            structural = False
        else:
            for _ in range(random.randint(1, 3)):
                value = _with_a_change(value, random)
            if isinstance(value, Mapping) and random.random() < 0.3:
                return cast("Mapping[str, object]", value)
            data = json.dumps(value).encode()
    if not structural or random.random() < 0.1:
        for _ in range(random.randint(1, 4)):
            data = random.choice(_CUTS)(data, random)
    return data if random.random() < 0.5 else data.decode("utf-8", "surrogateescape")


def tried(payload: Payload) -> Counter[str]:
    """
    What comes of a payload, by kind of event.

    Raises:
        Exception: What must never be: something other than a ParseError, or an address shown.
    """
    try:
        found = parse_events(payload)
    except ParseError as error:
        return Counter([_safe("ParseError", str(error))])
    for event in found:
        for policy in _POLICIES:
            for consequence in policy.consequences(event):
                _safe("", repr(consequence))
        _safe("", event.key)
        _safe("", repr(event))
        hash(event)
    return Counter([event.kind for event in found])


def campaign(number: int, *, seed: int, told: Callable[[int], None] | None = None) -> Counter[str]:
    """
    Try many.

    Raises:
        AssertionError: One of them brought something else than events or a ParseError.
    """
    random = Random(seed)
    sown = seeds()
    outcomes: Counter[str] = Counter()
    for at in range(number):
        payload = mutated(random.choice(sown), random)
        try:
            outcomes += tried(payload)
        except Exception as error:
            raise AssertionError(f"number {at} of seed {seed}: {payload!r:.2000}") from error
        if told is not None and at % 50_000 == 0:
            told(at)
    return outcomes


def _safe(kind: str, shown: str) -> str:
    assert "@" not in shown, f"an address is shown: {shown}"
    shown.encode("ascii")
    return kind


def _with_a_change(value: object, random: Random, depth: int = 0) -> object:
    """The value with one change somewhere in it, in text that is JSON too."""
    if depth < 3 and random.random() < 0.03:
        return random.choice(_ENVELOPES)(value)
    here = random.random() < 0.15
    if isinstance(value, dict) and value and not here:
        fields = cast("dict[str, object]", value)
        name = random.choice(list(fields))
        chance = random.random()
        if chance < 0.1:
            return {key: fields[key] for key in fields if key != name}
        if chance < 0.2:
            return {**fields, random.choice(_NAMES): random.choice(_HOSTILE)}
        if chance < 0.25:
            return {random.choice(_NAMES) if key == name else key: fields[key] for key in fields}
        return {**fields, name: _with_a_change(fields[name], random, depth + 1)}
    if isinstance(value, list) and value and not here:
        items = cast("list[object]", value)
        at = random.randrange(len(items))
        chance = random.random()
        if chance < 0.1:
            return items[:at]
        if chance < 0.2:
            return items * 3
        return [*items[:at], _with_a_change(items[at], random, depth + 1), *items[at + 1 :]]
    if isinstance(value, str) and value.startswith("{") and random.random() < 0.85:
        try:
            return json.dumps(_with_a_change(json.loads(value), random, depth + 1))
        except ValueError:
            return value
    return random.choice(_HOSTILE)


_ENVELOPES: tuple[Callable[[object], object], ...] = (
    lambda value: [value],
    lambda value: {"Records": [value, value]},
    lambda value: {"Message": value, "Type": "Notification", "TopicArn": "arn:aws:sns:x:1:y"},
    lambda value: {"Body": json.dumps(value), "ReceiptHandle": "x"},
    lambda value: {"detail-type": "Email Bounced", "source": "aws.ses", "detail": value},
    json.dumps,
)


def _flip(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] if random.random() < 0.5 else data[:at] + data[at + random.randrange(40) :]


def _insert(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(_TOKENS) + data[at:]


def _repeat(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + data[at : at + random.randrange(200)] + data[at:]


def _bury(data: bytes, random: Random) -> bytes:
    depth = random.choice((20, 400, 3_000)) if random.random() < 0.02 else 2
    return b'{"Message":' * depth + data + b"}" * depth


_CUTS = (_flip, _flip, _cut, _insert, _insert, _repeat, _bury)


def main(arguments: list[str]) -> None:
    """Try as many as asked for, and tell what came of them."""
    number = int(arguments[0]) if arguments else 100_000
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    began = time.perf_counter()
    outcomes = campaign(number, seed=seed, told=lambda at: say(f"{at:>10} …"))
    say(f"{number} payloads in {time.perf_counter() - began:.1f} s, only events and ParseError:")
    for kind, count in outcomes.most_common(20):
        say(f"{count:>10} {kind}")


def say(text: str) -> None:
    """A line for whoever waits."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
