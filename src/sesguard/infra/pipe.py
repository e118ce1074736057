"""A pipe from SES to a queue, in an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from sesguard._core.pipe_facts import Found
from sesguard._core.pipe_finding import Finding
from sesguard._core.pipe_findings import findings_of
from sesguard._core.pipe_layout import Layout
from sesguard._core.pipe_plan import Plan
from sesguard._core.pipe_planning import plan_of
from sesguard._core.pipe_undoing import undo_of
from sesguard.errors import ConfigurationError
from sesguard.infra._calls import Calls
from sesguard.infra._survey import survey

__all__ = ["Pipe"]

_ANY_ACCOUNT, _ANY_REGION = "0" * 12, "us-east-1"


class Pipe:
    """
    SES's feedback, by way of an SNS topic, into an SQS queue, from which a `Worker` takes it.

        pipe = infra.Pipe("ses-feedback", configuration_set="main", region_name="eu-west-1")
        plan = pipe.plan()
        print(plan)
        pipe.apply(plan)
        print(*pipe.verify(), sep="\\n")

    Only `apply` and `destroy` change anything. What is there under these names is used as it is,
    and changed no further than is needed; to a policy the pipe's own statements are added, and
    every other one stays as it is. Not more than one process should change a pipe at a time, as
    SNS and SQS cannot tell that a policy was changed in between.

    Args:
        topic: The topic's name.

        configuration_set: The set whose events are taken; either this or *identities*.

        identities: The domains or addresses whose notifications are taken.

        queue: The queue's name; that of the topic unless given.

        dead_letter_queue: The queue for what cannot be read; *queue* and ``-dead-letters``.

        event_destination: The name of the set's event destination.

        events: What is told, by SES's names; an identity has BOUNCE, COMPLAINT and DELIVERY only.

        raw: Whether the queue gets SES's message alone, without the envelope of SNS.

        kms_key: The ARN of a key of yours, with which topic and queues are encrypted. Its policy
            is not changed: `key_statements` are what it has to hold. None: a new queue has SQS's
            own encryption, and a topic none.

        max_receive_count: How often a message is received before it is set aside.

        boto3_session: The credentials to use.

        region_name: The region of all of it; the session's own unless given.

        endpoint_url: Where AWS listens, if not at Amazon.

    Raises:
        ConfigurationError: It cannot work.
    """

    def __init__(
        self,
        topic: str,
        *,
        configuration_set: str | None = None,
        identities: str | Sequence[str] = (),
        queue: str | None = None,
        dead_letter_queue: str | None = None,
        event_destination: str = "sesguard",
        events: Sequence[str] = ("BOUNCE", "COMPLAINT", "DELIVERY"),
        raw: bool = False,
        kms_key: str | None = None,
        max_receive_count: int = 5,
        boto3_session: object = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        of_key = str(kms_key or "").partition(":kms:")[2].partition(":")[0]
        place = region_name or of_key
        self._wanted = Layout(
            account_id=_ANY_ACCOUNT,
            region_name=place or _ANY_REGION,
            topic=topic,
            queue=queue or "",
            dead_letter_queue=dead_letter_queue or "",
            configuration_set=configuration_set,
            identities=(identities,) if isinstance(identities, str) else tuple(identities),
            event_destination=event_destination,
            events=tuple(events),
            raw=raw,
            kms_key=kms_key,
            max_receive_count=max_receive_count,
        )
        self._calls = Calls(session=boto3_session, region=region_name, endpoint=endpoint_url)
        self._layout: Layout | None = None

    @property
    def layout(self) -> Layout:
        """
        The pipe with its account and region, of which the first is asked of AWS once.

        Raises:
            SESGuardError: As `plan`.
        """
        if self._layout is None:
            region = self._calls.region
            account = str(self._calls.ask("sts", "get_caller_identity")["Account"])
            self._layout = replace(self._wanted, account_id=account, region_name=region)
        return self._layout

    def plan(self) -> Plan:
        """
        What `apply` would do. Nothing is changed.

        Raises:
            ConfigurationError: No region or credentials, or what is there could never deliver.

            NotFoundError: The configuration set, or an identity, is not there.

            AccessDeniedError: A permission is missing; the message names it.

            AuthenticationError: AWS does not know the credentials.

            ServiceUnavailableError: AWS could not be reached, or is busy.

            StoreError: A policy that is there cannot be read.
        """
        return plan_of(self.layout, self._found())

    def apply(self, plan: Plan) -> Plan:
        """
        Do what a plan says. What is done already is left out, so it may be repeated.

        Returns:
            What was done.

        Raises:
            ConfigurationError: It is another pipe's plan, or something was changed since it was
                made, so that more would be done than it says. Nothing was done.

            SESGuardError: As `plan`. What was done until then stays; repeat the same.
        """
        self._check(plan)
        now = self.plan()
        agreed = {step for step in plan.steps if step.calls}
        beyond = [step for step in now.steps if step.calls and step not in agreed]
        if beyond:
            raise ConfigurationError(
                f"The {beyond[0].part} {beyond[0].name} is not any more as it was when the plan "
                "was made, so nothing was done. Look at a new pipe.plan(), and apply that."
            )
        self._do(now)
        return now

    def verify(self) -> tuple[Finding, ...]:
        """
        What keeps feedback from arriving, or brings too much of it. Nothing is changed.

        Returns:
            From SES to the queue; nothing where all is well.

        Raises:
            SESGuardError: As `plan`.
        """
        return findings_of(self.layout, self._found())

    def destroy(self, plan: Plan, *, discard_messages: bool = False) -> Plan:
        """
        Undo a plan that was applied: the one, and not what is there besides.

        What it created is deleted. Out of policies that it added to, its own statements are taken,
        and an identity gets back the topic that it had. What it changed else stays.

        Args:
            plan: As `plan` gave it then; ``Plan.from_dict`` reads one that was kept.

            discard_messages: Whether queues are deleted with what is in them.

        Returns:
            What was done.

        Raises:
            ConfigurationError: It is another pipe's plan, messages would be lost, or others listen
                to the topic. Nothing was done.

            SESGuardError: As `plan`. What was done until then stays; repeat the same.
        """
        self._check(plan)
        undone = undo_of(plan, self._found(), discard_messages=discard_messages)
        self._do(undone)
        return undone

    def close(self) -> None:
        """Close the clients. A later call makes other ones."""
        self._calls.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Pipe({self._wanted.topic!r} -> {self._wanted.queue!r})"

    def _found(self) -> Found:
        return survey(self._calls, self.layout)

    def _check(self, plan: Plan) -> None:
        if not isinstance(plan, Plan):  # pyright: ignore[reportUnnecessaryIsInstance]  a caller without types
            raise ConfigurationError("plan must be what pipe.plan() gives.")
        if plan.layout != self.layout:
            raise ConfigurationError(
                "This is the plan of another pipe, account or region, so nothing was done."
            )

    def _do(self, plan: Plan) -> None:
        for step in plan.steps:
            for call in step.calls:
                self._calls.ask(call.service, call.method, **call.parameters)
