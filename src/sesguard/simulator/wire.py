"""Puts the simulator behind boto3's clients, and holds its answers to AWS's service models."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeAlias, cast

import botocore.session
from botocore import loaders, validate
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from sesguard.simulator.faults import ENDPOINT
from sesguard.simulator.operations import OPERATIONS
from sesguard.simulator.operations.sending import OPERATIONS as SENDS
from sesguard.simulator.refusals import GENERIC_CODES, Refusal
from sesguard.simulator.service import Service
from sesguard.simulator.vocabulary import check_words

__all__ = ["ClientMaker", "answer_clients", "attach"]

_SERVICES = ("ses", "sesv2")
_PARAMETERS = "sesguard_parameters"

_CONTROLS = OPERATIONS.keys() - SENDS.keys()

_NEWER = frozenset(("SigningHostedZone",))
"""Members that botocore learned of since the oldest one that is supported."""

_ONE_TEXT = ("SendEmail", "SendRawEmail", "SendTemplatedEmail")
"""Operations whose answer is a MessageId and nothing else, in both APIs."""

_Model: TypeAlias = Any
"""An operation or a shape of botocore's, whose members are made at run time and have no types."""


@cache
def _loader() -> Any:
    """Reads the service models, once a process: it takes longer than all the rest."""
    return cast("Any", loaders).create_loader()


class ClientMaker:
    """
    Makes boto3's clients in an environment of their own.

    No profile, configuration file or variable of the machine is looked at, credentials are none,
    and the endpoint cannot exist.
    """

    def __init__(self) -> None:
        nothing = (None, None, None, None)
        names = ("profile", "config_file", "credentials_file")
        self._session = cast("Any", botocore.session.Session(dict.fromkeys(names, nothing)))
        self._session.register_component("data_loader", _loader())
        self._lock = threading.Lock()

    def make(self, service_name: str, region_name: str) -> Any:
        """A client that makes one attempt. Nobody answers it yet."""
        with self._lock:  # a session makes one client at a time
            return self._session.create_client(
                service_name,
                region_name=region_name,
                endpoint_url=ENDPOINT,
                aws_access_key_id="simulated",
                aws_secret_access_key="simulated",
                config=cast("Any", Config)(
                    retries={"mode": "standard", "total_max_attempts": 1},
                    user_agent="sesguard-simulator",  # to write botocore's takes a sixth of a call
                    defaults_mode="legacy",
                    use_fips_endpoint=False,
                    use_dualstack_endpoint=False,
                ),
            )


def attach(client: Any, service: Service) -> None:
    """
    Let a boto3 client for ``ses`` or ``sesv2`` be answered by *service*.

    The parameters are checked and serialised by botocore first, as they would be; signing, HTTP
    and retries lie behind the event that is answered here, and are never reached.
    """
    region: str = client.meta.region_name
    patience: float | None = client.meta.config.read_timeout

    def remember(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        context[_PARAMETERS] = params

    def answer(
        model: _Model, context: dict[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]]:
        parameters = context.pop(_PARAMETERS)
        return _answer(service, model, parameters, region, patience)

    hooks = client.meta.events
    for event, hook in (("before-parameter-build", remember), ("before-call", answer)):
        name = f"sesguard {event}"
        hooks.unregister(event, unique_id=name)  # a simulator's that is open around this one
        hooks.register_first(event, hook, unique_id=name)


@contextmanager
def answer_clients(service: Service, region: str) -> Generator[None, None, None]:
    """
    Attach every client for ``ses`` and ``sesv2`` that is made meanwhile, whoever makes it.

    Such clients need no credentials and no region: where none is set, they get *region*.
    """
    session = cast("Any", botocore.session.Session)
    original: Callable[..., Any] = session.create_client

    def create_client(self: Any, service_name: str, *args: Any, **options: Any) -> Any:
        if service_name not in _SERVICES:
            return original(self, service_name, *args, **options)
        if not args and options.get("region_name") is None:
            options["region_name"] = self.get_config_variable("region") or region
        if options.get("aws_access_key_id") is None:
            options |= {"aws_access_key_id": "simulated", "aws_secret_access_key": "simulated"}
        client = original(self, service_name, *args, **options)
        attach(client, service)
        return client

    session.create_client = create_client
    try:
        yield
    finally:
        session.create_client = original


def _answer(
    service: Service,
    model: _Model,
    parameters: Mapping[str, Any],
    region: str,
    patience: float | None,
) -> tuple[AWSResponse, dict[str, Any]]:
    api: str = model.service_model.service_name
    status = 200
    try:
        if f"{api}.{model.name}" in _CONTROLS:
            check_words(parameters, model.input_shape)
        answer = service.call(api, model.name, parameters, region, patience=patience)
        parsed = _known_here(answer, model.output_shape)
        _check_answer(parsed, model)
    except Refusal as refusal:
        status = refusal.status(api)
        parsed = _error(refusal, api)
        _check_error(refusal, model)
    parsed["ResponseMetadata"] = {
        "RequestId": service.world.identifiers.request(model.name),
        "HTTPStatusCode": status,
        "HTTPHeaders": {},
        "RetryAttempts": 0,
    }
    return AWSResponse(ENDPOINT, status, HTTPHeaders(), None), parsed


def _error(refusal: Refusal, api: str) -> dict[str, Any]:
    """As botocore's parsers make it: v1 tells whose fault it was, v2 has the message twice."""
    message = refusal.message(api)
    error = {"Code": refusal.code(api), "Message": message}
    if api == "sesv2":
        return {"Error": error, "message": message}
    side = "Sender" if refusal.status(api) < 500 else "Receiver"
    return {"Error": {"Type": side, **error}}


def _check_answer(parsed: Mapping[str, Any], model: _Model) -> None:
    """
    Raises:
        AssertionError: The simulator is wrong: AWS's model knows no such answer.
    """
    shape: _Model = model.output_shape
    if model.name in _ONE_TEXT and len(parsed) == 1 and _is_text(parsed.get("MessageId")):
        return  # the answer to nearly every call, and what follows takes longer than the mail
    if shape is None:
        if parsed:
            raise AssertionError(f"the simulator's answer to {model.name}: it answers nothing")
        return
    report = cast("Any", validate.ParamValidator()).validate(dict(parsed), shape)
    wrong: list[str] = [report.generate_report()] if report.has_errors() else []
    wrong += [f"{path} is not in the model" for path in _unknown(parsed, shape, model.name)]
    if wrong:
        raise AssertionError(f"the simulator's answer to {model.name}: {'; '.join(wrong)}")


def _is_text(value: object) -> bool:
    return type(value) is str and bool(value)


def _known_here(value: Any, shape: _Model) -> Any:
    """Without what the oldest botocore that is supported has no name for: its parser skips it."""
    if shape is None or shape.type_name != "structure":
        return value
    return {
        name: _known_here(member, shape.members.get(name))
        for name, member in value.items()
        if name in shape.members or name not in _NEWER
    }


def _unknown(value: Any, shape: _Model, path: str) -> Iterator[str]:
    """Members that the model does not have; botocore's validator lets them pass."""
    kind = shape.type_name
    if kind == "structure":
        for name, member in value.items():
            if name in shape.members:
                yield from _unknown(member, shape.members[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif kind == "list":
        for item in value:
            yield from _unknown(item, shape.member, path)
    elif kind == "map":
        for item in value.values():
            yield from _unknown(item, shape.value, path)


def _check_error(refusal: Refusal, model: _Model) -> None:
    """
    Raises:
        AssertionError: The simulator is wrong: the operation has no such error.
    """
    api: str = model.service_model.service_name
    code, status = refusal.code(api), refusal.status(api)
    if code in GENERIC_CODES[api]:
        return
    for shape in model.error_shapes:
        declared = cast("Mapping[str, Any]", shape.metadata.get("error", {}))
        if declared.get("code", shape.name) == code and declared["httpStatusCode"] == status:
            return
    raise AssertionError(f"{model.name} has no error {code} with HTTP status {status}")
