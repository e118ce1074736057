"""Suppression lists in files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sesguard import listfiles
from sesguard.addresses import Address, AddressKey
from sesguard.errors import ConfigurationError, StoreError
from sesguard.stores import MemoryStore
from sesguard.suppression import Page, Reason, Suppression
from sesguard.testing import ManualClock

ANN = AddressKey("ann@example.org")
NOW = ManualClock().now()

_FILES = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)
_signs = st.sampled_from("=+-@'ab\"\n\r\t,;é\ud83d")
_texts = st.text(_signs, max_size=8).map(lambda text: text.encode("utf-8", "replace").decode())


def _entries() -> st.SearchStrategy[Suppression]:
    locals_ = st.sampled_from(["ann", "=ann", "+ann", "-ann", "'=ann", "'ann"])

    def make(local: str, reason: Reason, days: int, scope: str, detail: str | None) -> Suppression:
        address = Address.parse(f"{local}@example.org")
        return Suppression(
            key=address.key,
            reason=reason,
            at=NOW + timedelta(days=days, microseconds=1),
            scope=scope,
            address=address.addr_spec,
            source="event",
            event_key="Bounce:1",
            detail=detail or None,
            expires_at=None if days % 2 else NOW + timedelta(days=400),
        )

    scopes = st.sampled_from(["", "stream:news", "tenant:=shop"])
    return st.builds(
        make, locals_, st.sampled_from(Reason), st.integers(-9, 9), scopes, _texts | st.none()
    )


FORMS: list[tuple[Callable[..., int], Callable[..., listfiles.Imported]]] = [
    (listfiles.write_csv, listfiles.read_csv),
    (listfiles.write_json_lines, listfiles.read_json_lines),
]


@pytest.mark.parametrize("form", FORMS, ids=["csv", "jsonl"])
def test_a_list_comes_back_as_it_was(tmp_path: Path, form: Any) -> None:
    """Whatever is on a list is on the one that reads its file, to the microsecond."""
    write, read = form

    @_FILES
    @given(st.lists(_entries(), max_size=8))
    def holds(entries: list[Suppression]) -> None:
        there, back = MemoryStore(clock=ManualClock()), MemoryStore(clock=ManualClock())
        there.add(entries)
        assert write(there, tmp_path / "list") == len(there.entries().items)
        imported = read(tmp_path / "list", back)
        assert imported == listfiles.Imported(added=len(there.entries().items))
        assert list(back.entries().items) == list(there.entries().items)

    holds()


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """An address or a diagnostic that a spreadsheet would run stands as a text."""
    store = MemoryStore()
    for local in ("=cmd", "+cmd", "-cmd", "'=cmd"):
        address = f"{local}@example.org"
        store.suppress(address, detail="=HYPERLINK(1)")
    listfiles.write_csv(store, tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 5
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_a_hashed_list_can_be_moved(tmp_path: Path) -> None:
    """A file of digests is read into a list of the same pepper, and tells no address."""
    there, back = MemoryStore(hashed_with=bytes(32)), MemoryStore(hashed_with=bytes(32))
    there.suppress(ANN)
    listfiles.write_csv(there, tmp_path / "list.csv")
    assert "ann" not in (tmp_path / "list.csv").read_text(encoding="utf-8")
    assert listfiles.read_csv(tmp_path / "list.csv", back).added == 1
    assert set(back.look_up([ANN])) == {ANN}


def test_what_came_in_an_event_is_kept_however_it_is_spelled(tmp_path: Path) -> None:
    """An entry whose address nobody could parse is on the list that reads its file."""
    odd = Suppression(
        key=AddressKey("a b@x"), reason=Reason.BOUNCE, at=NOW, address="A b@x", source="event"
    )
    bare = Suppression(key=AddressKey("c d@x"), reason=Reason.BOUNCE, at=NOW, source="event")
    there, back = MemoryStore([odd, bare]), MemoryStore()
    listfiles.write_csv(there, tmp_path / "list.csv")
    assert listfiles.read_csv(tmp_path / "list.csv", back).added == 2
    assert list(back.entries().items) == [odd, bare]


def test_a_key_of_another_provider_is_no_address(tmp_path: Path) -> None:
    """A row without an address, whose key means something else, is refused and not listed."""
    file = tmp_path / "list.csv"
    file.write_text("key,reason\n17,BOUNCE\nAnn@example.org,BOUNCE\n,BOUNCE\n", encoding="utf-8")
    store = MemoryStore()
    assert [one.line for one in listfiles.read_csv(file, store).refused] == [2, 3, 4]
    assert not store.entries().items


def test_another_providers_export_is_read(tmp_path: Path) -> None:
    """Its columns and its words for reasons can be named; the rest of it does no harm."""
    file = tmp_path / "export.csv"
    file.write_text(
        "\ufeffRecipient;Why;Created;key\r\n"
        "Ann <Ann@Example.org>;Hard Bounce;1767225600;17\r\n"
        "ben@example.org;spamcomplaint;2026-01-02T03:04:05;\r\n"
        "cy@example.org;;;\r\n"
        "dan@example.org;bounce;2026-01-01 00:00:00+02:00;18\r\n",
        encoding="utf-8",
    )
    store = MemoryStore(clock=ManualClock())
    imported = listfiles.read_csv(
        file,
        store,
        address="Recipient",
        reason="Why",
        at="Created",
        reasons={"hard bounce": Reason.BOUNCE, "SpamComplaint": Reason.COMPLAINT},
        default_reason=Reason.UNSUBSCRIBE,
        delimiter=";",
        clock=ManualClock(),
    )
    assert imported == listfiles.Imported(added=4)
    assert [(one.key, one.reason, one.at, one.source) for one in store.entries().items] == [
        (ANN, Reason.BOUNCE, datetime(2026, 1, 1, tzinfo=UTC), "import"),
        ("ben@example.org", Reason.COMPLAINT, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "import"),
        ("cy@example.org", Reason.UNSUBSCRIBE, NOW, "import"),
        ("dan@example.org", Reason.BOUNCE, datetime(2025, 12, 31, 22, tzinfo=UTC), "import"),
    ]


BAD = {
    "no address": (["", "BOUNCE", "", ""], "it has no address"),
    "a bad address": (["ann at x", "BOUNCE", "", ""], "its address is none"),
    "no reason": (["ann@example.org", "", "", ""], "it has no reason"),
    "a strange reason": (["ann@example.org", "tired", "", ""], "its reason is none"),
    "a bad time": (["ann@example.org", "BOUNCE", "yesterday", ""], "its time is neither"),
    "a time too late": (["ann@example.org", "BOUNCE", "9" * 30, ""], "its time is neither"),
    "a bad scope": (["ann@example.org", "BOUNCE", "", "news"], "its scope is none"),
    "too many cells": (["ann@example.org", "BOUNCE", "", "", "more"], "cannot be read"),
}


@pytest.mark.parametrize(("cells", "said"), BAD.values(), ids=BAD)
def test_a_bad_row_is_told_and_stops_nothing(tmp_path: Path, cells: list[str], said: str) -> None:
    """It is named by its line, without what stands in it, and the others are added."""
    with (tmp_path / "list.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [
                ["address", "reason", "at", "scope"],
                ["ben@example.org", "BOUNCE", "", ""],
                cells,
                ["cy@example.org", "complaint", "", ""],
            ]
        )
    store = MemoryStore()
    imported = listfiles.read_csv(tmp_path / "list.csv", store)
    assert imported.added == 2
    ((line, why),) = ((one.line, one.why) for one in imported.refused)
    assert line == 3
    assert said in why
    assert "@" not in repr(imported)


BAD_LINES = [
    "{",
    "[]",
    "7",
    '"ann@example.org"',
    "[" * 100_000,
    '{"address": 7, "reason": "BOUNCE"}',
    '{"address": "ann@example.org", "reason": ["BOUNCE"]}',
    '{"reason": null}',
]


@pytest.mark.parametrize("line", BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_bad_line_is_told_and_stops_nothing(tmp_path: Path, line: str) -> None:
    """A line of JSON that is no entry is told by its number, and the others are added."""
    good = json.dumps({"address": "ben@example.org", "reason": "bounce", "new field": {}})
    (tmp_path / "list.jsonl").write_text(f"{good}\n\n{line}\n{good}\n", encoding="utf-8")
    imported = listfiles.read_json_lines(tmp_path / "list.jsonl", MemoryStore())
    assert imported.added == 2
    assert [one.line for one in imported.refused] == [3]


def test_a_file_without_such_a_column_is_refused(tmp_path: Path) -> None:
    """Else all of its rows would be refused, one by one."""
    (tmp_path / "list.csv").write_text("email,reason\na@example.org,BOUNCE\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="address="):
        listfiles.read_csv(tmp_path / "list.csv", MemoryStore())
    assert listfiles.read_csv(tmp_path / "list.csv", MemoryStore(), address="email").added == 1


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8, and cells without end, are errors that say what to do."""
    (tmp_path / "a.csv").write_bytes(b"address,reason\n\xe9nn@example.org,BOUNCE\n")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        listfiles.read_csv(tmp_path / "a.csv", MemoryStore())
    (tmp_path / "b.csv").write_text('address,reason\n"' + "a" * 200_000, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no CSV file"):
        listfiles.read_csv(tmp_path / "b.csv", MemoryStore())


@pytest.mark.parametrize(
    "options",
    [{"reasons": {"x": "BOUNCE"}}, {"default_reason": "BOUNCE"}, {"delimiter": "::"}],
    ids=["reasons", "default", "delimiter"],
)
def test_options_that_cannot_be_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    """Before the file is opened."""
    with pytest.raises(ConfigurationError):
        listfiles.read_csv(tmp_path / "none.csv", MemoryStore(), **options)


class Failing:
    """A list that fails after its first page."""

    def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]:
        if after:
            raise StoreError("away")
        return Page([Suppression(key=ANN, reason=Reason.BOUNCE, at=NOW)], "next")


@pytest.mark.parametrize("write", [form[0] for form in FORMS], ids=["csv", "jsonl"])
def test_half_a_list_is_not_written(tmp_path: Path, write: Callable[..., int]) -> None:
    """Where the list fails halfway, the file is as it was, and nothing is left beside it."""
    (tmp_path / "list").write_text("before", encoding="utf-8")
    with pytest.raises(StoreError):
        write(Failing(), tmp_path / "list")
    assert (tmp_path / "list").read_text(encoding="utf-8") == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["list"]


def test_long_lists_are_written_and_read(tmp_path: Path) -> None:
    """More than one page, and more than one batch."""
    entries = [
        Suppression(key=AddressKey(f"a{n}@example.org"), reason=Reason.BOUNCE, at=NOW)
        for n in range(5_500)
    ]
    there, back = MemoryStore(entries), MemoryStore()
    assert listfiles.write_csv(there, tmp_path / "list.csv") == 5_500
    assert listfiles.read_csv(tmp_path / "list.csv", back).added == 5_500
    assert listfiles.write_json_lines(back, tmp_path / "list.jsonl") == 5_500
