"""The signature of a message of SNS's, by a certificate that is there already."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import perf_counter
from types import SimpleNamespace
from typing import Any

from benchmarks.harness import Bar, Candidate, Claim, Figure, Row, compare
from benchmarks.peers import peer
from benchmarks.samples import bounce
from sesguard import sns
from sesguard.testing import ManualClock
from sesguard.testing.sns import Topic

NOTES: list[str] = []
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPIC = Topic("arn:aws:sns:eu-west-1:123456789012:feedback", version="1", clock=ManualClock(NOW))
BODY = TOPIC.notification(json.dumps(bounce()))
OURS = "SNSVerifier.verify, version 1"


def ours() -> Callable[[], sns.Envelope]:
    """The whole of it: JSON, fields, topic, age, certificate, signature, replay."""
    judge = sns.SNSVerifier(
        [TOPIC.arn],
        fetch=TOPIC.authority.fetch,
        clock=lambda: NOW,
        trusted_roots=[TOPIC.authority.root_pem],
    )

    def run() -> sns.Envelope:
        envelope = judge.verify(BODY)
        judge.release(envelope)  # or the next one would be a replay
        return envelope

    return run


def django_ses() -> Callable[[], bool] | None:
    """django-ses, from the JSON on."""
    if not peer("django_ses", NOTES):
        return None
    from cryptography import x509
    from django.conf import settings

    if not settings.configured:
        settings.configure()
    from django_ses import utils

    fields = json.loads(BODY)
    pem = TOPIC.authority.fetch(fields["SigningCertURL"]) or b""
    cache: dict[str, object] = vars(utils)["_CERT_CACHE"]
    cache[fields["SigningCertURL"]] = x509.load_pem_x509_certificate(pem)
    NOTES.append("django-ses: asks for no topic, no age and no replay, and knows version 1 alone.")
    return lambda: bool(utils.EventMessageVerifier(json.loads(BODY)).is_verified())


def validator() -> Callable[[], None] | None:
    """aws-sns-message-validator of PyPI, from the JSON on; its session is one that has the file."""
    module = peer("sns_message_validator", NOTES)
    if module is None:
        return None
    judge = module.SNSMessageValidator()
    judge._cert_session = SimpleNamespace(
        get=lambda url: SimpleNamespace(content=TOPIC.authority.fetch(url))
    )
    NOTES.append("PyPI: asks for no topic, no age and no replay, and reads the certificate anew.")

    def run() -> None:
        judge.validate_message(json.loads(BODY))

    return run


NODE = """
const { EventEmitter } = require('events');
const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));
require('https').get = (url, options, answer) => {
  const reply = new EventEmitter();
  process.nextTick(() => { answer(reply); reply.emit('data', asked.pem); reply.emit('end'); });
  return { on: () => reply };
};
const Validator = require('sns-payload-validator');
const judge = new Validator();
(async () => {
  for (let n = 0; n < 200; n++) await judge.validate(asked.body);
  const began = process.hrtime.bigint();
  for (let n = 0; n < 200; n++) await judge.validate(asked.body);
  console.log(Number(process.hrtime.bigint() - began) / 200e9);
})();
"""


def node() -> Callable[[], float] | None:
    """npm's sns-payload-validator, by node's own clock, once it is warm."""
    given = {
        "pem": (TOPIC.authority.fetch(json.loads(BODY)["SigningCertURL"]) or b"").decode(),
        "body": BODY,
    }

    def run() -> float:
        done = subprocess.run(
            ["node", "-e", NODE],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return float(done.stdout)

    try:
        if shutil.which("node"):
            run()
            NOTES.append("npm: by node's clock. It asks for no topic, no age and no replay.")
            return run
    except subprocess.CalledProcessError:
        pass  # told as any package that is not there
    NOTES.append("npm's sns-payload-validator is not found by node: its row is left out.")
    return None


def rows() -> Iterator[Row | Figure]:
    """Against what others do."""
    verify = ours()
    candidates = [
        Candidate(name=OURS, run=verify, right=lambda found: found.topic_arn == TOPIC.arn)
    ]
    peers: list[tuple[str, Callable[[], Any] | None]] = [
        ("django-ses", django_ses()),
        ("PyPI's validator", validator()),
    ]
    for name, run in peers:
        if run is not None:
            candidates.append(Candidate(name=name, run=run, right=lambda found: found is not False))
    by_node = node()
    if by_node is not None:
        candidates.append(Candidate(name="npm's validator", run=by_node, right=bool, clocked=True))
    claims = [Claim(OURS, one.name) for one in candidates[1:]]
    yield from compare("verify", candidates, claims, repeats=15)
    yield Figure(
        area="verify",
        what=f"{OURS}, ms, the middle one of 2,000",
        against="milliseconds",
        figure=_middle(verify, 2_000) * 1e3,
        bar=Bar(at_most=1.0),
    )


def _middle(run: Callable[[], object], count: int) -> float:
    """The median of single calls, in seconds."""
    times: list[float] = []
    for _ in range(count):
        began = perf_counter()
        run()
        times.append(perf_counter() - began)
    return sorted(times)[count // 2]
