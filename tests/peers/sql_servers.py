"""Database servers of a test's own, on a free port of loopback, with nothing kept."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from glob import glob
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

__all__ = ["MariaDB", "PostgreSQL", "SQLServer", "need", "running"]

_PATIENCE = 60.0  # seconds that a busy machine may take to start or stop one
_RUNNERS = ("postgres", "mysql", "nobody")


class SQLServer:
    """
    A server that can be killed and started again, with its databases.

    Attributes:
        folder: Where it keeps them.

        port: Where it listens on 127.0.0.1.

        url: What SQLAlchemy reaches it by, but for the database.
    """

    programs: tuple[str, ...] = ()
    driver = ""
    package = ""
    scheme = ""
    administrative = ""

    def __init__(self, folder: Path) -> None:
        self.folder: Path = folder
        self.port: int = _free_port()
        self.url: str = f"{self.scheme}@127.0.0.1:{self.port}/"
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count()
        self._run(self.making())

    @classmethod
    def is_installed(cls) -> bool:
        """Whether its programs are on this machine."""
        return all(map(_found, cls.programs))

    def making(self) -> list[str]:
        """The command that makes its files."""
        raise NotImplementedError

    def serving(self) -> list[str]:
        """The command that it is."""
        raise NotImplementedError

    def engine(self, database: str, **options: Any) -> sa.Engine:
        """A new engine."""
        return sa.create_engine(self.url + database, **options)

    def new_database(self) -> str:
        """The name of a new and empty database."""
        name = f"kept_{next(self._numbers)}"
        self.administer(f"CREATE DATABASE {name}")
        return name

    def log_so_far(self) -> str:
        """How far the server's log was written, for `written_to`."""
        return ""

    def written_to(self, database: str, begins: str) -> bytes:
        """What files of the database, and of the server's log since *begins*, have in them."""
        raise NotImplementedError

    def ask(self, question: str) -> str:
        """The server's answer to a question of one value."""
        engine = self.engine(self.administrative, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                return str(connection.exec_driver_sql(question).scalar())
        finally:
            engine.dispose()

    def administer(self, statement: str) -> None:
        """Have the server do something that is no part of a transaction."""
        engine = self.engine(self.administrative, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(statement)
        finally:
            engine.dispose()

    def start(self) -> None:
        """Start it and wait until it answers; does nothing while it runs."""
        if self._process is not None:
            return
        process = self._process = _started(self.serving())
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            if process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"{self.programs[-1]} did not start on port {self.port}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it, by its own pid; does nothing where it is stopped."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _answers(self) -> bool:
        try:
            self.administer("SELECT 1")
        except SQLAlchemyError:  # not listening yet
            return False
        return True

    def _run(self, command: list[str]) -> None:
        with _started(command) as process:
            if process.wait():
                raise RuntimeError(f"{' '.join(command)} failed")


class PostgreSQL(SQLServer):
    """PostgreSQL from 15, from Debian."""

    programs = ("initdb", "postgres")
    driver = "psycopg"
    package = "postgresql"
    scheme = "postgresql+psycopg://postgres"
    administrative = "postgres"

    def making(self) -> list[str]:
        # An order of letters such as people have, and not the one of their numbers.
        order = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en"]
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", *order]
        return [_found("initdb"), "-D", str(self.folder), *options]

    def serving(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "deadlock_timeout": "100ms",
        }
        told = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [_found("postgres"), "-D", str(self.folder), *told]

    def log_so_far(self) -> str:
        return self.ask("SELECT pg_current_wal_insert_lsn()")

    def written_to(self, database: str, begins: str) -> bytes:
        self.administer("CHECKPOINT")
        oid = self.ask(f"SELECT oid FROM pg_database WHERE datname = '{database}'")
        files = (self.folder / "base" / oid).iterdir()
        return self._log(begins) + b"".join(one.read_bytes() for one in files)

    def _log(self, begins: str) -> bytes:
        """What is in the log from there to here. Behind that are older logs, to be written over."""
        (first, skipped), (last, used) = (
            self.ask(f"SELECT pg_walfile_name_offset('{at}')::text").strip("()").split(",")
            for at in (begins, self.log_so_far())
        )
        log = sorted(one for one in (self.folder / "pg_wal").iterdir() if first <= one.name <= last)
        unused = log[-1].stat().st_size - int(used)
        return b"".join(one.read_bytes() for one in log)[int(skipped) : -unused]


class MariaDB(SQLServer):
    """MariaDB, from Debian."""

    programs = ("mariadb-install-db", "mariadbd")
    driver = "pymysql"
    package = "mariadb-server"
    scheme = "mysql+pymysql://tests:tests"
    administrative = "mysql"

    def making(self) -> list[str]:
        options = ["--no-defaults", "--auth-root-authentication-method=normal"]
        return [_found("mariadb-install-db"), *options, f"--datadir={self.folder}"]

    def serving(self) -> list[str]:
        first = self.folder / "first.sql"
        first.write_text(
            "CREATE USER IF NOT EXISTS tests@'127.0.0.1' IDENTIFIED BY 'tests';\n"
            "GRANT ALL ON *.* TO tests@'127.0.0.1' WITH GRANT OPTION;\n",
            encoding="utf-8",
        )
        first.chmod(0o644)
        return [
            _found("mariadbd"),
            "--no-defaults",
            f"--datadir={self.folder}",
            f"--port={self.port}",
            f"--socket={self.folder / 's'}",
            f"--pid-file={self.folder / 'pid'}",
            f"--init-file={first}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-buffer-pool-size=32M",
        ]

    def written_to(self, database: str, begins: str) -> bytes:
        self.administer("SET GLOBAL innodb_max_dirty_pages_pct = 0")
        until = time.monotonic() + _PATIENCE
        dirty = "SELECT variable_value FROM information_schema.global_status WHERE "
        while self.ask(f"{dirty} variable_name = 'INNODB_BUFFER_POOL_PAGES_DIRTY'") != "0":
            assert time.monotonic() < until, "MariaDB keeps its pages to itself"
            time.sleep(0.05)
        return b"".join(one.read_bytes() for one in (self.folder / database).iterdir())


def need(kind: type[SQLServer]) -> None:
    """Skip the test where no such server is installed, or no driver for it."""
    pytest.importorskip(kind.driver)
    if not kind.is_installed():
        pytest.skip(f"{kind.programs[-1]} is not installed: Debian has it in {kind.package}")


@contextmanager
def running(kind: type[SQLServer]) -> Generator[SQLServer, None, None]:
    """A server for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="sql-") as made:
        folder = Path(made)
        if os.getuid() == 0:  # no server of these runs as root
            os.chown(folder, *_runner())
        server = kind(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGTERM if kind is MariaDB else signal.SIGINT)


def _found(program: str) -> str:
    """Debian keeps those of PostgreSQL where PATH does not look."""
    places = [shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")]
    places += sorted(glob(f"/usr/lib/postgresql/*/bin/{program}"))
    return next((one for one in places if one), "")


def _runner() -> tuple[int, int]:
    """Of the users that servers run as, one that is there."""
    for name in _RUNNERS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return found.pw_uid, found.pw_gid
    raise RuntimeError("there is no user that a server could run as")


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    """As another user where this one is root, and with nothing said."""
    user, group = _runner() if os.getuid() == 0 else (None, None)
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        user=user,
        group=group,
        extra_groups=None if user is None else [],
    )


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
