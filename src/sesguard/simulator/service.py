"""SES itself, as far as it is simulated: one account that answers calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from copy import deepcopy
from typing import Any

from sesguard.errors import ConfigurationError
from sesguard.ports import Clock
from sesguard.simulator import refusals
from sesguard.simulator.clock import SimulatedClock
from sesguard.simulator.faults import Fault, Planned, Script
from sesguard.simulator.feedback.disorder import Disorder
from sesguard.simulator.feedback.publishing import Publisher
from sesguard.simulator.feedback.routing import Channel
from sesguard.simulator.identifiers import Identifiers
from sesguard.simulator.later import Later
from sesguard.simulator.limits import Limits
from sesguard.simulator.mailboxes import Mailboxes
from sesguard.simulator.mails.reading import READERS
from sesguard.simulator.operations import OPERATIONS
from sesguard.simulator.operations.sending import OPERATIONS as SENDS
from sesguard.simulator.operations.verification import grant
from sesguard.simulator.reputation import Reputation
from sesguard.simulator.state import Call, ConfigurationSet, Region, Standing, World
from sesguard.simulator.statistics import Statistics
from sesguard.simulator.stop_lists import SuppressionList
from sesguard.simulator.turns import Turns
from sesguard.suppression import Reason

__all__ = ["Service"]

_BATCHES = 16  # the API v2 Reference allows so many calls a second of BatchGetMetricData


class Service:
    """
    Answers operations of API v1 and v2 out of one account.

    Args:
        seed: Decides every identifier.

        clock: Where time comes from.

        quota, rate, sandbox, identities, configuration_sets, suppressed_reasons: What each region
            begins with.

        channel: How feedback is published as long as nothing is set up.

        disorder: What happens to it on its way.

        control_rate: Calls a second of each operation that does not send; None for no limit.

        reputation: Over how many recipients AWS judges the account; None: it does not.
    """

    def __init__(
        self,
        *,
        seed: int,
        clock: Clock,
        quota: float,
        rate: float,
        sandbox: bool,
        identities: Collection[str] | None,
        configuration_sets: Collection[str] | None,
        suppressed_reasons: Collection[Reason],
        channel: Channel,
        control_rate: float | None,
        disorder: Disorder | None = None,
        reputation: int | None = None,
    ) -> None:
        def new_region(name: str) -> Region:
            region = Region(
                name=name,
                limits=Limits(quota, rate),
                standing=Standing(sandbox),
                statistics=Statistics(seed),
                suppressed=SuppressionList(suppressed_reasons),
                known_identities=None if identities is None else (),
                known_sets=None if configuration_sets is None else (),
                configuration_sets={
                    name: ConfigurationSet(name) for name in configuration_sets or ()
                },
                reputation=None if reputation is None else Reputation(reputation),
            )
            for identity in identities or ():
                grant(self.world, region, identity)
            return region

        identifiers, later = Identifiers(seed), Later(clock)
        self.world: World = World(
            clock=clock,
            identifiers=identifiers,
            mailboxes=Mailboxes(),
            publisher=Publisher(
                channel=channel,
                clock=clock,
                identifiers=identifiers,
                region=lambda name: self.world.region(name),
                catch_up=self.catch_up,
                later=later,
                disorder=disorder,
                seed=seed,
            ),
            later=later,
            new_region=new_region,
        )
        self.script: Script = Script()
        self._control_rate = control_rate
        self._last_call: dict[tuple[str, str], float] = {}
        self._turns = Turns(later, self.world.publisher)
        if isinstance(clock, SimulatedClock):
            clock.watch(self.catch_up)

    def call(
        self,
        api: str,
        operation: str,
        parameters: Mapping[str, Any],
        region_name: str,
        *,
        counted_as: str | None = None,
        patience: float | None = None,
    ) -> dict[str, Any]:
        """
        Answer one call.

        Args:
            counted_as: Where it came in, if not by the API: the name it has among the calls.

            patience: Seconds after which the caller does not wait for the answer any more.

        Raises:
            Refusal: SES says no.

            BotoCoreError: The way to SES is broken, by script.

            ConfigurationError: The simulator does not have this operation.
        """
        name = f"{api}.{operation}"
        with self._turns:
            self.world.calls[counted_as or name] += 1
            if name not in OPERATIONS:
                known = ", ".join(sorted(OPERATIONS))
                raise ConfigurationError(
                    f"The simulator does not have {name}. It has {known}. Nothing was asked of AWS."
                )
            planned = self._planned(name, parameters)
            fault = None if planned is None else planned.error
            if isinstance(fault, Exception):
                raise fault
            if fault is not None and not fault.after_taking:
                raise fault.error()
            if name not in SENDS:
                self._check_control_rate(name, region_name)
                parameters = deepcopy(dict(parameters))  # the caller may go on to change it
            region = self.world.region(region_name)
            answer = OPERATIONS[name](Call(api, operation, parameters, region, self.world))
            if name not in SENDS:
                answer = deepcopy(answer)
            return answer if planned is None else self._spoiled(planned, api, answer, patience)

    def _planned(self, name: str, parameters: Mapping[str, Any]) -> Planned | None:
        """
        What is to go wrong with a call.

        Raises:
            Refusal: There is a rule to hold the mail against, and SES cannot read it.
        """
        if name not in SENDS:
            return self.script.next(name.partition(".")[2])
        coming = self.script.next("send")
        return coming or self.script.next_for(lambda: READERS[name](parameters))

    def _spoiled(
        self, planned: Planned, api: str, answer: dict[str, Any], patience: float | None
    ) -> dict[str, Any]:
        """
        What comes back of an answer that does not come as it should.

        Raises:
            Exception: Nothing does.
        """
        fault = planned.error
        if fault is Fault.SLOW:
            late = patience is not None and planned.seconds > patience
            self.world.clock.sleep(patience if late and patience else planned.seconds)
            if not late:
                return answer
            fault = Fault.ANSWER_LOST
        assert isinstance(fault, Fault)
        if api == "sesv2" and fault in (Fault.EMPTY_ANSWER, Fault.HALF_ANSWER):
            return {}
        raise fault.error()

    def turn(self) -> AbstractContextManager[None]:
        """Have the account for oneself, as `Turns` has it."""
        return self._turns

    def catch_up(self) -> None:
        """Do what became due as the clock went on."""
        with self._turns:
            pass

    def fail_next(
        self, times: int, error: Fault | str | Exception, operation: str, seconds: float = 0.0
    ) -> None:
        """
        Let the next *times* calls of *operation* fail.

        Raises:
            ConfigurationError: There is no such fault or operation, or nothing is to fail.
        """
        others = {name.partition(".")[2] for name in OPERATIONS if name not in SENDS}
        known = ("send", *sorted(others))
        if operation not in known:
            raise ConfigurationError(
                f"operation= is one of {', '.join(known)}, and {operation!r} was given. "
                "'send' is for any kind of send."
            )
        self.script.add(times, error, operation, seconds)

    def _check_control_rate(self, name: str, region_name: str) -> None:
        if self._control_rate is None:
            return
        now = self.world.clock.monotonic()
        before = self._last_call.get((name, region_name))
        rate = self._control_rate * (_BATCHES if name.endswith(".BatchGetMetricData") else 1)
        if before is not None and now - before < 1 / rate:
            raise refusals.control_rate()
        self._last_call[name, region_name] = now
