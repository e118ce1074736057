"""Amazon SES inside this process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, cast

from typing_extensions import Unpack

from sesguard.ports import Clock
from sesguard.simulator import people
from sesguard.simulator.clock import SimulatedClock
from sesguard.simulator.fates import BounceFate, ComplaintFate, Fate
from sesguard.simulator.faults import Fault, Predicate
from sesguard.simulator.feedback.destinations import Destination
from sesguard.simulator.feedback.disorder import Disorder
from sesguard.simulator.feedback.envelopes import topic_arn
from sesguard.simulator.feedback.reactions import Delay
from sesguard.simulator.feedback.routing import Channel
from sesguard.simulator.mails.offers import SentMail
from sesguard.simulator.operations.verification import VerificationStatus, grant
from sesguard.simulator.service import Service
from sesguard.simulator.state import Region
from sesguard.simulator.stop_lists import Listed
from sesguard.simulator.wire import ClientMaker, answer_clients, attach
from sesguard.suppression import Reason

if TYPE_CHECKING:
    from sesguard._core.retry import RetryPolicy
    from sesguard.client import Client
    from sesguard.ports import Guard, Ledger, Limiter, LookUp, Observer, Source, SuppressionHook
    from sesguard.simulator.smtp.face import SMTPFace

__all__ = ["ClientOptions", "Simulator"]


class ClientOptions(TypedDict, total=False):
    """What `Simulator.client` passes on to `Client`."""

    suppression: SuppressionHook | LookUp | None
    limiter: Limiter
    guards: Sequence[Guard]
    ledger: Ledger | None
    on_suppressed: Literal["raise", "drop"]
    on_lookup_error: Literal["raise", "send"]
    retry: RetryPolicy
    timeout: float | timedelta | None
    observers: Sequence[Observer]
    configuration_set: str | None
    tags: Mapping[str, str]


class Simulator:
    """
    Answers real boto3 clients for ``ses`` and ``sesv2``, and publishes the events SES would.

        sim = Simulator()
        client = sim.client(suppression=store)
        client.send(Email(sender="us@example.com", to="bounce@simulator.amazonses.com", ...))
        Worker(sim.source(), store=store).drain()

    Nothing leaves the process. The same calls with the same *seed*, at the same times of its clock,
    give the same answers. It may be used by threads. As a context manager it answers every such
    client that is made inside of it, by whichever package.

    The operations that it has are in the reference, docs/reference/simulator.md. All else is an
    error that names the operation.

    Not imitated: signing, HTTP, and botocore's own retries, which lie below the event that is
    answered here; IAM; how long SES takes, so that feedback is there at once. How SES fills its
    rate limit is not published: here a second's worth may go at once after a pause.

    Args:
        seed: Decides every identifier, and the minute at which statistics are cut.

        clock: Time. A `SimulatedClock` of its own unless given, which begins where today does.

        quota: Recipients in any 24 hours, -1 for unlimited; 50,000, and 200 in the sandbox.

        rate: Recipients a second; 14, and 1 in the sandbox.

        sandbox: Whether the account still is in it: only verified recipients get mail.

        identities: Verified addresses and domains. None: every sender is, out of the sandbox.

        configuration_sets: Names of sets that are there. None: any that a mail names is.

        region_name: The region for clients that name none, and of the account that the methods
            here act on. Each region has limits, lists and identities of its own.

        control_rate: Calls a second of each operation that does not send; SES takes 1. None for
            no limit.

        feedback: How feedback is told to `topic_arn`, as long as neither the sender's identity has
            a topic nor the mail's configuration set an event destination: ``"events"``, as a
            configuration set publishes them, or ``"notifications"``, as an identity does.

        disorder: What happens to feedback on its way to subscribers; it is still whole in
            `feedback`.

        suppressed_reasons: For which reasons SES's own list is on. Without ``BOUNCE`` its global
            list counts: who has bounced is not mailed for 14 days.

        reputation: Over how many of the last recipients AWS judges the account, as soon as so
            many were mailed: at 5 % of hard bounces or 0.1 % of complaints it is under review, at
            10 % or 0.5 % its sending ends, and GetAccount says so. How many they really are is
            not published. None: nobody judges.

    Attributes:
        clock: What was given, or its own. ``clock.advance(seconds)`` moves it.
    """

    clock: SimulatedClock

    def __init__(
        self,
        seed: int = 0,
        *,
        clock: Clock | None = None,
        quota: float | None = None,
        rate: float | None = None,
        sandbox: bool = False,
        identities: Collection[str] | None = None,
        configuration_sets: Collection[str] | None = None,
        region_name: str = "us-east-1",
        control_rate: float | None = None,
        feedback: Channel = "events",
        suppressed_reasons: Collection[Reason] = (Reason.BOUNCE, Reason.COMPLAINT),
        disorder: Disorder | None = None,
        reputation: int | None = None,
    ) -> None:
        self.clock = cast("SimulatedClock", SimulatedClock() if clock is None else clock)
        self.region_name = region_name
        usual_quota, usual_rate = (200, 1) if sandbox else (50_000, 14)
        self._service = Service(
            seed=seed,
            clock=self.clock,
            quota=usual_quota if quota is None else quota,
            rate=usual_rate if rate is None else rate,
            sandbox=sandbox,
            identities=identities,
            configuration_sets=configuration_sets,
            suppressed_reasons=suppressed_reasons,
            channel=feedback,
            control_rate=control_rate,
            disorder=disorder,
            reputation=reputation,
        )
        self._clients = ClientMaker()
        self._open = ExitStack()

    @property
    def _region(self) -> Region:
        return self._service.world.region(self.region_name)

    def boto3_client(
        self, service_name: Literal["ses", "sesv2"], *, region_name: str | None = None
    ) -> Any:
        """
        A real boto3 client that this simulator answers.

        It makes one attempt, its credentials are none, and its endpoint cannot exist. The
        machine's AWS configuration is not looked at.

        Args:
            service_name: API v2 (``sesv2``) or v1 (``ses``).

            region_name: Another region than the simulator's.
        """
        client = self._clients.make(service_name, region_name or self.region_name)
        attach(client, self._service)
        return client

    def client(self, **options: Unpack[ClientOptions]) -> Client:
        """
        A guarded client over this simulator and its clock.

        Args:
            options: Those of `Client`. Without *suppression* it has no list.
        """
        from sesguard.client import Client
        from sesguard.transports.ses import SESTransport

        options.setdefault("suppression", None)
        transport = SESTransport(boto3_client=self.boto3_client("sesv2"))
        return Client(transport=transport, clock=self.clock, **options)

    def smtp(self, *, region_name: str | None = None) -> AbstractContextManager[SMTPFace]:
        """
        Serve the account over SMTP as well, on loopback: ``with sim.smtp() as smtp: ...``.

        What it yields tells host, ports and credentials, and has a ``transport()``. Any SMTP
        client may use it, over TLS as with SES. Its mails are counted as ``calls["smtp"]``.

        Args:
            region_name: Another region than the simulator's.

        Raises:
            MissingExtraError: The extra ``demo`` is not installed.

            ConfigurationError: SES has no SMTP in that region.
        """
        from sesguard.simulator.smtp.face import serving

        return serving(self._service, region_name or self.region_name)

    @property
    def outbox(self) -> tuple[SentMail, ...]:
        """The mails that were truly taken, in order."""
        return tuple(self._service.world.outbox)

    @property
    def calls(self) -> Mapping[str, int]:
        """How often each operation was called: ``calls["sesv2.SendEmail"]``; 0 for never."""
        return self._service.world.calls.copy()

    @property
    def feedback(self) -> tuple[str, ...]:
        """All that was told about mails, as the JSON of SES, without an envelope."""
        self._service.catch_up()
        return tuple(record.text() for record in self._service.world.publisher.told)

    @property
    def topic_arn(self) -> str:
        """The topic of feedback in the simulator's own region, as long as nothing is set up."""
        return topic_arn(self.region_name)

    def source(self) -> Source:
        """The queue into which all feedback goes, in SNS's envelope: for a `Worker`."""
        return self._service.world.publisher.queue

    def fail_next(
        self,
        times: int = 1,
        error: Fault | str | Exception = Fault.UNAVAILABLE,
        *,
        operation: str = "send",
        seconds: float = 0.0,
    ) -> None:
        """
        Let the next calls fail.

        Args:
            times: How many.

            error: A `Fault` or its text, such as ``"rate"``, ``"quota"``, ``"503"``,
                ``"connection refused"`` or ``"answer lost"`` (the mail was taken); or an
                exception, which the call raises as it is.

            operation: ``"send"`` for any kind of send, or the name of another operation.

            seconds: How long the answer takes, for ``"slow"``.

        Raises:
            ConfigurationError: There is no such fault or operation, or nothing is to fail.
        """
        self._service.fail_next(times, error, operation, seconds)

    def fail_when(
        self,
        predicate: Predicate,
        error: Fault | str | Exception = Fault.UNAVAILABLE,
        *,
        times: int | None = None,
        seconds: float = 0.0,
    ) -> None:
        """
        Let sends fail that a condition holds of, as long as `fail_next` has nothing for them.

            sim.fail_when(lambda mail: "ann@example.org" in mail.recipients, "answer lost")

        Args:
            predicate: Is asked about each mail that is offered, parsed back, templates not filled
                in. A call with several fails as a whole if it holds of one.

            error, seconds: As for `fail_next`.

            times: How many calls at most; None for all.

        Raises:
            ConfigurationError: There is no such fault, or nothing is to fail.
        """
        self._service.script.add_rule(predicate, error, times, seconds)

    def bounces(
        self, address: str, *, bounce_type: str = "Permanent", bounce_sub_type: str = "General"
    ) -> None:
        """From now on mail to *address* bounces. SES's own list learns of a permanent one."""
        bounce = BounceFate(bounce_type=bounce_type, bounce_sub_type=bounce_sub_type)
        if bounce_type != "Permanent":
            bounce = BounceFate(
                bounce_type=bounce_type,
                bounce_sub_type=bounce_sub_type,
                status="4.2.2",
                diagnostic_code="smtp; 452 4.2.2 try again later",
            )
        self._service.world.mailboxes.script(address, Fate(delivered=False, bounce=bounce))

    def complains(self, address: str, *, feedback_type: str = "abuse") -> None:
        """From now on whoever reads *address* complains of each mail."""
        complaint = ComplaintFate(feedback_type=feedback_type)
        self._service.world.mailboxes.script(address, Fate(complaint=complaint))

    def delivers(self, address: str) -> None:
        """From now on mail to *address* arrives, and nobody complains: as it is at first."""
        self._service.world.mailboxes.script(address, Fate())
        self._service.world.delays.script(address, None)

    def delays(
        self,
        address: str,
        *,
        seconds: float = 3600.0,
        delay_type: str = "TransientCommunicationFailure",
        status: str = "4.4.1",
        diagnostic_code: str = "smtp; 421 4.4.1 Unable to connect to remote host",
    ) -> None:
        """
        From now on mail to *address* is delayed first, which a DeliveryDelay event tells.

        Args:
            seconds: After so many the mail arrives, or bounces where `bounces` says so. At most
                50,400, after which SES gives up.

            delay_type, status, diagnostic_code: In SES's words.

        Raises:
            ConfigurationError: SES would have given up before.
        """
        delay = Delay(
            delay_type=delay_type, status=status, diagnostic_code=diagnostic_code, seconds=seconds
        )
        self._service.world.delays.script(address, delay)

    def opens(
        self, target: str, *, user_agent: str = "Mozilla/5.0", bot: bool | None = False
    ) -> None:
        """
        Somebody opens a mail now.

        Args:
            target: The id of the mail, or an address: then it is the last mail to it.

            bot: What SES makes of whoever it was; None: it does not say.

        Raises:
            ConfigurationError: There is no such mail.
        """
        with self._service.turn():
            people.opens(self._service.world, target, user_agent=user_agent, bot=bot)

    def clicks(
        self,
        target: str,
        link: str,
        *,
        link_tags: Mapping[str, Sequence[str]] | None = None,
        user_agent: str = "Mozilla/5.0",
        bot: bool | None = False,
    ) -> None:
        """
        Somebody follows a link in a mail now.

        Args:
            target: The id of the mail, or an address: then it is the last mail to it.

            link_tags: Those of ``ses:tags`` in the link.

            bot: What SES makes of whoever it was; None: it does not say.

        Raises:
            ConfigurationError: There is no such mail.
        """
        with self._service.turn():
            people.clicks(
                self._service.world, target, link,
                link_tags=link_tags, user_agent=user_agent, bot=bot,
            )  # fmt: skip

    def unsubscribes(
        self,
        target: str,
        *,
        topic: str | None = None,
        contact_list: str | None = None,
        source: str = "UnsubscribeHeader",
    ) -> None:
        """
        Somebody takes himself off the contact list now.

        Args:
            target: The id of a mail to him alone, or his address: then it is the last mail to it.

            topic: Off this one alone; None: off all.

            contact_list: Its name; None: the only one.

            source: By what he did it, in SES's word.

        Raises:
            ConfigurationError: There is no such mail, list or topic.
        """
        with self._service.turn():
            people.unsubscribes(
                self._service.world, target,
                topic=topic, contact_list=contact_list, source=source,
            )  # fmt: skip

    def forward_to(self, destination: Destination) -> None:
        """
        Hand on what SES publishes from now on, besides the queue of `source`.

        Args:
            destination: `SNSTopic`, `SQSQueue`, `HTTPSubscriber`, or any function of a
                `Publication`. It is called in the thread whose call caused it, or that moved the
                clock; what it raises comes out there.
        """
        self._service.world.publisher.destinations.append(destination)

    def on_feedback(self, handler: Callable[[str], object]) -> None:
        """Call *handler* with the body of each message from now on, as a queue receives it."""
        self.forward_to(lambda publication: handler(publication.body))

    def suppress(self, address: str, reason: Reason = Reason.BOUNCE) -> None:
        """Put an address on SES's own list: mail to it is taken, and the event tells."""
        self._region.suppressed.put(Listed(address, reason, self.clock.now()))

    def release(self, address: str) -> None:
        """Take an address off SES's own list."""
        self._region.suppressed.release(address)

    @property
    def suppressed(self) -> Mapping[str, Reason]:
        """SES's own list: address to reason."""
        return {one.address: one.reason for one in self._region.suppressed.entries()}

    def verify(
        self,
        identity: str,
        status: VerificationStatus = "SUCCESS",
        *,
        dkim: VerificationStatus | None = None,
        mail_from: VerificationStatus | None = None,
    ) -> None:
        """
        Decide how the verification of an address or a domain went.

        That of its MAIL FROM domain and its DKIM keys goes the same way, where it has them. One
        that was never created is created by that.

        Args:
            identity: An address or a domain.

            status: Whether SES takes mail from it.

            dkim: Another outcome for its keys.

            mail_from: Another outcome for its MAIL FROM domain.

        Raises:
            ConfigurationError: It is neither an address nor a domain.
        """
        grant(self._service.world, self._region, identity, status, dkim=dkim, mail_from=mail_from)

    @property
    def files(self) -> dict[str, str]:
        """
        What import jobs find in S3: put the text of a CSV or JSON file under its ``s3://`` URL.
        """
        return self._service.world.files

    def pause_sending(self) -> None:
        """As PutAccountSendingAttributes does."""
        self._region.standing.sending_enabled = False

    def resume_sending(self) -> None:
        """The other way round."""
        self._region.standing.sending_enabled = True

    def enforce(self, status: Literal["HEALTHY", "PROBATION", "SHUTDOWN"]) -> None:
        """What AWS thinks of the account. After ``SHUTDOWN`` nothing is sent."""
        self._region.standing.enforcement_status = status

    def leave_sandbox(self, *, quota: float = 50_000, rate: float = 14) -> None:
        """As AWS does when it grants production access."""
        self._region.standing.sandbox = False
        self._region.limits.grant(quota, rate)

    def __enter__(self) -> Self:
        self._open.enter_context(answer_clients(self._service, self.region_name))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self._open.close()
