"""How a table for a suppression list is made, and looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from botocore.exceptions import ClientError

from sesguard.errors import StoreError
from sesguard.stores.dynamodb_faults import code_of
from sesguard.stores.dynamodb_items import ID, TTL
from sesguard.stores.dynamodb_table import DynamoDBClient, DynamoDBTable

__all__ = ["check", "make"]

_LONGEST = 120
"""Seconds for which a table is waited for."""


def make(table: DynamoDBTable) -> None:
    """
    Make the table unless it is there, wait for it, and have it delete what has run out.

    Raises:
        StoreError: It cannot be made, or what is there cannot be used.
    """
    table.ask("CreateTable", lambda client: _created(client, table.name))
    for _ in range(_LONGEST):
        if _description(table, is_new=True).get("TableStatus") == "ACTIVE":
            break
        table.clock.sleep(1.0)
    _check_keys(table)
    if _ttl(table).get("TimeToLiveStatus") in ("DISABLED", "DISABLING"):
        wanted = {"Enabled": True, "AttributeName": TTL}
        table.ask(
            "UpdateTimeToLive",
            lambda client: client.update_time_to_live(
                TableName=table.name, TimeToLiveSpecification=wanted
            ),
        )
    check(table)


def check(table: DynamoDBTable) -> None:
    """
    See that the table is as this store needs it.

    Raises:
        StoreError: It is not, or cannot be looked at. The message says what is wrong.
    """
    _check_keys(table)
    found = _ttl(table)
    if found.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        raise StoreError(
            f"{table.where} does not delete what has run out, so it grows with every event: "
            f"store.create_table() turns on its time to live, on the attribute {TTL}."
        )
    if found.get("AttributeName") != TTL:
        raise StoreError(
            f"{table.where} deletes items by another attribute than {TTL}: turn that off, and "
            "give the store a table of its own."
        )


def _created(client: DynamoDBClient, name: str) -> Mapping[str, Any]:
    try:
        return client.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": ID, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": ID, "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except ClientError as error:
        if code_of(error) != "ResourceInUseException":
            raise
        return {}  # it is there, or another process makes it


def _check_keys(table: DynamoDBTable) -> None:
    found = _description(table)
    if found.get("TableStatus") not in ("ACTIVE", "UPDATING"):
        raise StoreError(
            f"{table.where} is {found.get('TableStatus', 'not there yet')}: try again when it is "
            "ACTIVE."
        )
    keys = [(one["AttributeName"], one["KeyType"]) for one in found.get("KeySchema", ())]
    types = {
        one["AttributeName"]: one["AttributeType"] for one in found.get("AttributeDefinitions", ())
    }
    if keys != [(ID, "HASH")] or types.get(ID) != "S":
        raise StoreError(
            f"{table.where} has other keys than this store's, a partition key {ID} that is a "
            "string and no sort key: give the store a table that store.create_table() has made."
        )


def _description(table: DynamoDBTable, *, is_new: bool = False) -> Mapping[str, Any]:
    """What the table is; nothing where it *is_new* and not seen everywhere yet."""

    def describe(client: DynamoDBClient) -> Mapping[str, Any]:
        try:
            return client.describe_table(TableName=table.name)
        except ClientError as error:
            if not is_new or code_of(error) != "ResourceNotFoundException":
                raise
            return {"Table": {}}

    return _part(table, table.ask("DescribeTable", describe), "DescribeTable", "Table")


def _ttl(table: DynamoDBTable) -> Mapping[str, Any]:
    answer = table.ask(
        "DescribeTimeToLive", lambda client: client.describe_time_to_live(TableName=table.name)
    )
    return _part(table, answer, "DescribeTimeToLive", "TimeToLiveDescription")


def _part(
    table: DynamoDBTable, answer: Mapping[str, Any], action: str, name: str
) -> Mapping[str, Any]:
    found = answer.get(name)
    if not isinstance(found, Mapping):
        raise table.odd(action)
    return cast("Mapping[str, Any]", found)
