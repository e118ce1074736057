"""
The fixtures that pytest finds once sesguard is installed: ``ses``, ``ses_event``, ``sns_topic``.

Nothing but pytest is imported until a test asks for one. ``pytest -p no:sesguard`` does without.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sesguard.simulator import Simulator
    from sesguard.testing.events import MakeSample
    from sesguard.testing.sns import Topic

__all__ = ["ses", "ses_event", "sns_topic"]

_NO_ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "BOTO_CONFIG": os.devnull,
}


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """
    Amazon SES in this process, for every boto3 client that is made during the test.

    The environment holds no AWS setting of this machine meanwhile, and no file of it is read:
    clients of other services get credentials that open nothing. A client of SES that was made
    before, as a module's own, is not answered; a request of it is an error and goes nowhere.
    """
    from sesguard.simulator import Simulator
    from sesguard.testing._no_aws import keep_from_aws

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in _NO_ACCOUNT.items():
        monkeypatch.setenv(name, value)
    keep_from_aws(monkeypatch)
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def ses_event() -> MakeSample:
    """`sesguard.testing.events.sample`: what SES tells, of any kind, in any envelope, as text."""
    from sesguard.testing.events import sample

    return sample


@pytest.fixture
def sns_topic() -> Topic:
    """The topic of ``ses``, with a key of the test's own to sign by. Needs the ``sns`` extra."""
    from sesguard.testing.sns import Topic

    return Topic()
