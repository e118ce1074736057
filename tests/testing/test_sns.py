"""Signed messages and forgeries, held against readers that were written by others or anew."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast, get_args
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors, events, parse_event, parse_events
from sesguard.simulator import Simulator
from sesguard.testing import ManualClock, sample
from sesguard.testing._sns_forger import Group
from sesguard.testing.sns import Authority, Forgery, Topic
from tests.peers.corpus import message_of, signed
from tests.testing.sns_reader import Refused, leniently, strictly, verified

ARN = "arn:aws:sns:eu-west-1:123456789012:feedback"
BOUNCE = sample("Bounce", envelope="none")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
VERSIONS = ("1", "2")


def topic(version: str = "1", **options: Any) -> Topic:
    return Topic(ARN, version=version, clock=ManualClock(NOW), **options)


def messages(one: Topic) -> dict[str, str]:
    return {
        "notification": one.notification(BOUNCE),
        "with subject": one.notification("Grüße\nzwei Zeilen", subject="Amazon SES"),
        "subscription": one.subscription_confirmation(),
        "unsubscription": one.unsubscribe_confirmation(),
    }


KINDS = list(messages(topic()))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_topic_signs_is_genuine(version: str, kind: str) -> None:
    """Both versions, all three types, by the certificate at the URL that the message names."""
    one = topic(version)
    body = messages(one)[kind]
    certificate = one.authority.fetch(json.loads(body)["SigningCertURL"])
    assert certificate == one.authority.certificate_pem("eu-west-1")
    assert certificate is not None
    assert json.loads(body)["SignatureVersion"] == version
    assert verified(body, certificate)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_any_character_counts(version: str, kind: str) -> None:
    """One changed in any signed field, and the signature does not hold."""
    one = topic(version)
    fields = json.loads(messages(one)[kind])
    certificate = one.authority.certificate_pem("eu-west-1")
    tried = 0
    for name in ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Token"):
        for place in range(0, len(fields.get(name, "")), 37):
            value = fields[name]
            changed = f"{value[:place]}{chr(ord(value[place]) ^ 1)}{value[place + 1 :]}"
            assert not verified(json.dumps({**fields, name: changed}), certificate)
            tried += 1
    assert tried > 4


@given(message=st.text(), subject=st.none() | st.text())
def test_any_text_can_be_signed(message: str, subject: str | None) -> None:
    one = topic()
    body = one.notification(message, subject=subject)
    assert verified(body, one.authority.certificate_pem("eu-west-1"))
    assert json.loads(body)["Message"] == message


def test_the_certificate_is_as_amazons() -> None:
    """Its name by the region's table, RSA of 2,048 bits, signed by the root, at a URL of SNS."""
    authority = Authority()
    root = x509.load_pem_x509_certificate(authority.root_pem)
    names = {
        "us-east-1": ("sns.us-east-1.amazonaws.com", "sns.amazonaws.com"),
        "eu-south-1": ("sns.eu-south-1.amazonaws.com", "sns-signing.eu-south-1.amazonaws.com"),
        "us-gov-east-1": ("sns.us-gov-east-1.amazonaws.com", "sns-us-gov-west-1.amazonaws.com"),
        "cn-north-1": ("sns.cn-north-1.amazonaws.com.cn", "sns-cn-north-1.amazonaws.com.cn"),
        "eusc-de-east-1": (
            "sns.eusc-de-east-1.amazonaws.eu",
            "sns-signing.eusc-de-east-1.amazonaws.eu",
        ),
    }
    for region, (host, name) in names.items():
        certificate = x509.load_pem_x509_certificate(authority.certificate_pem(region))
        assert certificate.subject.rfc4514_string() == f"CN={name}"
        key = certificate.public_key()
        assert isinstance(key, RSAPublicKey)
        assert key.key_size == 2048
        certificate.verify_directly_issued_by(root)
        pattern = rf"https://{re.escape(host)}/SimpleNotificationService-[0-9a-f]{{32}}\.pem"
        assert re.fullmatch(pattern, authority.certificate_url(region))


def test_it_says_which_extra_it_needs() -> None:
    """Where cryptography is not installed, the pip command is named."""
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from sesguard import errors, testing\n"
        "try: import sesguard.testing.sns\n"
        "except errors.MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'sesguard[sns]'" in done.stdout


@pytest.mark.parametrize(
    ("region", "name"),
    [
        ("us-east-1", "sns.amazonaws.com"),
        ("cn-north-1", "sns-cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_chain_holds(region: str, name: str) -> None:
    """For the root and the name that a verifier asks for, and for no other of both."""
    authority = Authority()
    leaf = x509.load_pem_x509_certificate(authority.certificate_pem(region))

    def checked(root: bytes, named: str) -> None:
        store = Store([x509.load_pem_x509_certificate(root)])
        policy = PolicyBuilder().store(store).time(datetime(2026, 3, 1))
        policy.build_server_verifier(x509.DNSName(named)).verify(leaf, [])

    checked(authority.root_pem, name)
    with pytest.raises(VerificationError):
        checked(authority.root_pem, "sns.example.com")
    with pytest.raises(VerificationError):
        checked(Authority("another").root_pem, name)


def test_threads_that_come_at_once_get_one_key() -> None:
    """Or one would sign by a key of which the other gives out no certificate."""
    name = str(uuid.uuid4())
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: Authority(name).certificate_pem("us-east-1"), range(2)))
    assert found[0] == found[1]


def test_it_gives_out_no_certificate_but_at_its_url() -> None:
    """And tells what it was asked for."""
    authority = Authority()
    url = authority.certificate_url("us-east-1")
    assert authority.fetch(f"{url}?x") is None
    assert authority.fetch(url) == authority.certificate_pem("us-east-1")
    assert authority.asked == [f"{url}?x", url]


def test_the_same_seed_gives_the_same_ids() -> None:
    """Keys are the process's own, so signatures are the same within it."""
    assert messages(topic(seed=1)) == messages(topic(seed=1))
    assert messages(topic(seed=1)) != messages(topic(seed=2))


@pytest.mark.parametrize(
    "options", [{"arn": "arn:aws:sqs:eu-west-1:1:q"}, {"arn": "x"}, {"version": "3"}]
)
def test_a_topic_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"arn=|version="):
        Topic(**options)
    with pytest.raises(errors.ConfigurationError, match="version="):
        Authority().sign(b"", "us-east-1", "3")


def test_sesguard_reads_them() -> None:
    """As what they are, and as Lambda gets them."""
    one = topic()
    found = messages(one)
    assert isinstance(parse_event(found["notification"]), events.Bounce)
    assert isinstance(parse_event(found["subscription"]), events.SubscriptionConfirmation)
    assert isinstance(parse_event(found["unsubscription"]), events.UnsubscribeConfirmation)
    (event,) = parse_events(one.lambda_event(found["notification"]))
    assert isinstance(event, events.Bounce)
    assert event.topic_arn == ARN


def test_lambda_spells_two_keys_otherwise() -> None:
    """And says null where there is no subject; the signature still holds."""
    one = topic()
    record = json.loads(one.lambda_event(one.notification("Hello")))["Records"][0]["Sns"]
    assert record["Subject"] is None
    assert {"SigningCertUrl", "UnsubscribeUrl"} <= record.keys()
    assert verified(json.dumps(record), one.authority.certificate_pem("eu-west-1"))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_fields_are_those_of_sns(version: str) -> None:
    """All as text, in SNS's order, the time to the millisecond."""
    found = {kind: json.loads(body) for kind, body in messages(topic(version)).items()}
    signed = ["Timestamp", "SignatureVersion", "Signature", "SigningCertURL"]
    begun = ["Type", "MessageId", "TopicArn"]
    assert list(found["notification"]) == [*begun, "Message", *signed, "UnsubscribeURL"]
    assert list(found["with subject"]) == [*begun, "Subject", "Message", *signed, "UnsubscribeURL"]
    for kind in ("subscription", "unsubscription"):
        begun = ["Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL"]
        assert list(found[kind]) == [*begun, *signed]
        assert re.fullmatch("[0-9a-f]{256}", found[kind]["Token"])
        assert found[kind]["SubscribeURL"] == (
            "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
            f"&TopicArn={ARN}&Token={found[kind]['Token']}"
        )
    for fields in found.values():
        assert fields["Timestamp"] == "2026-03-01T12:00:00.000Z"
        assert str(uuid.UUID(fields["MessageId"])) == fields["MessageId"]
        assert all(isinstance(value, str) for value in fields.values())


def test_headers_say_what_the_body_does() -> None:
    """The subscription's ARN is not there before there is a subscription."""
    one = topic()
    found = messages(one)
    for kind, known in (("notification", True), ("subscription", False)):
        headers, fields = one.headers(found[kind]), json.loads(found[kind])
        assert headers["x-amz-sns-message-type"] == fields["Type"]
        assert headers["x-amz-sns-message-id"] == fields["MessageId"]
        assert headers["x-amz-sns-topic-arn"] == ARN
        assert ("x-amz-sns-subscription-arn" in headers) is known
    subscription = one.headers(found["unsubscription"])["x-amz-sns-subscription-arn"]
    assert json.loads(found["notification"])["UnsubscribeURL"].endswith(f"={subscription}")
    assert f"deactivate subscription {subscription}.\n" in found["unsubscription"].replace(
        "\\n", "\n"
    )


def test_the_fixture_is_the_topic_of_the_simulator(sns_topic: Topic) -> None:
    """So that what an endpoint lists for the one is right for the other."""
    assert sns_topic.arn == Simulator().topic_arn


def test_attributes_are_told_and_not_signed() -> None:
    one = topic()
    body = one.notification("Hello", attributes={"kind": "test"})
    assert json.loads(body)["MessageAttributes"] == {"kind": {"Type": "String", "Value": "test"}}
    assert verified(body, one.authority.certificate_pem("eu-west-1"))


# --- forgeries


def judge(one: Topic, forgery: Forgery) -> None:
    strictly(
        forgery.body,
        forgery.headers,
        forgery.fetch,
        topic_arn=ARN,
        root=one.authority.root_pem,
        now=NOW,
    )


def forgeries() -> Iterator[Any]:
    for version in VERSIONS:
        one = topic(version)
        for kind, body in messages(one).items():
            for forgery in one.forgeries(body):
                yield pytest.param(one, forgery, id=f"{version} {kind}: {forgery.name}")


FORGERIES = list(forgeries())


@pytest.mark.parametrize(("one", "forgery"), FORGERIES)
def test_a_forgery_is_refused_for_its_reason(one: Topic, forgery: Forgery) -> None:
    """By a reader that takes every genuine message, and where the forgery says."""
    with pytest.raises(Refused) as refused:
        judge(one, forgery)
    assert str(refused.value) == forgery.group
    assert forgery.why
    asked = {urlsplit(url).hostname for url in forgery.asked}
    assert asked <= {"sns.eu-west-1.amazonaws.com"}, "and nobody else was asked"


@pytest.mark.parametrize(("one", "forgery"), FORGERIES)
def test_a_forgery_says_whether_its_signature_holds(one: Topic, forgery: Forgery) -> None:
    """Then it fools whoever looks at the signature alone, so it tests what else is looked at."""
    assert leniently(forgery.body, forgery.fetch) is forgery.signed


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_readers_take_what_is_genuine(version: str) -> None:
    one = topic(version)
    for body in messages(one).values():
        options: dict[str, Any] = {"root": one.authority.root_pem, "topic_arn": ARN, "now": NOW}
        strictly(body, one.headers(body), one.authority.fetch, **options)
        assert leniently(body, one.authority.fetch)


def test_there_are_forgeries_of_every_group() -> None:
    """More than 90 of each message, under names of their own."""
    one = topic()
    for body in messages(one).values():
        found = one.forgeries(body)
        assert len(found) > 90
        assert len({forgery.name for forgery in found}) == len(found)
        assert {forgery.group for forgery in found} == set(get_args(Group))


def test_a_forger_fools_who_asks_whatever_url_is_named() -> None:
    """The forger's words, signed, with the certificate where the message says that it is."""
    one = topic()
    found = [one for one in one.forgeries(one.notification(BOUNCE)) if one.group == "url"]
    assert len(found) > 20
    for forgery in found:
        fields = json.loads(forgery.body)
        assert fields["Message"] == "forged"
        assert forgery.fetch(fields["SigningCertURL"]) is not None
        assert forgery.asked == [fields["SigningCertURL"]]


def test_moved_text_is_what_sns_would_sign() -> None:
    """Somebody who may write a Message gets these signatures from SNS itself."""
    one, subject = topic(), "Amazon SES"
    body = one.notification("Hello", subject=subject)
    genuine = json.loads(body)
    moved = [forgery for forgery in one.forgeries(body) if " moved " in forgery.name]
    found = {forgery.name: json.loads(forgery.body) for forgery in moved}
    written = "Hello\nMessageId\nchosen\nSubject\nforged"
    signed = one.sign({**genuine, "Message": written})
    assert found["MessageId moved out of Message"]["Signature"] == signed["Signature"]
    assert found["Subject moved into MessageId"]["Signature"] == genuine["Signature"]
    written = (
        f"Hello\nMessageId\n{genuine['MessageId']}\nSubject\n{subject}\n"
        f"Timestamp\n{genuine['Timestamp']}\nTopicArn\n{ARN}\nType\nx"
    )
    signed = one.sign({**genuine, "Message": written, "TopicArn": f"{ARN}-evil"})
    assert found["our topic moved out of Message"]["Signature"] == signed["Signature"]


# --- outside judges


class CertificatesOf:
    """Stands for the HTTP session of a validator."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def get(self, url: str) -> SimpleNamespace:
        return SimpleNamespace(content=self._authority.fetch(url))


@pytest.mark.parametrize("kind", KINDS)
def test_a_python_validator_takes_version_1(kind: str) -> None:
    """aws-sns-message-validator, which knows that version, given our certificate."""
    judge = cast("Any", importlib.import_module("sns_message_validator"))
    one = topic()
    validator = judge.SNSMessageValidator()
    validator._cert_session = CertificatesOf(one.authority)
    fields = json.loads(messages(one)[kind])
    validator.validate_message(fields)
    with pytest.raises(judge.SignatureVerificationFailureException):
        validator.validate_message({**fields, "Message": "other"})


JUDGE = """
const { EventEmitter } = require('events');
const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));
require('https').get = (url, options, answer) => {
  const reply = new EventEmitter();
  process.nextTick(() => {
    answer(reply);
    if (url in asked.certificates) reply.emit('data', asked.certificates[url]);
    reply.emit('end');
  });
  return { on: () => reply };
};
const Validator = require('sns-payload-validator');
Promise.allSettled(asked.bodies.map((body) => new Validator().validate(body)))
  .then((all) => console.log(JSON.stringify(all.map((one) => one.status === 'fulfilled'))));
"""


def judged_by_node(one: Topic, bodies: list[str]) -> list[bool]:
    """What npm's sns-payload-validator says of each."""
    certificates = {
        one.authority.certificate_url("eu-west-1"): one.authority.certificate_pem(
            "eu-west-1"
        ).decode()
    }
    done = subprocess.run(
        ["node", "-e", JUDGE],
        input=json.dumps({"certificates": certificates, "bodies": bodies}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: list[bool] = json.loads(done.stdout)
    return found


def node_has_the_validator() -> bool:
    if shutil.which("node") is None:
        return False
    found = ["node", "-e", "require.resolve('sns-payload-validator')"]
    return subprocess.run(found, capture_output=True, check=False, timeout=60).returncode == 0


@pytest.mark.skipif(
    not node_has_the_validator(),
    reason="node finds no sns-payload-validator: npm install it, and set NODE_PATH",
)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_validator_of_npm_takes_both_versions(version: str) -> None:
    """All three types; and none with another character, or signed by somebody else."""
    one = topic(version)
    genuine = list(messages(one).values())
    assert judged_by_node(one, genuine) == [True] * len(genuine)
    forged = [
        forgery.body
        for body in genuine
        for forgery in one.forgeries(body)
        if forgery.name.endswith(" changed") or forgery.name == "signature by another key"
    ]
    assert len(forged) > 20
    assert judged_by_node(one, forged) == [False] * len(forged)


@pytest.mark.parametrize("captured", signed())
def test_our_reader_takes_amazons_own(captured: dict[str, Any]) -> None:
    """What Amazon signed holds, what was edited does not: so the text to sign is the true one."""
    message, certificate = message_of(captured)
    assert verified(json.dumps(message), certificate) is captured["signature"]["valid"]
