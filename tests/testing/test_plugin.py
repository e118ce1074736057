"""The fixtures that pytest has where sesguard is installed, each in a run of pytest's own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib.metadata import entry_points
from pathlib import Path

import pytest

HEAVY = "boto3 botocore hypothesis sesguard.simulator sesguard.events sesguard.errors"


class Suite:
    """
    Somebody's test-suite, on a machine with AWS credentials of its own.

    Args:
        folder: Where it is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, code: str, **environment: str) -> tuple[int, str]:
        """The exit status of pytest, and all that it said."""
        text = textwrap.dedent(code)
        (self._folder / "test_theirs.py").write_text(text, encoding="utf-8")
        machine = self._folder / "machine"
        machine.write_text(
            "[default]\naws_access_key_id = real\naws_secret_access_key = real\n"
            "region = eu-west-1\nretry_mode = adaptive\n",
            encoding="utf-8",
        )
        files = {"AWS_CONFIG_FILE": str(machine), "AWS_SHARED_CREDENTIALS_FILE": str(machine)}
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
            cwd=self._folder,
            env={**others, **files, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def passes(self, code: str, **environment: str) -> None:
        """All of its tests pass."""
        status, said = self.run(code, **environment)
        assert status == 0, said


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def test_pytest_finds_it() -> None:
    """What is installed says where the plugin is."""
    (found,) = entry_points(group="pytest11", name="sesguard")
    assert found.value == "sesguard.testing.plugin"


def test_it_imports_nothing_but_pytest() -> None:
    """To load the plugin loads neither boto3 nor the simulator, nor anything else that is heavy."""
    code = (
        "import sys, pytest; before = set(sys.modules); import sesguard.testing.plugin; "
        f"print(*sorted(set({HEAVY.split()}) & set(sys.modules))); "
        "print(*sorted(name for name in set(sys.modules) - before if 'sesguard' in name)); "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}"
        " - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, ours, packages = done.stdout.split("\n")[:3]
    assert heavy == ""
    assert ours == "sesguard sesguard.testing sesguard.testing.plugin"
    assert packages == "sesguard"


def test_a_run_that_does_not_use_it_loads_nothing(suite: Suite) -> None:
    """A suite in which no test asks for a fixture is spared boto3."""
    suite.passes(
        f"""
        import sys

        def test_nothing_is_loaded():
            assert "sesguard.testing.plugin" in sys.modules
            assert not set({HEAVY.split()}) & set(sys.modules)
        """
    )


def test_any_boto3_client_is_answered(suite: Suite) -> None:
    """What the application under test makes by itself is answered, in either API."""
    suite.passes(
        """
        import boto3

        def mail(service):
            client = boto3.client(service)
            if service == "sesv2":
                content = {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hi"}}}}
                return client.send_email(
                    FromEmailAddress="us@example.com",
                    Destination={"ToAddresses": ["ann@example.org"]},
                    Content=content,
                )
            return client.send_raw_email(
                RawMessage={"Data": "From: us@example.com\\r\\nTo: ann@example.org\\r\\n\\r\\nHi"}
            )

        def test_mail(ses):
            ids = [mail(service)["MessageId"] for service in ("ses", "sesv2")]
            assert [one.message_id for one in ses.outbox] == ids

        def test_the_next_test_has_another(ses):
            assert not ses.outbox
        """
    )


def test_the_machine_is_neither_seen_nor_changed(suite: Suite) -> None:
    """Credentials, region and files are none of the machine's, and are its own again after."""
    suite.passes(
        """
        import os
        import boto3

        def seen():
            session = boto3.Session()
            return session.get_credentials().access_key, session.region_name

        def test_before():
            assert seen() == ("real", "eu-west-1")
            boto3.setup_default_session()
            boto3.client("sqs")

        def test_meanwhile(ses):
            assert seen() == ("testing", "us-east-1")
            assert "AWS_PROFILE" not in os.environ
            assert "AWS_ROLE_ARN" not in os.environ
            client = boto3.client("sqs")
            assert client._request_signer._credentials.access_key == "testing"
            assert boto3.client("sesv2").meta.region_name == "us-east-1"

        def test_after():
            assert seen() == ("real", "eu-west-1")
            assert os.environ["AWS_ROLE_ARN"] == "mine"
            client = boto3.client("sqs")
            assert client._request_signer._credentials.access_key == "real"
            assert client.meta.config.retries["mode"] == "adaptive"
        """,
        AWS_ROLE_ARN="mine",
    )


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "cn-north-1"])
def test_a_client_that_was_made_before_reaches_nobody(suite: Suite, region: str) -> None:
    """A module's own client is not answered, and the test is told so before anything leaves."""
    suite.passes(
        f"""
        import boto3
        import pytest
        from sesguard.errors import ConfigurationError

        sesv2, v1 = boto3.client("sesv2", "{region}"), boto3.client("ses", "{region}")

        def test_it_is_told(ses):
            for read in (sesv2.get_account, v1.get_send_quota):
                with pytest.raises(ConfigurationError, match="made before the fixture ses"):
                    read()
        """
    )


def test_other_services_are_left_alone(suite: Suite) -> None:
    """A request to another endpoint goes where it should."""
    suite.passes(
        """
        import socket
        import boto3
        import pytest
        from botocore.config import Config
        from botocore.exceptions import EndpointConnectionError

        def test_it_goes_there(ses):
            with socket.socket() as deaf:
                deaf.bind(("127.0.0.1", 0))
                url = "http://127.0.0.1:%d" % deaf.getsockname()[1]
                once = Config(retries={"total_max_attempts": 1})
                client = boto3.client("sqs", endpoint_url=url, config=once)
                with pytest.raises(EndpointConnectionError):
                    client.list_queues()
        """
    )


def test_feedback_of_any_kind_is_made(suite: Suite) -> None:
    """The fixture is the function of `sesguard.testing`, which other runners have too."""
    suite.passes(
        """
        from sesguard import parse_event
        from sesguard.testing import sample

        def test_a_bounce(ses_event):
            assert ses_event is sample
            event = parse_event(ses_event("Bounce", envelope="sqs", recipients="a@example.org"))
            assert event.recipients[0].key == "a@example.org"
        """
    )


def test_it_can_be_left_out(suite: Suite) -> None:
    """By the usual option, under its own name."""
    status, said = suite.run("def test_mail(ses): pass", PYTEST_ADDOPTS="-p no:sesguard")
    assert status == 1
    assert "fixture 'ses' not found" in said
