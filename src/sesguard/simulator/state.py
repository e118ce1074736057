"""What the simulated account holds, region by region."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sesguard._frozen import FrozenMapping
from sesguard.ports import Clock
from sesguard.simulator.feedback.publishing import Publisher
from sesguard.simulator.feedback.reactions import Delays
from sesguard.simulator.identifiers import Identifiers
from sesguard.simulator.later import Later
from sesguard.simulator.limits import Limits
from sesguard.simulator.mailboxes import Mailboxes
from sesguard.simulator.mails.offers import SentMail
from sesguard.simulator.reputation import Reputation
from sesguard.simulator.statistics import Statistics
from sesguard.simulator.stop_lists import SuppressionList
from sesguard.suppression import Reason

__all__ = [
    "Call",
    "ConfigurationSet",
    "Contact",
    "ContactList",
    "EventDestination",
    "Identity",
    "Region",
    "Standing",
    "StoredTemplate",
    "Tenant",
    "World",
]


@dataclass(slots=True)
class Standing:
    """How the account stands with AWS, and with its owner. May be changed at any time."""

    sandbox: bool
    sending_enabled: bool = True
    enforcement_status: str = "HEALTHY"


@dataclass(slots=True)
class Identity:
    """
    A domain or an address to send from.

    Attributes:
        name: As it was created: for an address its case counts.

        verified: Whether SES has seen its records, or its owner has clicked.

        topics: SNS topics of feedback, by ``Bounce``, ``Complaint`` and ``Delivery``.

        headers_in: For which of those the notification has the mail's headers.

        attributes: All else that operations set, in API v2's own names and shapes.
    """

    name: str
    created_at: datetime
    verified: bool = False
    configuration_set: str | None = None
    forwarding: bool = True
    topics: dict[str, str] = field(default_factory=dict[str, str])
    headers_in: set[str] = field(default_factory=set[str])
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class EventDestination:
    """
    Where the events of a configuration set go.

    Attributes:
        kinds: Which, in the words of the wire: ``Bounce``, ``Rendering Failure``.

        target: API v2's own member for it, such as ``{"SnsDestination": {"TopicArn": …}}``.
    """

    name: str
    enabled: bool
    kinds: frozenset[str]
    target: Mapping[str, Any]

    @property
    def topic_arn(self) -> str | None:
        """The SNS topic, where it is one."""
        sns: Mapping[str, str] = self.target.get("SnsDestination", FrozenMapping[str, str]())
        return sns.get("TopicArn")


@dataclass(slots=True)
class ConfigurationSet:
    """
    Options for the mails that name it.

    Attributes:
        suppressed_reasons: For which reasons SES's list stops its mails; None: the account's.

        destinations: By name.

        options: All else that operations set, in API v2's own names and shapes.
    """

    name: str
    sending_enabled: bool = True
    suppressed_reasons: tuple[Reason, ...] | None = None
    destinations: dict[str, EventDestination] = field(default_factory=dict[str, EventDestination])
    options: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A template that SES fills in."""

    name: str
    created_at: datetime
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    tags: tuple[Mapping[str, str], ...] = ()


@dataclass(slots=True)
class Contact:
    """
    Somebody on a contact list.

    Attributes:
        preferences: ``OPT_IN`` or ``OPT_OUT`` by topic, where it was said.
    """

    address: str
    created_at: datetime
    updated_at: datetime
    unsubscribe_all: bool = False
    preferences: dict[str, str] = field(default_factory=dict[str, str])
    attributes_data: str | None = None


@dataclass(slots=True)
class ContactList:
    """
    People, and the topics that they may want.

    Attributes:
        topics: By name, in API v2's own shape, in order.

        contacts: By the address in lower case.
    """

    name: str
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    topics: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    contacts: dict[str, Contact] = field(default_factory=dict[str, Contact])
    tags: tuple[Mapping[str, str], ...] = ()


@dataclass(slots=True)
class Tenant:
    """
    Somebody for whom the account sends.

    Attributes:
        suppressed: Its own list.

        scope: Whose list stops its mails: ``ACCOUNT`` or ``TENANT``.
    """

    name: str
    suppressed: SuppressionList
    scope: str = "ACCOUNT"


@dataclass(slots=True)
class Region:
    """
    One region of the account: nothing of it is shared with another region.

    Attributes:
        known_identities: Verified without having been created; None: every sender is, out of the
            sandbox.

        known_sets: Configuration sets that are there without having been created; None: any is.

        account: What operations set for all of the account here, in API v2's own names and shapes.

        reputation: Judges what is mailed; None: nobody does.

        jobs: Import jobs as GetImportJob shows them, by id.
    """

    name: str
    limits: Limits
    standing: Standing
    statistics: Statistics
    suppressed: SuppressionList
    known_identities: Collection[str] | None
    known_sets: Collection[str] | None
    identities: dict[str, Identity] = field(default_factory=dict[str, Identity])
    configuration_sets: dict[str, ConfigurationSet] = field(
        default_factory=dict[str, ConfigurationSet]
    )
    templates: dict[str, StoredTemplate] = field(default_factory=dict[str, StoredTemplate])
    contact_lists: dict[str, ContactList] = field(default_factory=dict[str, ContactList])
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    tenants: dict[str, Tenant] = field(default_factory=dict[str, Tenant])
    account: dict[str, Any] = field(default_factory=dict[str, Any])
    reputation: Reputation | None = None

    def tenant(self, name: str) -> Tenant:
        """The tenant of that name: any is there."""
        if name not in self.tenants:
            both = SuppressionList((Reason.BOUNCE, Reason.COMPLAINT), "tenant")
            self.tenants[name] = Tenant(name, both)
        return self.tenants[name]

    def configuration_set(self, name: str | None) -> ConfigurationSet | None:
        """
        The set of that name, or one without options where any name will do.

        None: there is none of that name, or no name.
        """
        if name is None:
            return None
        found = self.configuration_sets.get(name)
        if found is None and (self.known_sets is None or name in self.known_sets):
            return ConfigurationSet(name)
        return found


@dataclass(slots=True)
class World:
    """
    What all regions share: time, people, and what was done.

    Attributes:
        mailboxes: What becomes of mail, by recipient.

        later: What is put off until the clock moves on.

        delays: Whose mail servers are slow.

        outbox: What was taken, in order.

        calls: How often each operation was called.

        files: What import jobs find in S3: text by URL.
    """

    clock: Clock
    identifiers: Identifiers
    mailboxes: Mailboxes
    publisher: Publisher
    later: Later
    new_region: Callable[[str], Region]
    delays: Delays = field(default_factory=Delays)
    outbox: list[SentMail] = field(default_factory=list[SentMail])
    calls: Counter[str] = field(default_factory=Counter[str])
    regions: dict[str, Region] = field(default_factory=dict[str, Region])
    files: dict[str, str] = field(default_factory=dict[str, str])

    def region(self, name: str) -> Region:
        """A region of the account. One that was never used is as new."""
        if name not in self.regions:
            self.regions[name] = self.new_region(name)
        return self.regions[name]


@dataclass(frozen=True, slots=True)
class Call:
    """
    One call of an operation.

    Attributes:
        api: ``ses`` or ``sesv2``.

        operation: Such as ``SendEmail``.

        parameters: As they were given to boto3, which has checked them.
    """

    api: str
    operation: str
    parameters: Mapping[str, Any]
    region: Region
    world: World

    @property
    def now(self) -> datetime:
        """Aware UTC."""
        return self.world.clock.now()
