"""What every test may rely on: no real account, nothing beyond loopback, the same examples."""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.peers.sqlite_watch import before_opening, connections, traced

__all__ = ["before_opening", "connections", "traced"]  # fixtures

_NO_ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
for _name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[_name]
os.environ.update(_NO_ACCOUNT)

# A slow machine is no failure, and a failure here is the same failure there.
settings.register_profile(
    "tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")


def _is_loopback(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _keep_to_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook, since it sees every socket of every package."""
    host: object
    match event, arguments:
        case "socket.getaddrinfo", (host, *_):
            pass
        case "socket.connect" | "socket.sendto", (_, (host, *_)):
            pass
        case _:
            return
    if not _is_loopback(host):
        pytest.fail(f"A test tried to reach {host!r}: tests stay on loopback.")


sys.addaudithook(_keep_to_loopback)
