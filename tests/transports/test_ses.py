"""The API transport: what it asks for, its client, and the moment of the handover."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Mapping
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError, ReadTimeoutError

from sesguard import Attachment, Email, Template, errors, transports
from sesguard._one_per_process import OnePerProcess
from sesguard.mail import ListManagement
from sesguard.ports import Handover, Transport
from sesguard.transports import SESTransport
from sesguard.transports.ses_client import SESClient
from sesguard.transports.ses_request import send_email_request
from tests.peers.http import HTTPPeer, deaf_port, taken

ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})
HERE: dict[str, Any] = {"sender": "shop@example.org", "to": "ann@example.org", "subject": "Hello"}
EMAIL = Email(sender="shop@example.org", to="ann@example.org", subject="Hello", text="Hello")


@cache
def session() -> Session:
    return Session()


def boto3_client(service: str = "sesv2", **options: Any) -> Any:
    return cast("Any", session()).client(service, **options)


def no_handover() -> None:
    """For submits of which the moment does not matter."""


def request_of(email: Email) -> dict[str, Any]:
    """What is asked for, once boto3 itself has found it to fit SES's model."""
    with (
        HTTPPeer() as peer,
        SESTransport(boto3_session=session(), endpoint_url=peer.url) as transport,
    ):
        transport.submit(email, no_handover)
        asked = peer.requests[0].json()
    assert set(asked) == set(send_email_request(email))
    return cast("dict[str, Any]", asked)


def raw_of(request: Mapping[str, Any]) -> EmailMessage:
    data = request["Content"]["Raw"]["Data"]
    return message_from_bytes(data, policy=policy.default)


def test_the_folder_names_what_is_in_it() -> None:
    """Each transport is loaded when it is first asked for; there is no other."""
    assert dir(transports) == ["SESTransport", "SMTPTransport"]
    with pytest.raises(AttributeError, match="no attribute 'Pigeon'"):
        transports.Pigeon  # noqa: B018


# What is asked for.


def test_a_plain_mail_is_simple_content() -> None:
    """Sender, recipients, subject and body, and nothing that the e-mail does not say."""
    assert request_of(EMAIL) == {
        "FromEmailAddress": "shop@example.org",
        "Destination": {"ToAddresses": ["ann@example.org"]},
        "Content": {
            "Simple": {
                "Subject": {"Data": "Hello"},
                "Body": {"Text": {"Data": "Hello", "Charset": "UTF-8"}},
            }
        },
    }


def test_all_that_an_email_says_is_asked_for() -> None:
    """Each field has its place among SES's parameters."""
    email = Email(
        sender="Jürgen <shop@example.org>",
        to=["Ann <ann@example.org>", "bob@example.org"],
        cc="cid@example.org",
        bcc="dee@example.org",
        reply_to='"Doe, Jane" <help@example.org>',
        subject="Grüße",
        text="Text",
        html="<p>HTML</p>",
        headers={"X-Ours": "1"},
        tags={"kind": "order"},
        configuration_set="orders",
        return_path="bounces@example.org",
        list_unsubscribe="https://example.org/u",
        list_management=ListManagement("friends", "news"),
        tenant="acme",
        stream="news",
        charset="iso-8859-1",
    )
    assert request_of(email) == {
        "FromEmailAddress": "=?utf-8?q?J=C3=BCrgen?= <shop@example.org>",
        "Destination": {
            "ToAddresses": ["Ann <ann@example.org>", "bob@example.org"],
            "CcAddresses": ["cid@example.org"],
            "BccAddresses": ["dee@example.org"],
        },
        "ReplyToAddresses": ['"Doe, Jane" <help@example.org>'],
        "FeedbackForwardingEmailAddress": "bounces@example.org",
        "EmailTags": [
            {"Name": "kind", "Value": "order"},
            {"Name": "sesguard-stream", "Value": "news"},
        ],
        "ConfigurationSetName": "orders",
        "TenantName": "acme",
        "ListManagementOptions": {"ContactListName": "friends", "TopicName": "news"},
        "Content": {
            "Simple": {
                "Subject": {"Data": "Grüße", "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": "Text", "Charset": "ISO-8859-1"},
                    "Html": {"Data": "<p>HTML</p>", "Charset": "ISO-8859-1"},
                },
                "Headers": [
                    {"Name": "X-Ours", "Value": "1"},
                    {"Name": "List-Unsubscribe", "Value": "<https://example.org/u>"},
                    {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                ],
            }
        },
    }


def test_a_contact_list_may_be_without_a_topic() -> None:
    """What is not given is not asked for."""
    email = Email(**HERE, text="Hello", list_management=ListManagement("friends"))
    assert request_of(email)["ListManagementOptions"] == {"ContactListName": "friends"}


def test_attachments_are_simple_content_too() -> None:
    """Files and images go along as they are; a message in a message is never in base64."""
    email = Email(
        **HERE,
        html="<img src='cid:logo@example.org'>",
        attachments=[
            Attachment("a.pdf", b"%PDF"),
            Attachment("logo.png", b"\x89PNG", content_id="logo@example.org"),
            Attachment("a.eml", b"Subject: x\r\n\r\n", "message/rfc822"),
        ],
    )
    common = {"ContentDisposition": "ATTACHMENT", "ContentTransferEncoding": "BASE64"}
    assert request_of(email)["Content"]["Simple"]["Attachments"] == [
        common | {"FileName": "a.pdf", "RawContent": "JVBERg==", "ContentType": "application/pdf"},
        common
        | {
            "FileName": "logo.png",
            "RawContent": "iVBORw==",
            "ContentType": "image/png",
            "ContentId": "logo@example.org",
            "ContentDisposition": "INLINE",
        },
        common
        | {
            "FileName": "a.eml",
            "RawContent": "U3ViamVjdDogeA0KDQo=",
            "ContentType": "message/rfc822",
            "ContentTransferEncoding": "SEVEN_BIT",
        },
    ]


def test_an_image_without_html_is_a_file() -> None:
    """Where nothing shows it, it is listed."""
    image = Attachment("logo.png", b"x", content_id="logo@example.org")
    simple = request_of(Email(**HERE, text="Hello", attachments=[image]))["Content"]["Simple"]
    assert simple["Attachments"][0]["ContentDisposition"] == "ATTACHMENT"


@pytest.mark.parametrize(
    "more",
    [
        {"attachments": [Attachment("a.pdf", b"%PDF")]},
        {"text": "Hello", "headers": {f"X-{number}": "1" for number in range(16)}},
        {"text": "Hello", "charset": "koi8-r"},
        {"text": "Hello", "attachments": [Attachment("Übersicht.pdf", b"%PDF")]},
    ],
    ids=["no body", "16 headers", "a charset that SES does not name", "a name beyond ASCII"],
)
def test_what_simple_content_cannot_say_is_raw(more: dict[str, Any]) -> None:
    """The MIME is ours then: without Bcc, and with the Reply-To line in it alone."""
    email = Email(
        **HERE, **more, bcc="secret@example.org", reply_to="help@example.org", tags={"a": "b"}
    )
    request = send_email_request(email)
    message = raw_of(request)
    assert (message["To"], message["Reply-To"]) == ("ann@example.org", "help@example.org")
    assert message["Bcc"] is None
    assert b"secret@example.org" not in request["Content"]["Raw"]["Data"]
    assert request["Destination"]["BccAddresses"] == ["secret@example.org"]
    assert "ReplyToAddresses" not in request
    assert request["EmailTags"] == [{"Name": "a", "Value": "b"}]
    assert "X-SES-MESSAGE-TAGS" not in message
    assert list(request_of(email)["Content"]) == ["Raw"]


def test_a_template_is_filled_in_by_ses() -> None:
    """Name and data go along, with headers, files and Reply-To beside them."""
    email = Email(
        sender="shop@example.org",
        to="ann@example.org",
        template=Template("welcome", {"name": "Ann"}),
        headers={"X-Ours": "1"},
        reply_to="help@example.org",
        attachments=[Attachment("logo.png", b"x", content_id="logo@example.org")],
    )
    request = request_of(email)
    content = request["Content"]["Template"]
    assert (content["TemplateName"], content["TemplateData"]) == ("welcome", '{"name":"Ann"}')
    assert content["Headers"] == [{"Name": "X-Ours", "Value": "1"}]
    assert content["Attachments"][0]["ContentDisposition"] == "INLINE"
    assert request["ReplyToAddresses"] == ["help@example.org"]


def test_a_template_has_no_room_for_more_headers_than_ses_takes() -> None:
    """Nothing else could carry them, so the error says how many there may be."""
    email = Email(
        sender="shop@example.org",
        to="ann@example.org",
        template=Template("welcome"),
        headers={f"X-{number}": "1" for number in range(16)},
    )
    with (
        deaf_port() as url,
        SESTransport(boto3_session=session(), endpoint_url=url) as transport,
        pytest.raises(errors.HeaderError, match="at most 15") as caught,
    ):
        transport.submit(email, no_handover)
    assert caught.value.field == "headers"


# The answer and the handover.


def test_the_receipt_has_both_ids() -> None:
    """SES's id of the mail and the request's."""
    with (
        HTTPPeer(taken("m-1")) as peer,
        SESTransport(boto3_session=session(), endpoint_url=peer.url) as transport,
    ):
        port: Transport = transport
        receipt = port.submit(EMAIL, no_handover)
    assert receipt.message_id == "m-1"
    assert receipt.request_id == "11111111-2222-3333-4444-555555555555"
    assert receipt.refused == {}


def test_the_handover_comes_before_the_request() -> None:
    """It is called once a submit, when nothing has been let go of."""
    with (
        HTTPPeer() as peer,
        SESTransport(boto3_session=session(), endpoint_url=peer.url) as transport,
    ):
        seen: list[tuple[int, int]] = []
        handover: Handover = lambda: seen.append((peer.connections, len(peer.requests)))  # noqa: E731
        transport.submit(EMAIL, handover)
        transport.submit(EMAIL, handover)
    assert seen == [(0, 0), (1, 1)]


def test_what_the_handover_raises_passes_through() -> None:
    """A send that was called off is not made, and the very exception comes out."""
    with (
        HTTPPeer() as peer,
        SESTransport(boto3_session=session(), endpoint_url=peer.url) as transport,
    ):
        called_off = errors.ServiceUnavailableError("Called off.")

        def handover() -> None:
            raise called_off

        with pytest.raises(errors.ServiceUnavailableError) as caught:
            transport.submit(EMAIL, handover)
        assert caught.value is called_off
        assert peer.connections == 0
        assert transport.submit(EMAIL, no_handover).message_id


def test_an_email_that_cannot_be_written_is_not_handed_over() -> None:
    """What is wrong with the e-mail itself is said before."""
    vast = Attachment("ü.bin", b"x" * (30 * 1024 * 1024))
    email = Email(**HERE, text="x" * (2 * 1024 * 1024), attachments=[vast])
    with (
        SESTransport(boto3_session=session()) as transport,
        pytest.raises(errors.MessageTooLargeError),
    ):
        transport.submit(email, lambda: pytest.fail("It was handed over."))


# Credentials and region.


def test_without_credentials_the_error_says_where_to_put_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No credentials, no request."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with HTTPPeer() as peer, SESTransport(endpoint_url=peer.url) as transport:
        with pytest.raises(errors.AuthenticationError, match="AWS_ACCESS_KEY_ID") as caught:
            transport.submit(EMAIL, no_handover)
        assert isinstance(caught.value.original, NoCredentialsError)
        assert caught.value.region == "us-east-1"
        assert peer.connections == 0


def test_half_of_the_credentials_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """They fail when the client is made; the class is the same."""
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with SESTransport() as transport, pytest.raises(errors.AuthenticationError):
        transport.submit(EMAIL, no_handover)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (ReadTimeoutError(endpoint_url="http://sts"), errors.ServiceUnavailableError),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole"),
            errors.AuthenticationError,
        ),
        (ValueError("a provider of somebody's own"), errors.AuthenticationError),
    ],
    ids=["time-out", "refused", "other"],
)
def test_credentials_are_fetched_before_the_handover(
    fault: Exception, kind: type[errors.SendError]
) -> None:
    """A provider that fails, or hangs until the deadline, leaves the mail certainly unsent."""
    own = Session(region_name="eu-west-1")

    def refresh() -> dict[str, str]:
        raise fault

    from botocore.credentials import DeferredRefreshableCredentials

    cast("Any", own)._session._credentials = DeferredRefreshableCredentials(refresh, "test")
    with HTTPPeer() as peer, SESTransport(boto3_session=own, endpoint_url=peer.url) as transport:
        with pytest.raises(kind) as caught:
            transport.submit(EMAIL, lambda: pytest.fail("It was handed over."))
        assert (caught.value.outcome, caught.value.region) == ("not_sent", "eu-west-1")
        assert peer.connections == 0


def test_without_a_region_the_error_names_the_cures(monkeypatch: pytest.MonkeyPatch) -> None:
    """SES is asked by region; none is a matter of configuration."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with (
        SESTransport() as transport,
        pytest.raises(
            errors.ConfigurationError, match=r"region_name=.*AWS_DEFAULT_REGION.*profile"
        ),
    ):
        transport.submit(EMAIL, no_handover)


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ({"endpoint_url": "nowhere"}, {}),
        ({"region_name": "in valid"}, {}),
        ({}, {"AWS_PROFILE": "missing"}),
    ],
)
def test_options_that_boto3_refuses_are_a_matter_of_configuration(
    options: dict[str, Any], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint, a region or a profile that is none."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with (
        SESTransport(**options) as transport,
        pytest.raises(errors.ConfigurationError, match="could not make a client"),
    ):
        transport.submit(EMAIL, no_handover)


def test_a_request_that_boto3_cannot_build_was_not_sent() -> None:
    """A configuration that botocore finds fault with at the call is no unknown outcome."""
    config = ONCE.merge(Config(signature_version="v0"))
    client = boto3_client(endpoint_url="http://127.0.0.1:9", config=config)
    with (
        SESTransport(boto3_client=client) as transport,
        pytest.raises(errors.ConfigurationError, match="nothing was sent"),
    ):
        transport.submit(EMAIL, no_handover)


def test_what_nobody_foresaw_is_unknown() -> None:
    """An exception of a hook, or of a future botocore, may come after the mail went out."""
    client = boto3_client(endpoint_url="http://127.0.0.1:9", config=ONCE)

    def hook(**_: object) -> None:
        raise RuntimeError("secret")

    client.meta.events.register("before-send.sesv2.SendEmail", hook)
    with SESTransport(boto3_client=client) as transport:
        with pytest.raises(errors.OutcomeUnknownError) as caught:
            transport.submit(EMAIL, no_handover)
        assert isinstance(caught.value.original, RuntimeError)
        assert caught.value.original_type == "RuntimeError"
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("method", ["submit", "quota"])
def test_an_error_of_ours_in_a_hook_is_left_alone(method: str) -> None:
    """Whoever raises one in botocore's events means it."""
    client = boto3_client(endpoint_url="http://127.0.0.1:9", config=ONCE)
    fenced = errors.FencedError("Not from here.")

    def hook(**_: object) -> None:
        raise fenced

    client.meta.events.register("before-call.sesv2", hook)
    with SESTransport(boto3_client=client) as transport:
        arguments = (EMAIL, no_handover) if method == "submit" else ()
        with pytest.raises(errors.FencedError) as caught:
            getattr(transport, method)(*arguments)
        assert caught.value is fenced


# The client.


@pytest.mark.parametrize(
    "retries",
    [
        None,
        {"mode": "standard"},
        {"mode": "adaptive", "total_max_attempts": 2},
        {"mode": "legacy", "max_attempts": 1},
    ],
)
def test_a_client_that_repeats_sends_is_refused(retries: Any) -> None:
    """The error says what the client must be made with, and how to insist."""
    client = boto3_client(config=Config(retries=retries))
    with pytest.raises(errors.ConfigurationError, match=r"'total_max_attempts': 1.*allow_client"):
        SESTransport(boto3_client=client)
    SESTransport(boto3_client=client, allow_client_retries=True)


@pytest.mark.parametrize(
    "retries", [{"mode": "legacy", "max_attempts": 0}, {"total_max_attempts": 1}]
)
def test_a_client_that_repeats_nothing_is_taken(retries: Any) -> None:
    """However it says so. It is neither changed nor closed."""
    with HTTPPeer() as peer:
        client = boto3_client(endpoint_url=peer.url, config=Config(retries=retries))
        before = client.meta.config.__dict__.copy()
        with SESTransport(boto3_client=client) as transport:
            transport.submit(EMAIL, no_handover)
        assert client.meta.config.__dict__ == before
        assert client.send_email(**send_email_request(EMAIL))["MessageId"]
        assert peer.connections == 1


@pytest.mark.parametrize("client", ["ses", "sqs", object(), SESTransport])
def test_what_is_no_client_for_sesv2_is_refused(client: object) -> None:
    """A client for API v1 is the usual slip."""
    given = boto3_client(client, config=ONCE) if isinstance(client, str) else client
    with pytest.raises(errors.ConfigurationError, match="must be a client for 'sesv2'"):
        SESTransport(boto3_client=cast("Any", given))


@pytest.mark.parametrize(
    "options",
    [
        {"boto3_session": Session()},
        {"region_name": "eu-west-1"},
        {"endpoint_url": "http://127.0.0.1:9"},
        {"connect_timeout": 1.0},
        {"read_timeout": timedelta(seconds=1)},
        {"max_pool_connections": 1},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_client_brings_its_own(options: dict[str, Any]) -> None:
    """Options of our own client beside another one would be without effect."""
    with pytest.raises(
        errors.ConfigurationError, match=f"{next(iter(options))}= and boto3_client="
    ):
        SESTransport(boto3_client=boto3_client(config=ONCE), **options)


def test_retries_are_allowed_for_another_client_only() -> None:
    """A client of our own never repeats a send."""
    with pytest.raises(errors.ConfigurationError, match="never retries"):
        SESTransport(allow_client_retries=True)


@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout"])
@pytest.mark.parametrize("value", [0, -1.0, True, "5", timedelta(0), float("nan"), None])
def test_a_time_out_is_a_time(name: str, value: object) -> None:
    """Zero would mean never, to some; it is refused like the others."""
    options = cast("Any", {name: value})
    with pytest.raises(errors.ConfigurationError, match=f"{name}= must be"):
        SESTransport(**options)


def test_nothing_is_made_before_it_is_needed() -> None:
    """To build a transport needs neither region nor credentials, and makes no client."""
    made: list[None] = []

    class Counting(Session):
        def client(self, *args: Any, **kwargs: Any) -> Any:
            made.append(None)
            return cast("Any", super()).client(*args, **kwargs)

    with (
        HTTPPeer() as peer,
        SESTransport(boto3_session=Counting(), endpoint_url=peer.url) as transport,
    ):
        assert made == []
        transport.submit(EMAIL, no_handover)
        transport.close()
        assert made == [None]
        transport.submit(EMAIL, no_handover)
        assert made == [None, None]


def test_sixteen_threads_make_one_client() -> None:
    """All threads share the client that the first of them makes."""
    made: list[None] = []
    entered, go_on = threading.Event(), threading.Event()

    def make() -> SESClient:
        made.append(None)
        entered.set()
        assert go_on.wait(5)
        return cast("SESClient", boto3_client(config=ONCE))

    one = OnePerProcess(make)
    found: list[SESClient] = []
    threads = [threading.Thread(target=lambda: found.append(one.get())) for _ in range(16)]
    for thread in threads:
        thread.start()
    assert entered.wait(5)
    go_on.set()
    for thread in threads:
        thread.join(5)
    assert len(made) == 1
    assert len(found) == 16
    assert len(set(map(id, found))) == 1
    one.close()
    one.close()


_FORKING = textwrap.dedent(
    """
    import os, sys, threading
    from sesguard import Email
    from sesguard.transports import SESTransport
    from sesguard._one_per_process import OnePerProcess

    email = Email(sender="shop@example.org", to="ann@example.org", subject="", text="Hello")
    transport = SESTransport(endpoint_url=sys.argv[1])
    transport.submit(email, lambda: None)

    # Another thread is making a client, and so holds the lock, while this one forks.
    entered, go_on = threading.Event(), threading.Event()

    class Client:
        def close(self): pass

    def make():
        if os.getpid() == parent:
            entered.set()
            go_on.wait(10)
        return Client()

    parent = os.getpid()
    one = OnePerProcess(make)
    threading.Thread(target=one.get, daemon=True).start()
    entered.wait(10)
    child = os.fork()
    if child == 0:
        transport.submit(email, lambda: None)
        one.get()
        one.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    go_on.set()
    transport.submit(email, lambda: None)
    transport.close()
    """
)


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this system has no fork")
def test_after_a_fork_there_is_another_client(tmp_path: Path) -> None:
    """The child makes its own, even if a thread held the lock; the parent's connection stays."""
    with HTTPPeer() as peer:
        script = tmp_path / "forking.py"
        script.write_text(_FORKING)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(script), peer.url],
            timeout=30,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert len(peer.requests) == 3
        assert peer.connections == 2


def test_a_transport_closes_its_own_client_alone() -> None:
    """A child that closes what its parent made does not touch the parent's connections."""
    closed: list[None] = []

    class Client:
        def close(self) -> None:
            closed.append(None)

    one = OnePerProcess(lambda: cast("SESClient", Client()))
    mine = one.get()
    one._made = (-1, mine)
    one.close()
    assert closed == []
    one.get()
    one.close()
    assert closed == [None]


def test_the_agent_names_us_and_boto3() -> None:
    """AWS sees which library sends."""
    with (
        HTTPPeer() as peer,
        SESTransport(boto3_session=session(), endpoint_url=peer.url) as transport,
    ):
        transport.submit(EMAIL, no_handover)
        agent = peer.requests[0].headers["user-agent"]
    assert agent.startswith("Boto3/")
    assert " lib/sesguard Botocore/" in agent
