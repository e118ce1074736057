"""Suppression lists in tables that are well, and that fail or hold what nobody can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sesguard import stores, testing
from tests.canary.lists import kept
from tests.canary.material import ADDRESS, FOREIGN, NOW
from tests.canary.watch import Watch

__all__ = ["SCENARIOS"]


def lists_in_tables(watch: Watch, folder: Path) -> None:
    """Lists in tables that are there, spoilt, or not there, and in a caller's transaction."""
    engine = sa.create_engine(f"sqlite:///{folder / 'lists.db'}")
    store = stores.SQLAlchemyStore(engine, clock=testing.ManualClock(NOW))
    kept(watch, store)
    watch.ask(store.create_tables)
    kept(watch, store)
    with engine.connect() as connection:
        kept(watch, store.within(connection))
    store.suppress(ADDRESS)
    with engine.begin() as connection:
        connection.execute(store.tables[0].update().values(reason=ADDRESS))
    kept(watch, store)
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, sa.create_engine("sqlite://")):
        watch.ask(stores.SQLAlchemyStore, wrong)
        watch.ask(store.within, wrong)
    away = sa.create_engine(f"sqlite:///{folder / 'none' / 'lists.db'}")
    lost = stores.SQLAlchemyStore(away)
    kept(watch, lost)
    watch.ask(lost.create_tables)
    for one in (engine, away):
        one.dispose()


SCENARIOS = [lists_in_tables]
