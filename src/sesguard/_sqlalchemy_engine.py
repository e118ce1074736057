"""An engine of the caller's: which one will do, and what goes wrong with it, in our words."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sesguard.errors import ConfigurationError, MissingExtraError, StoreError

try:
    import sqlalchemy as sa
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import SingletonThreadPool, StaticPool
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = ["check_connections", "failing"]


def check_connections(engine: sa.Engine, *, instead: str) -> None:
    """
    Check that each use has a connection of its own.

    Args:
        instead: What to use, as the end of a message.

    Raises:
        ConfigurationError: All uses have one and the same.
    """
    if isinstance(engine.pool, SingletonThreadPool | StaticPool):
        raise ConfigurationError(
            "engine= has one connection for all, as an SQLite database in memory has, so "
            f"transactions of the caller's would be committed with ours. {instead}"
        )


@contextmanager
def failing(what: str, made_by: str) -> Generator[None, None, None]:
    """
    Turn what SQLAlchemy raises into our error.

    Args:
        what: The table, as the beginning of a message.

        made_by: The call that makes it.

    Raises:
        StoreError: The database failed.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(
            f"{what} cannot be used ({type(error).__name__}): see that the database can be "
            f"reached and written to, and that the table is there: {made_by} makes it.",
            original=error,
        ) from None
