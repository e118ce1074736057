"""Suppression lists that are well, whose files are not, and whose functions fail."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import moto

from sesguard import Reason, listfiles, stores, suppression, testing
from tests.canary.mails import WRONG_TEXTS
from tests.canary.material import (
    ADDRESS,
    FOREIGN,
    KEY,
    NOW,
    SAID,
    SECRET,
    Foreign,
    entry,
    failing_later,
    letter,
    once,
    session,
)
from tests.canary.sends import guarded
from tests.canary.watch import Watch
from tests.peers.http import Answer, HTTPPeer

__all__ = ["SCENARIOS", "Told", "exercised", "kept"]


class Told:
    """
    Functions of a user's that keep a list.

    Args:
        fails: Which of them fails.

        answer: What the others answer.
    """

    def __init__(self, *, fails: str = "", answer: object = True) -> None:
        self._fails = fails
        self._answer: Any = answer

    def _do(self, what: str) -> Any:
        if what == self._fails:
            raise Foreign
        return self._answer

    def store(self, **options: Any) -> stores.FunctionStore:
        """A store over them."""
        return stores.FunctionStore(
            look_up=lambda key: self._do("look_up"),
            suppress=lambda entry: self._do("suppress"),
            release=lambda key: self._do("release"),
            **options,
        )


def exercised(watch: Watch, store: Any) -> None:
    """Call every method of a store, with good and bad arguments."""
    release = suppression.Release(key=KEY, reason=Reason.BOUNCE, at=NOW)
    count = suppression.CountSoftBounce(
        key=KEY, at=NOW, limit=1, window=timedelta(days=1), address=ADDRESS, detail=SAID
    )
    changes = [suppression.Suppress(suppression=entry()), release, count]
    watch.value([store, changes, suppression.Ignore(why="it is none")])
    watch.ask(partial(store.suppress, ADDRESS, Reason.MANUAL, detail=SAID, scope="stream:news"))
    for wrong in [*WRONG_TEXTS[:8], 7, FOREIGN]:
        watch.ask(store.suppress, wrong)
    for options in ({"scope": ADDRESS}, {"reason": ADDRESS}, {"expires_at": FOREIGN}):
        watch.ask(partial(store.suppress, ADDRESS, **options))
    for batch in ([("Bounce:1", changes)], [("Bounce:2", [ADDRESS])], [(None, [FOREIGN])]):
        watch.ask(store.apply, batch)
    undated = dataclasses.replace(entry(), at=NOW.replace(tzinfo=None))
    for given in ([entry()], [ADDRESS], [undated]):
        watch.ask(store.add, given)
    for keys in ([KEY], ADDRESS, [7]):
        for scopes in ((), ["stream:news"], [ADDRESS]):
            watch.ask(store.look_up, keys, scopes)
    watch.ask(store.entries)
    for limit in (1, 0):
        watch.ask(partial(store.entries, limit=limit))
    watch.ask(store.entries, ADDRESS)
    guarded(watch, [letter()], suppression=store)
    watch.ask(store.remove, [KEY], ADDRESS)
    watch.ask(store.remove, [KEY, f"1{KEY}"])
    for ask in (getattr(store, name, None) for name in ("export", "erase")):
        if ask is not None:  # a store over functions of a user's has neither
            watch.ask(ask, ADDRESS)
            watch.ask(ask, SAID)
    with store:
        watch.value(store)
    watch.ask(store.close)


def kept(watch: Watch, store: Any) -> None:
    """Call what a store of our own has beside the port, and then the rest."""
    watch.ask(store.suppress, ADDRESS)
    for given in (ADDRESS, *WRONG_TEXTS[:4], FOREIGN):
        watch.ask(store.export, given)
        watch.ask(store.erase, given)
    exercised(watch, store)


def lists(watch: Watch, folder: Path) -> None:
    """Lists in memory and in files, some of which are damaged, somebody else's, or gone."""
    clock = testing.ManualClock(NOW)
    kept(watch, stores.MemoryStore([entry()], clock=clock))
    kept(watch, stores.SQLiteStore(folder / "list.db", clock=clock))
    kept(watch, stores.SQLiteStore(folder / "hashed.db", hashed_with=b"p" * 32, clock=clock))
    wrong: list[Any] = [SAID, {SAID: b"p" * 32}, SAID.encode()[:8], {"1": SAID}]
    for peppers in wrong:
        watch.ask(partial(stores.MemoryStore, hashed_with=peppers))
    broken, other, gone = folder / "broken.db", folder / "other.db", folder / "gone.db"
    broken.write_text(SAID * 1000)
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE users (email TEXT)")
    lost = stores.SQLiteStore(gone, clock=clock)
    lost.suppress(ADDRESS)
    gone.unlink()
    for store in (lost, *map(stores.SQLiteStore, (broken, other, folder / "none" / "list.db"))):
        exercised(watch, store)
    watch.ask(stores.SQLiteStore, ":memory:")
    exercised(watch, Told().store(bookkeeping=stores.SQLiteStore(broken)))


def lists_of_functions(watch: Watch, folder: Path) -> None:
    """Lists that functions of a user's keep, which fail or answer nonsense."""
    clock = testing.ManualClock(NOW)
    for answer in (True, False, entry(), FOREIGN, [ADDRESS]):
        exercised(watch, Told(answer=answer).store(clock=clock))
    for fails in ("look_up", "suppress", "release"):
        exercised(watch, Told(fails=fails).store(clock=clock))
    exercised(watch, stores.FunctionStore(look_up=lambda key: True, suppress=failing_later))


def lists_in_layers(watch: Watch, folder: Path) -> None:
    """Several lists as one, one of which is broken."""
    (folder / "broken.db").write_text(SAID * 1000)
    broken = stores.SQLiteStore(folder / "broken.db")
    for layers in ((stores.MemoryStore([entry()]),), (stores.MemoryStore(), broken)):
        kept(watch, stores.LayeredStore(*layers))
    wrongs: list[Any] = [(), (FOREIGN,), (SAID,)]
    for wrong in wrongs:
        watch.ask(stores.LayeredStore, *wrong)


def lists_in_files(watch: Watch, folder: Path) -> None:
    """Files of lists that are well, and that hold what nobody can read."""
    store = stores.MemoryStore([entry()])
    foreign: Any = {SAID: FOREIGN}
    for write, read in (
        (listfiles.write_csv, listfiles.read_csv),
        (listfiles.write_json_lines, listfiles.read_json_lines),
    ):
        file = folder / "list"
        watch.ask(write, store, file)
        watch.ask(read, file, stores.MemoryStore())
        watch.ask(partial(read, file, store, address=SAID, reasons=foreign))
        file.write_text(f'address,reason\n{SAID},BOUNCE\n{ADDRESS},{SAID}\n"{SAID}')
        watch.ask(read, file, store)
        file.write_text(f'{{"address": "{ADDRESS}", "reason": "{SAID}"}}\n{{"{SAID}')
        watch.ask(read, file, store)
        watch.ask(partial(read, file, store, address=SAID))


def lists_in_dynamodb(watch: Watch, folder: Path) -> None:
    """Lists in tables that are well, damaged, somebody else's, or not there."""
    clock = testing.ManualClock(NOW)
    with moto.mock_aws():
        client = session().client("dynamodb")

        def opened(table: str, **options: Any) -> stores.DynamoDBStore:
            store = stores.DynamoDBStore(table, boto3_client=client, clock=clock, **options)
            watch.ask(store.create_table)
            watch.ask(store.verify)
            return store

        exercised(watch, opened("well"))
        exercised(watch, opened("well", hashed_with=SECRET.encode() * 32))
        exercised(watch, opened("hashed", hashed_with=SECRET.encode() * 32))
        exercised(watch, opened("hashed"))
        for id in (f"k#{KEY}", "m#Bounce:1", "about"):
            store = opened("damaged")
            client.put_item(TableName="damaged", Item={"id": {"S": id}, "text": {"S": SAID}})
            exercised(watch, store)
        exercised(watch, stores.DynamoDBStore("none", boto3_client=client, clock=clock))
        large = dataclasses.replace(entry(), detail=SAID * 40_000)
        watch.ask(opened("large").add, [large])


def lists_in_a_dynamodb_that_refuses(watch: Watch, folder: Path) -> None:
    """DynamoDB says what is in a request, is away, or answers nonsense."""
    said = {"__type": "x#AccessDeniedException", "message": SAID}
    answers: list[Any] = [
        Answer(400, said),
        Answer(400, {"__type": f"x#{SAID}", "message": SAID}),
        Answer(200, SAID),
        Answer(200, {"Responses": {ADDRESS: [SAID]}, "UnprocessedKeys": {}}),
        "reset_after_body",
    ]
    for answer in answers:
        with HTTPPeer(*[answer] * 60) as peer:
            client = once("dynamodb", peer.url)
            with stores.DynamoDBStore("t", boto3_client=client) as store:
                exercised(watch, store)
    make: Any = stores.DynamoDBStore
    for wrong in ("", ADDRESS):
        watch.ask(partial(make, boto3_client=FOREIGN, region_name=wrong), wrong)


SCENARIOS = [
    lists,
    lists_in_layers,
    lists_in_files,
    lists_of_functions,
    lists_in_dynamodb,
    lists_in_a_dynamodb_that_refuses,
]
