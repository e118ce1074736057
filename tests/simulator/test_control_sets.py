"""Configuration sets and their options, in either API."""

from __future__ import annotations

from typing import Any

import pytest

from sesguard.simulator import Simulator
from tests.simulator.controls import both, pages, refused
from tests.simulator.test_simulator import kinds, send


def made(sim: Simulator, **options: Any) -> Any:
    """A client of API v2 whose account has a set of the name "main"."""
    v2, _ = both(sim)
    v2.create_configuration_set(ConfigurationSetName="main", **options)
    return v2


def shown(v2: Any) -> dict[str, Any]:
    answer: dict[str, Any] = v2.get_configuration_set(ConfigurationSetName="main")
    return answer


def test_a_new_set_sends_and_has_no_options_of_its_own() -> None:
    """GetConfigurationSet of one that was created without any."""
    answer = shown(made(Simulator()))
    del answer["ResponseMetadata"]
    assert answer == {
        "ConfigurationSetName": "main",
        "SendingOptions": {"SendingEnabled": True},
        "ReputationOptions": {"ReputationMetricsEnabled": False},
        "Tags": [],
    }


def test_options_may_be_given_when_it_is_created() -> None:
    """CreateConfigurationSet with all of them, and GetConfigurationSet shows them again."""
    options: dict[str, Any] = {
        "TrackingOptions": {"CustomRedirectDomain": "click.example.com"},
        "DeliveryOptions": {"TlsPolicy": "REQUIRE", "MaxDeliverySeconds": 300},
        "ReputationOptions": {"ReputationMetricsEnabled": True},
        "SendingOptions": {"SendingEnabled": False},
        "SuppressionOptions": {"SuppressedReasons": ["COMPLAINT"]},
        "VdmOptions": {"DashboardOptions": {"EngagementMetrics": "ENABLED"}},
        "Tags": [{"Key": "team", "Value": "blue"}],
    }
    answer = shown(made(Simulator(), **options))
    assert {name: answer[name] for name in options} == options


def test_options_may_be_put_one_by_one() -> None:
    """PutConfigurationSet…Options: each replaces its own group."""
    v2 = made(Simulator())
    name = {"ConfigurationSetName": "main"}
    v2.put_configuration_set_sending_options(**name, SendingEnabled=False)
    v2.put_configuration_set_suppression_options(**name, SuppressedReasons=["BOUNCE"])
    v2.put_configuration_set_reputation_options(**name, ReputationMetricsEnabled=True)
    v2.put_configuration_set_delivery_options(**name, TlsPolicy="REQUIRE", MaxDeliverySeconds=50400)
    v2.put_configuration_set_tracking_options(
        **name, CustomRedirectDomain="a.example.com", HttpsPolicy="REQUIRE"
    )
    answer = shown(v2)
    assert answer["SendingOptions"] == {"SendingEnabled": False}
    assert answer["SuppressionOptions"] == {"SuppressedReasons": ["BOUNCE"]}
    assert answer["ReputationOptions"] == {"ReputationMetricsEnabled": True}
    assert answer["DeliveryOptions"] == {"TlsPolicy": "REQUIRE", "MaxDeliverySeconds": 50400}
    tracking = {"CustomRedirectDomain": "a.example.com", "HttpsPolicy": "REQUIRE"}
    assert answer["TrackingOptions"] == tracking
    v2.put_configuration_set_delivery_options(**name)
    v2.put_configuration_set_tracking_options(**name)
    v2.put_configuration_set_suppression_options(**name)
    answer = shown(v2)
    assert answer["DeliveryOptions"] == {}
    assert "TrackingOptions" not in answer
    assert answer["SuppressionOptions"] == {"SuppressedReasons": []}


def test_its_reasons_go_before_the_accounts() -> None:
    """An entry is stopped by the set's SuppressedReasons, whatever the account's are."""
    sim = Simulator()
    v2 = made(sim)
    sim.suppress("ann@example.org")
    send(sim, ConfigurationSetName="main")
    v2.put_configuration_set_suppression_options(ConfigurationSetName="main", SuppressedReasons=[])
    send(sim, ConfigurationSetName="main")
    send(sim)
    told = [kind for kind in kinds(sim) if kind in ("Bounce", "Delivery")]
    assert told == ["Bounce", "Delivery", "Bounce"]


def test_a_scope_alone_leaves_the_reasons_to_its_list() -> None:
    """PutConfigurationSetSuppressionOptions with SuppressionScope, where botocore has it."""
    v2 = made(Simulator())
    model = v2.meta.service_model.operation_model("PutConfigurationSetSuppressionOptions")
    if "SuppressionScope" not in model.input_shape.members:
        pytest.skip("this botocore is older than SuppressionScope")
    v2.put_configuration_set_suppression_options(
        ConfigurationSetName="main", SuppressionScope="TENANT"
    )
    assert shown(v2)["SuppressionOptions"] == {"SuppressionScope": "TENANT"}


def test_both_apis_see_the_same_sets() -> None:
    """Created in one, deleted in the other, refused in the words of each."""
    v2, v1 = both(Simulator())
    v1.create_configuration_set(ConfigurationSet={"Name": "main"})
    message = "Configuration set <main> already exists."
    with refused("AlreadyExistsException", says=message):
        v2.create_configuration_set(ConfigurationSetName="main")
    with refused("ConfigurationSetAlreadyExists", says=message):
        v1.create_configuration_set(ConfigurationSet={"Name": "main"})
    v2.delete_configuration_set(ConfigurationSetName="main")
    message = "Configuration set <main> does not exist."
    with refused("ConfigurationSetDoesNotExist", says=message):
        v1.delete_configuration_set(ConfigurationSetName="main")
    with refused("NotFoundException", 404, message):
        v2.get_configuration_set(ConfigurationSetName="main")
    with pytest.raises(v1.exceptions.ConfigurationSetDoesNotExistException):
        v1.describe_configuration_set(ConfigurationSetName="main")


@pytest.mark.parametrize(
    "name", ["put_configuration_set_sending_options", "put_configuration_set_tracking_options",
             "put_configuration_set_suppression_options", "delete_configuration_set",
             "put_configuration_set_reputation_options", "put_configuration_set_delivery_options",
             "get_configuration_set_event_destinations"],
)  # fmt: skip
def test_a_set_that_is_not_there_has_no_options(name: str) -> None:
    """NotFoundException, 404, also where mails may name any set."""
    v2, _ = both(Simulator())
    with refused("NotFoundException", 404, "Configuration set <main> does not exist."):
        getattr(v2, name)(ConfigurationSetName="main")


@pytest.mark.parametrize("name", ["", "with space", "a" * 65, "ä", "a.b"])
def test_names_are_short_and_plain(name: str) -> None:
    """Up to 64 letters, digits, underscores and hyphens; else v1 says InvalidConfigurationSet."""
    v2, v1 = both(Simulator())
    with refused("BadRequestException", says="up to 64 characters"):
        v2.create_configuration_set(ConfigurationSetName=name)
    with refused("InvalidConfigurationSet", says="up to 64 characters"):
        v1.create_configuration_set(ConfigurationSet={"Name": name})
    v2.create_configuration_set(ConfigurationSetName="a_-" + "Z" * 61)


def test_bad_options_are_refused_and_nothing_is_made() -> None:
    """Delivery within 50400 s, a pool that is there, a domain that is verified."""
    sim = Simulator(identities=["example.com"])
    v2, _ = both(sim)
    bad: list[tuple[dict[str, Any], str]] = [
        ({"DeliveryOptions": {"MaxDeliverySeconds": 50401}}, "less than or equal to 50400"),
        ({"DeliveryOptions": {"SendingPoolName": "ours"}}, "SendingPool <ours> doesn't exist"),
        ({"DeliveryOptions": {"TlsPolicy": "MAYBE"}}, "'deliveryOptions.tlsPolicy' failed"),
        ({"TrackingOptions": {"CustomRedirectDomain": ""}}, "must be specified"),
        ({"TrackingOptions": {"CustomRedirectDomain": "a.example.org"}}, "is not verified"),
        ({"SuppressionOptions": {"SuppressedReasons": ["X"]}}, "[BOUNCE, COMPLAINT]"),
    ]
    for options, says in bad:
        with refused("BadRequestException", says=says):
            v2.create_configuration_set(ConfigurationSetName="main", **options)
    assert v2.list_configuration_sets()["ConfigurationSets"] == []
    v2.create_configuration_set(
        ConfigurationSetName="main", TrackingOptions={"CustomRedirectDomain": "a.Example.com"}
    )


def test_a_domain_that_is_pending_does_not_track() -> None:
    """PutConfigurationSetTrackingOptions: only a verified one, where SES would take any sender."""
    sim = Simulator()
    v2 = made(sim)
    v2.create_email_identity(EmailIdentity="example.com")
    with refused("BadRequestException", says="Domain <example.com> is not verified"):
        v2.put_configuration_set_tracking_options(
            ConfigurationSetName="main", CustomRedirectDomain="example.com"
        )
    sim.verify("example.com")
    v2.put_configuration_set_tracking_options(
        ConfigurationSetName="main", CustomRedirectDomain="example.com"
    )


def test_sets_that_the_simulator_was_given_are_there() -> None:
    """``configuration_sets=`` are listed, can be changed, and can be deleted."""
    sim = Simulator(configuration_sets=["old", "new"])
    v2, _ = both(sim)
    assert v2.list_configuration_sets()["ConfigurationSets"] == ["new", "old"]
    v2.delete_configuration_set(ConfigurationSetName="old")
    assert v2.list_configuration_sets()["ConfigurationSets"] == ["new"]
    v2.put_configuration_set_sending_options(ConfigurationSetName="new", SendingEnabled=False)
    with refused("NotFoundException", 404):
        v2.get_configuration_set(ConfigurationSetName="old")


def test_sets_are_listed_in_pages() -> None:
    """ListConfigurationSets: 50 a page, fewer if asked; by a part of the name."""
    v2, _ = both(Simulator())
    for n in range(60):
        v2.create_configuration_set(ConfigurationSetName=f"set-{n:02}")
    listed = pages(v2.list_configuration_sets, "ConfigurationSets")
    assert [len(page) for page in listed] == [50, 10]
    assert listed[0][0] == "set-00"
    model = v2.meta.service_model.operation_model("ListConfigurationSets")
    if "Filter" in model.input_shape.members:
        part = {"CONFIGURATION_SET_NAME_CONTAINS": "ET-5"}
        assert len(v2.list_configuration_sets(Filter=part)["ConfigurationSets"]) == 10
    with refused("BadRequestException", says="Invalid NextToken <x>."):
        v2.list_configuration_sets(NextToken="x")
