"""SES's own list, as API v2 shows and changes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sesguard.simulator import SimulatedClock, Simulator
from sesguard.suppression import Reason
from tests.simulator.controls import both, pages, refused
from tests.simulator.test_simulator import kinds, send

START = datetime(2026, 3, 1, tzinfo=UTC)


def put(v2: Any, *addresses: str, reason: str = "BOUNCE") -> None:
    for address in addresses:
        v2.put_suppressed_destination(EmailAddress=address, Reason=reason)


def test_an_entry_comes_back_as_it_was_put() -> None:
    """GetSuppressedDestination: address, reason and time; no ids where no mail did it."""
    sim = Simulator(clock=SimulatedClock(START))
    v2, _ = both(sim)
    put(v2, "Ann@Example.org", reason="COMPLAINT")
    assert v2.get_suppressed_destination(EmailAddress="Ann@Example.org")[
        "SuppressedDestination"
    ] == {"EmailAddress": "Ann@Example.org", "Reason": "COMPLAINT", "LastUpdateTime": START}
    assert sim.suppressed == {"Ann@Example.org": Reason.COMPLAINT}


def test_the_case_of_an_entry_counts_for_the_list_and_not_for_mail() -> None:
    """SES keeps the case: Get and Delete want it exactly, and any spelling is not mailed."""
    sim = Simulator()
    v2, _ = both(sim)
    put(v2, "Ann@example.org")
    for call in (v2.get_suppressed_destination, v2.delete_suppressed_destination):
        with refused("NotFoundException", 404, "ann@example.org does not exist on your suppress"):
            call(EmailAddress="ann@example.org")
    send(sim, "ann@example.org")
    assert kinds(sim)[-1] == "Bounce"
    v2.delete_suppressed_destination(EmailAddress="Ann@example.org")
    send(sim, "ann@example.org")
    assert kinds(sim)[-1] == "Delivery"
    with pytest.raises(v2.exceptions.NotFoundException):
        v2.delete_suppressed_destination(EmailAddress="Ann@example.org")


def test_a_second_put_replaces_the_reason() -> None:
    """PutSuppressedDestination overwrites the entry of the same spelling."""
    sim = Simulator(clock=SimulatedClock(START))
    v2, _ = both(sim)
    put(v2, "ann@example.org")
    sim.clock.advance(60)
    put(v2, "ann@example.org", reason="COMPLAINT")
    (entry,) = v2.list_suppressed_destinations()["SuppressedDestinationSummaries"]
    assert (entry["Reason"], entry["LastUpdateTime"]) == (
        "COMPLAINT", START + timedelta(seconds=60),
    )  # fmt: skip


def test_what_a_bounce_brought_there_names_the_mail() -> None:
    """Attributes.MessageId is that of the mail which bounced."""
    sim = Simulator()
    v2, _ = both(sim)
    sim.bounces("gone@example.org")
    message_id = send(sim, "gone@example.org")
    entry = v2.get_suppressed_destination(EmailAddress="gone@example.org")
    assert entry["SuppressedDestination"]["Attributes"]["MessageId"] == message_id


def test_the_list_is_filtered_by_reason_and_time() -> None:
    """ListSuppressedDestinations: Reasons, StartDate and EndDate, as datetime, number or text."""
    sim = Simulator(clock=SimulatedClock(START))
    v2, _ = both(sim)
    put(v2, "a@example.org")
    sim.clock.advance(3600)
    put(v2, "b@example.org", reason="COMPLAINT")
    sim.clock.advance(3600)
    put(v2, "c@example.org")

    def names(**filters: Any) -> list[str]:
        answer = v2.list_suppressed_destinations(**filters)
        return [one["EmailAddress"][0] for one in answer["SuppressedDestinationSummaries"]]

    later = START + timedelta(hours=1)
    assert names() == ["a", "b", "c"]
    assert names(Reasons=["COMPLAINT"]) == ["b"]
    assert names(Reasons=["COMPLAINT", "BOUNCE"]) == ["a", "b", "c"]
    assert names(StartDate=later) == names(StartDate=later.timestamp()) == ["b", "c"]
    assert names(EndDate=later) == names(EndDate=later.isoformat()) == ["a", "b"]
    assert names(StartDate=later, EndDate=later, Reasons=["BOUNCE"]) == []
    with refused("BadRequestException", says="'reasons' failed"):
        names(Reasons=["WHIM"])


def test_the_list_comes_in_pages() -> None:
    """PageSize and NextToken: each once, also if some are taken off meanwhile."""
    v2, _ = both(Simulator())
    addresses = [f"{n:02}@example.org" for n in range(10)]
    put(v2, *reversed(addresses))
    listed = pages(v2.list_suppressed_destinations, "SuppressedDestinationSummaries", PageSize=4)
    assert [len(page) for page in listed] == [4, 4, 2]
    assert [one["EmailAddress"] for page in listed for one in page] == addresses
    first = v2.list_suppressed_destinations(PageSize=4)
    v2.delete_suppressed_destination(EmailAddress="00@example.org")
    v2.delete_suppressed_destination(EmailAddress="03@example.org")
    second = v2.list_suppressed_destinations(PageSize=4, NextToken=first["NextToken"])
    assert second["SuppressedDestinationSummaries"][0]["EmailAddress"] == "04@example.org"


def test_a_token_is_good_for_its_own_list_alone() -> None:
    """InvalidNextTokenException: made up, changed, of other filters, another region or account."""
    sim = Simulator()
    v2, v1 = both(sim)
    other, foreign = both(sim, "eu-west-1")[0], both(Simulator(1))[0]
    for client in (v2, other, foreign):
        put(client, "a@example.org", "b@example.org")
    token = v2.list_suppressed_destinations(PageSize=1)["NextToken"]
    assert "a@example.org" not in token
    tried: list[tuple[Any, dict[str, Any]]] = [
        (v2, {"NextToken": "made up"}),
        (v2, {"NextToken": token[:-8] + "AAAAAAA="}),
        (v2, {"NextToken": "ÿ"}),
        (v2, {"NextToken": token, "Reasons": ["BOUNCE"]}),
        (other, {"NextToken": token}),
        (foreign, {"NextToken": token}),
    ]
    for client, asked in tried:
        with refused("InvalidNextTokenException"):
            client.list_suppressed_destinations(**asked)
    with pytest.raises(v2.exceptions.InvalidNextTokenException):
        v2.list_suppressed_destinations(NextToken="")
    with refused("InvalidParameterValue"):
        v1.list_identities(NextToken=token)


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_a_page_has_from_1_to_1000_entries(size: int) -> None:
    """BadRequestException names the parameter."""
    v2, _ = both(Simulator())
    with refused("BadRequestException", says="PageSize must be between 1 and 1000"):
        v2.list_suppressed_destinations(PageSize=size)


def test_in_the_sandbox_nobody_is_put_on_the_list() -> None:
    """Service quotas: PutSuppressedDestination and CreateImportJob come with production access."""
    sim = Simulator(sandbox=True)
    v2, _ = both(sim)
    with refused("BadRequestException", says="PutSuppressedDestination is not available"):
        put(v2, "ann@example.org")
    with refused("BadRequestException", says="CreateImportJob is not available"):
        v2.create_import_job(
            ImportDestination={
                "SuppressionListDestination": {"SuppressionListImportAction": "PUT"}
            },
            ImportDataSource={"S3Url": "s3://bucket/list.csv", "DataFormat": "CSV"},
        )
    assert v2.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []
    sim.leave_sandbox()
    put(v2, "ann@example.org")


@pytest.mark.parametrize("address", ["", "ann", "@example.org", "ann@", "ann@localhost"])
def test_only_addresses_are_put(address: str) -> None:
    """BadRequestException for what has no form of an address."""
    v2, _ = both(Simulator())
    with refused("BadRequestException", says="is invalid"):
        put(v2, address)


def test_a_reason_is_bounce_or_complaint() -> None:
    """BadRequestException with the two words that there are."""
    v2, _ = both(Simulator())
    with refused("BadRequestException", says="enum value set: [BOUNCE, COMPLAINT]"):
        put(v2, "ann@example.org", reason="MANUAL")


def test_a_tenant_has_a_list_of_its_own() -> None:
    """TenantName: its list and the account's do not see each other, where botocore has it."""
    v2, _ = both(Simulator())
    if not hasattr(v2, "put_tenant_suppression_attributes"):
        pytest.skip("this botocore is older than the lists of tenants")
    ann = {"EmailAddress": "ann@example.org"}
    v2.put_suppressed_destination(**ann, Reason="BOUNCE", TenantName="blue")
    v2.put_tenant_suppression_attributes(
        TenantName="blue", SuppressedReasons=["BOUNCE"], SuppressionScope="TENANT"
    )
    entry = v2.get_suppressed_destination(**ann, TenantName="blue")["SuppressedDestination"]
    assert (entry["TenantName"], entry["Reason"]) == ("blue", "BOUNCE")
    with refused("NotFoundException", 404, "on your suppression list"):
        v2.get_suppressed_destination(**ann)
    with refused("NotFoundException", 404, "on your tenant suppression list"):
        v2.get_suppressed_destination(**ann, TenantName="green")
    assert len(v2.list_suppressed_destinations(TenantName="blue")[
        "SuppressedDestinationSummaries"
    ]) == 1  # fmt: skip
    v2.delete_suppressed_destination(**ann, TenantName="blue")
    with refused("NotFoundException", 404):
        v2.delete_suppressed_destination(**ann, TenantName="blue")
