"""One DynamoDB table: its client, and what is asked of it."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from sesguard._one_per_process import OnePerProcess
from sesguard.errors import ConfigurationError, StoreError
from sesguard.ports import Clock
from sesguard.stores.dynamodb_faults import cancelled_for, failed
from sesguard.stores.dynamodb_items import ID, Item

__all__ = ["MOST", "Action", "DynamoDBClient", "DynamoDBTable", "pause"]

Action: TypeAlias = Mapping[str, Mapping[str, object]]
"""``Put`` or ``Delete``, and its options but the table's name."""

MOST = 100
"""
Items in one request.

Source: DynamoDB API Reference, "BatchGetItem" and "TransactWriteItems".
"""

_ROUNDS = 8
"""How often what DynamoDB left unanswered is asked for."""


class DynamoDBClient(Protocol):
    """The methods of boto3's client that are called."""

    def batch_get_item(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def transact_write_items(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def scan(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def create_table(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def describe_table(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def describe_time_to_live(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def update_time_to_live(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def close(self) -> None: ...


class DynamoDBTable:
    """
    A table, asked through one client a process.

    Args:
        name: Its name.

        boto3_client: A client for ``dynamodb`` to use instead of one of our own.

        clock: Waits before a request is repeated.
    """

    def __init__(
        self,
        name: str,
        *,
        boto3_client: DynamoDBClient | None,
        boto3_session: object,
        region_name: str | None,
        endpoint_url: str | None,
        clock: Clock,
    ) -> None:
        if not name:
            raise ConfigurationError("table_name= is the name of a DynamoDB table.")
        if boto3_client is not None and any((boto3_session, region_name, endpoint_url)):
            raise ConfigurationError(
                "boto3_client= brings its own session, region and endpoint. Give it alone."
            )
        self.name: str = name
        self.where: str = f"The table {name}"
        self.clock: Clock = clock
        self._given = boto3_client
        self._session = boto3_session
        self._region = region_name
        self._endpoint = endpoint_url
        self._pid = os.getpid()
        self._own = OnePerProcess(self._make)

    def read(self, ids: Sequence[str]) -> dict[str, Item]:
        """
        The items of up to `MOST` different ids as they stand now; an id without one is left out.

        Raises:
            StoreError: They cannot all be read.
        """
        found: dict[str, Item] = {}
        keys: object = [{ID: {"S": id}} for id in ids]
        for round in range(_ROUNDS):
            asked = {self.name: {"Keys": keys, "ConsistentRead": True}}
            answer = self.ask("BatchGetItem", partial(_batch_get_item, asked))
            try:
                # Without these two it is no answer, and not one that nothing is there.
                for item in answer["Responses"].get(self.name, ()):
                    found[item[ID]["S"]] = item
                left = answer["UnprocessedKeys"].get(self.name)
                keys = left["Keys"] if left else ()
            except (KeyError, TypeError, AttributeError):
                raise self.odd("BatchGetItem") from None
            if not keys:
                return found
            self.clock.sleep(pause(round))
        raise StoreError(
            f"{self.where} left keys unanswered {_ROUNDS} times over, so that nobody knows what "
            "is under them. Try again later, and look whether the table is throttled."
        )

    def write(self, actions: Sequence[Action]) -> bool:
        """
        Carry out all of up to `MOST` actions, or none.

        By its token DynamoDB knows a request that boto3 repeats after a lost answer.

        Returns:
            False where another has written one of the items in the meantime.

        Raises:
            StoreError: They cannot be written.

        Source:
            DynamoDB API Reference, "TransactWriteItems", ClientRequestToken: ten minutes.
        """
        items = [
            {kind: {"TableName": self.name, **options} for kind, options in action.items()}
            for action in actions
        ]
        token = uuid.uuid4().hex

        def write(client: DynamoDBClient) -> Mapping[str, Any]:
            try:
                return client.transact_write_items(TransactItems=items, ClientRequestToken=token)
            except ClientError as error:
                if cancelled_for(error) == "":
                    return {"cancelled": True}
                raise

        return "cancelled" not in self.ask("TransactWriteItems", write)

    def scan(
        self, after: str | None, *, limit: int, prefix: str = ""
    ) -> tuple[Sequence[Item], str | None]:
        """
        Items whose ids begin with *prefix*, of the next *limit* that stand there.

        Returns:
            Them, and the id to go on after; None at the end.

        Raises:
            StoreError: They cannot be read.
        """
        options: dict[str, object] = {"TableName": self.name, "ConsistentRead": True}
        if after is not None:
            options["ExclusiveStartKey"] = {ID: {"S": after}}
        if prefix:
            options["FilterExpression"] = "begins_with(#id, :prefix)"
            options["ExpressionAttributeNames"] = {"#id": ID}
            options["ExpressionAttributeValues"] = {":prefix": {"S": prefix}}
        answer = self.ask("Scan", lambda client: client.scan(Limit=limit, **options))
        try:
            last = answer.get("LastEvaluatedKey")
            return answer["Items"], last[ID]["S"] if last else None
        except (KeyError, TypeError):
            raise self.odd("Scan") from None

    def ask(
        self, action: str, call: Callable[[DynamoDBClient], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """
        Call the client.

        Raises:
            StoreError: DynamoDB refused, or did not answer.

            ConfigurationError: No credentials or no region, or a client that came through a fork.
        """
        if self._given is not None and self._pid != os.getpid():
            # On a connection of the parent's, one would read what the other has asked for.
            raise ConfigurationError(
                "boto3_client= was made before this process was forked. Give boto3_session=, or "
                "nothing, and each process makes its own."
            )
        try:
            return call(self._own.get() if self._given is None else self._given)
        except Exception as error:  # whatever botocore's parsers make of an answer that is none
            raise failed(error, action, self.where) from None

    def odd(self, action: str) -> StoreError:
        """The error for an answer that is none."""
        return StoreError(
            f"{self.where}: what came back from {action} is no answer of DynamoDB's. Check "
            "endpoint_url= and what stands between, and try again."
        )

    def close(self) -> None:
        """Close our own client. A later call makes another one."""
        self._own.close()

    def _make(self) -> DynamoDBClient:
        session = cast("Any", self._session or boto3.Session())
        made = session.client(
            "dynamodb",
            region_name=self._region,
            endpoint_url=self._endpoint,
            config=Config(
                connect_timeout=5.0,
                read_timeout=10.0,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
        )
        return cast(DynamoDBClient, made)


def _batch_get_item(asked: Mapping[str, object], client: DynamoDBClient) -> Mapping[str, Any]:
    return client.batch_get_item(RequestItems=asked)


def pause(round: int) -> float:
    """Seconds to wait before the next try: doubled each time, a second at most, with jitter."""
    return min(0.02 * 2.0**round, 1.0) * (0.5 + 0.5 * random.random())
