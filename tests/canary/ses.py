"""What SES answers, over both ways to it, to us and to others."""

from __future__ import annotations

import asyncio
import smtplib
import typing
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import trustme

from sesguard import Client, RetryPolicy, limiters, replies, translated_errors, transports
from sesguard.errors import ServiceUnavailableError
from tests.canary.material import (
    ADDRESS,
    API_ANSWERS,
    FOREIGN,
    SAID,
    SECRET,
    SMTP_ANSWERS,
    STAGES,
    UNVERIFIED,
    WRONG_PASSWORD,
    Foreign,
    letter,
    once,
    session,
    templated,
)
from tests.canary.sends import guarded
from tests.canary.watch import Watch
from tests.peers.http import Answer, HTTPPeer, deaf_port, taken
from tests.peers.smtp import PASSWORD, USERNAME, SMTPPeer, trusting

__all__ = ["SCENARIOS"]


def _client(watch: Watch, transport: Any) -> Client:
    return Client(
        suppression=None,
        transport=transport,
        limiter=limiters.Unlimited(),
        retry=RetryPolicy.none(),
        observers=[watch.value],
    )


def _over_ses(url: str, **options: Any) -> transports.SESTransport:
    return transports.SESTransport(boto3_session=session(), endpoint_url=url, **options)


def over_the_api(watch: Watch, folder: Path) -> None:
    """boto3 as it comes, over a server that answers, hangs up, and is not there."""
    script: list[Any] = [taken(), *API_ANSWERS, Answer(200, {"MessageId": ""}), Answer(200, SAID)]
    script += ["reset_after_body", "close_after_body", "half_answer", "garbage", "empty_200"]
    with HTTPPeer(*script) as peer, _over_ses(peer.url) as transport:
        watch.value(transport)
        with _client(watch, transport) as client:
            for number in range(len(script)):
                watch.ask(client.send, templated() if number % 3 else letter())
        assert len(peer.requests) == len(script)
        watch.ask(transport.submit, letter(), _called_off)
        watch.ask(transport.submit, letter(), lambda: None)
        watch.ask(transport.quota)
        watch.ask(transport.max_send_rate)
    with HTTPPeer(fault="read_timeout") as peer, _over_ses(peer.url, read_timeout=0.1) as transport:
        watch.ask(transport.submit, letter(), lambda: None)
    stranger = trustme.CA().issue_cert("127.0.0.1")
    with HTTPPeer(certificate=stranger) as peer, _over_ses(peer.url) as transport:
        watch.ask(transport.submit, letter(), lambda: None)
    with deaf_port() as url, _over_ses(url) as transport:
        watch.ask(transport.quota)
        guarded(watch, [letter()], transport=transport)
    wrong: Any
    for wrong in (FOREIGN, session().client("sesv2")):
        watch.ask(partial(transports.SESTransport, boto3_client=wrong))
    watch.ask(_over_ses(f"{SECRET} {ADDRESS}").submit, letter(), lambda: None)


def _called_off() -> NoReturn:
    raise ServiceUnavailableError("The send was called off.")


def _over_smtp(peer: SMTPPeer, **options: Any) -> transports.SMTPTransport:
    given: dict[str, Any] = {"username": USERNAME, "password": PASSWORD, "tls": peer.tls}
    given |= {"ssl_context": trusting(), "timeout": 5.0, **options}
    return transports.SMTPTransport("127.0.0.1", peer.port, **given)


def over_smtp(watch: Watch, folder: Path) -> None:
    """An SMTP server that answers at each step with addresses in its words, or hangs up."""
    for stage in STAGES:
        each = 4 if stage == "rcpt" else 1
        with SMTPPeer() as peer, _over_smtp(peer) as transport:
            watch.value([transport, vars(transport)])  # among which is what knows the password
            with _client(watch, transport) as client:
                for answer in SMTP_ANSWERS:
                    peer.script(stage, *[answer] * each)
                    watch.ask(client.send, letter(stream="news", tenant="shop"))
                watch.ask(client.send, templated())
    with SMTPPeer() as peer:
        peer.script("rcpt", f"550 5.1.1 <{ADDRESS}> {SAID}", f"454 {SAID}")
        with _over_smtp(peer) as transport:
            guarded(watch, [letter()], transport=transport)
        for wrong in ({"password": WRONG_PASSWORD}, {"ssl_context": trusting(trustme.CA())}):
            with _over_smtp(peer, **wrong) as transport:
                guarded(watch, [letter()], transport=transport)
    with _over_smtp(peer) as transport:
        guarded(watch, [letter()], transport=transport)


def answers(watch: Watch, folder: Path) -> None:
    """What SES may answer, over SMTP at each step and over the API, with addresses in it."""
    phases: Any = typing.get_args(replies.Phase)
    for phase in phases:
        for code in (-1, 250, 421, 450, 451, 454, 500, 501, 503, 530, 535, 538, 550, 552, 553, 554):
            for words in (SAID, UNVERIFIED, f"4.7.1 <{ADDRESS}>: Throttling failure", ADDRESS):
                watch.ask(partial(replies.from_smtp, phase=phase), code, words)
            watch.ask(partial(replies.from_smtp, phase=phase), code, SAID.encode() + b"\xff")
    for code_of_api in (None, "", "MessageRejected", "Throttling", ADDRESS, UNVERIFIED):
        for status in (None, 200, 400, 403, 404, 413, 429, 500, 503):
            for message in (None, SAID, UNVERIFIED):
                watch.ask(partial(replies.from_api, status=status), code_of_api, message)
    watch.ask(replies.from_exception, Foreign())


def calls_of_others(watch: Watch, folder: Path) -> None:
    """Somebody's own smtplib and boto3, whose exceptions hold addresses and whole replies."""
    watch.value(translated_errors())

    @translated_errors()
    def send(server: SMTPPeer, password: str = PASSWORD) -> None:
        with smtplib.SMTP_SSL("127.0.0.1", server.port, context=trusting()) as connection:
            connection.login(USERNAME, password)
            connection.sendmail(ADDRESS, [ADDRESS, f"1{ADDRESS}"], letter().as_bytes())

    @translated_errors()
    async def send_later(server: SMTPPeer) -> None:
        send(server, WRONG_PASSWORD)

    for stage in STAGES:
        for answer in SMTP_ANSWERS:
            with SMTPPeer({stage: [answer, answer]}) as peer:
                watch.ask(send, peer)
    with SMTPPeer() as peer:
        watch.ask(send, peer)
        watch.ask(lambda: asyncio.run(send_later(peer)))
    request: Any = {"FromEmailAddress": ADDRESS, "Destination": {"ToAddresses": [ADDRESS]}}
    request["Content"] = {"Raw": {"Data": letter().as_bytes()}}
    script: list[Any] = [*API_ANSWERS, "reset_after_body", "garbage"]
    with HTTPPeer(*script) as peer_of_ses:
        ses = once("sesv2", peer_of_ses.url)
        translated = translated_errors()(ses.send_email)
        for _ in script:
            watch.ask(partial(translated, **request))
        watch.ask(partial(translated, FromEmailAddress=[ADDRESS], Content=FOREIGN))
        ses.close()


SCENARIOS = [over_the_api, over_smtp, answers, calls_of_others]
