"""Values out of JSON that somebody else wrote."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sesguard import _readings

NOT_STRINGS: list[_readings.Json] = [None, True, 7, 1.5, [], {}, ["text"]]


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-03T09:15:02Z",
        "2025-11-03T09:15:02.000Z",
        "2025-11-03T09:15:02.000000000Z",
        "2025-11-03T02:15:02-07:00",
        "2025-11-03T10:15:02.0+0100",
        "2025-11-03T09:15:02 +0000",
        "2025-11-03 09:15:02 +0000",
        " 2025-11-03T09:15:02Z ",
        "2025-11-03T09:15:02",
        "2025-11-03 09:15:02",
    ],
)
def test_every_form_of_a_time_is_one_time(text: str) -> None:
    """All forms that SES and its examples use are read, into UTC."""
    read = _readings.time_of(text)
    assert read == datetime(2025, 11, 3, 9, 15, 2, tzinfo=UTC)
    assert read is not None
    assert read.tzinfo is UTC


def test_a_fraction_is_kept() -> None:
    """Two opens of one second are two."""
    read = _readings.time_of("2025-11-03T09:15:02.123Z")
    assert read == datetime(2025, 11, 3, 9, 15, 2, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        *NOT_STRINGS, "", " ", "timestamp", "Mon, 03 Nov 2025 09:15:02 +0000", "\ud800", "9" * 5000,
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2025-13-03T09:15:02Z",
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(value: _readings.Json) -> None:
    """Nothing is raised, at the ends of time neither."""
    assert _readings.time_of(value) is None


@pytest.mark.parametrize("value", NOT_STRINGS)
def test_a_text_is_a_string(value: _readings.Json) -> None:
    """Numbers are not turned into text: a leading zero would be lost by then."""
    assert _readings.text_at({"name": value}, "name") is None
    assert _readings.text_at({}, "name") is None
    assert _readings.text_at({"name": "text"}, "name") == "text"


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (["a"], ("a",)),
        (["a", "b"], ("a", "b")),
        (["a", None, 7, ["b"]], ("a",)),
        ([7], ()),
        ([], ()),
        ("a", ("a",)),
        (None, ()),
        ({"a": "b"}, ()),
    ],
)
def test_a_list_of_texts_leaves_out_what_is_none(
    value: _readings.Json, texts: tuple[str, ...]
) -> None:
    """A string alone counts as a list of one."""
    assert _readings.texts_of(value) == texts


def test_pairs_keep_their_names() -> None:
    """A value alone counts as a list of one."""
    tags: _readings.Json = {"a": ["1", "2"], "b": "3", "c": None}
    assert _readings.pairs_of(tags) == {"a": ("1", "2"), "b": ("3",), "c": ()}
    assert _readings.pairs_of(["a"]) == {}


def test_objects_are_objects() -> None:
    """A list where an object is expected counts as an empty one, and the other way round."""
    assert _readings.object_of({"a": 1}) == {"a": 1}
    assert _readings.object_of([{"a": 1}]) == {}
    assert _readings.object_of(None) == {}
    mixed: list[_readings.Json] = [{"a": 1}, None, "b", [{"a": 1}]]
    assert _readings.objects_of(mixed) == [{"a": 1}]
    assert _readings.objects_of({"a": 1}) == []


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (True, True), (False, False), ("true", True), ("False", False), ("", None), ("yes", None),
        (1, None), (None, None),
    ],
)  # fmt: skip
def test_a_flag_may_be_written_as_text(value: _readings.Json, flag: bool | None) -> None:
    """The manual calls headersTruncated a string, and the wire has a boolean."""
    assert _readings.flag_of(value) is flag


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1780, 1780), (0, 0), (-1, -1), ("1780", 1780), (574.0, 574), (2**63 - 1, 2**63 - 1),
        (2**63, None), (-(2**70), None), ("9" * 19, None), ("9" * 5000, None), ("-1", None),
        ("١٢", None), ("processing-time", None), ("", None), (float("nan"), None),
        (float("inf"), None), (1e300, None), (True, None), (None, None), ([1], None),
    ],
)  # fmt: skip
def test_a_number_fits_in_64_bits(value: _readings.Json, number: int | None) -> None:
    """The manual calls processingTimeMillis a string, and the wire has a number."""
    assert _readings.whole_number_of(value) == number
