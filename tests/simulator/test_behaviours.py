"""
What SES does and the simulator does after it: the fixed list, each with its page and its test.

The page is of the SES Developer Guide, unless it names a reference.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent

SIMULATOR, LIMITS, ROUTING = "test_simulator", "test_limits", "test_events_routing"
TEMPLATES, BULK, STOPS = "test_sending_templates", "test_sending_bulk", "test_sending_stops"
SENDERS, SHAPES = "test_sending_senders", "test_sending_shapes"
CONTACTS = "test_sending_contacts"
RECEIVED, REPUTATION = "test_sending_received", "test_sending_reputation"
DELAYS, SUPPRESSION = "test_events_delays", "test_control_suppression"

QUOTAS, IDENTITIES = "Service quotas", "Creating and verifying identities"
SANDBOX, LISTS = "Request production access", "Using subscription management"
MAILBOXES, HEADERS = "Using the mailbox simulator", "Amazon SES header fields"
ACCOUNT_LIST = "Using the account-level suppression list"
GLOBAL_LIST = "Using the Amazon SES global suppression list"
SET_LIST = "Using configuration set-level suppression"
PERSONAL = "Advanced email personalization"
NOTICES = "Amazon SES notification contents"
EVENTS = "Contents of event data that Amazon SES publishes to Amazon SNS"
REVIEW = "Amazon SES sending review process FAQs"
PAUSING = "Pausing email sending"
SEND, BULK_SEND = "API v2 Reference, SendEmail", "API v2 Reference, SendBulkEmail"
STATISTICS = "API Reference, GetSendStatistics"

# What holds, the page that says so, and the test that shows it.
LIST = f"""
a mail counts by its recipients against the rate | {QUOTAS} | {SIMULATOR}.the_rate_is_in_recipients
a mail counts by its recipients against the quota | {QUOTAS} | {SIMULATOR}.the_daily_quota_is_in_recipients_and_comes_back
the quota is of the last 24 hours, and comes back bit by bit | {QUOTAS} | {LIMITS}.the_quota_comes_back_over_24_hours
a mail to many passes while any of the rate is left, and goes into debt | {QUOTAS} | {LIMITS}.a_mail_to_many_goes_into_debt
a quota of -1 is none | API v2 Reference, SendQuota | {LIMITS}.a_quota_of_minus_one_is_none
control operations come once a second | {QUOTAS} | {SIMULATOR}.control_operations_are_limited_on_demand
fifty recipients are the most | {QUOTAS} | {SIMULATOR}.fifty_recipients_are_the_most
10 MB are the most over API v1 | {QUOTAS} | {SIMULATOR}.a_message_over_the_size_is_refused
40 MB are the most over API v2, attachments in base64 | {QUOTAS} | {SHAPES}.forty_megabytes_are_the_most_over_v2
one malformed address refuses the whole mail | {SEND} | {SIMULATOR}.one_malformed_address_refuses_the_whole_mail
a mail needs a recipient of any kind | {SEND} | {SHAPES}.a_mail_needs_a_recipient
content is one of Simple, Raw and Template | {SEND} | {SIMULATOR}.a_request_that_makes_no_mail_is_refused
the headers of raw mail name its recipients, where the request does not | {SEND} | {SIMULATOR}.raw_mail_is_parsed_back
the request goes before the headers of raw mail | {SEND} | {SIMULATOR}.the_destination_of_raw_mail_counts
a line of raw mail has 1,000 characters | API v2 Reference, RawMessage | {SHAPES}.a_line_of_raw_mail_has_a_thousand_characters
raw mail has 500 parts at most | {QUOTAS} | {SHAPES}.five_hundred_parts_are_the_most
some headers may be there once only | {HEADERS} | {SHAPES}.a_header_that_may_be_there_once_is_not_taken_twice
names and values of headers are short and printable | API v2 Reference, MessageHeader | {SHAPES}.names_and_values_of_headers_have_their_limits
a request adds 15 headers at most | API v2 Reference, Message | {SHAPES}.fifteen_headers_are_the_most
tags are of letters, digits, hyphens and underscores | API v2 Reference, MessageTag | {SHAPES}.tags_are_of_letters_digits_and_two_signs
Message-ID and Date are written by SES | {HEADERS} | {RECEIVED}.ses_writes_id_and_date_itself
recipients do not see Bcc, nor what is meant for SES | {HEADERS} | {RECEIVED}.nobody_sees_bcc_or_what_is_for_ses
raw mail names set, tags and tenant in headers; the request goes before | Specifying a configuration set | {SENDERS}.raw_mail_names_set_tags_and_tenant_in_headers
in the sandbox only verified recipients and the mailbox simulator are mailed | {SANDBOX} | {SIMULATOR}.the_sandbox_mails_verified_addresses_and_the_mailbox_simulator
the sandbox has 200 mails a day and 1 a second | {SANDBOX} | {SIMULATOR}.the_sandbox_has_its_own_limits
in the sandbox nobody is put on the suppression list | {QUOTAS} | {SUPPRESSION}.in_the_sandbox_nobody_is_put_on_the_list
an identity counts once it is verified | {IDENTITIES} | {SENDERS}.an_identity_counts_once_it_is_verified
identities are of one region, which the refusal names | {IDENTITIES} | {SENDERS}.identities_are_of_one_region
a domain covers its subdomains, an address its labels, in its case | {IDENTITIES} | {SENDERS}.an_address_counts_in_its_case_and_with_its_labels
a return path is verified too | {IDENTITIES} | {SENDERS}.a_return_path_is_verified_too
a MAIL FROM domain that is not verified may refuse the mail | Using a custom MAIL FROM domain | {SENDERS}.a_mail_from_domain_that_is_not_there_may_refuse_the_mail
an account that is paused or shut down sends nothing | {PAUSING} | {SIMULATOR}.a_paused_or_ended_account_sends_nothing
a paused configuration set refuses its own mail | {PAUSING} | {SENDERS}.a_paused_set_refuses_its_mail_alone
a configuration set that is not there refuses the mail | Using configuration sets | {SENDERS}.a_set_that_is_not_there_refuses_the_mail
an identity may have a configuration set by default | Using configuration sets | {SENDERS}.an_identity_may_have_a_set_by_default
mail to the account's list is taken, and the event tells | {ACCOUNT_LIST} | {SIMULATOR}.ses_keeps_a_list_of_its_own
an entry stops mail while its reason is on | {ACCOUNT_LIST} | {STOPS}.a_listed_reason_counts_while_it_is_on
the reasons of a set go before those of the account | {SET_LIST} | {STOPS}.the_reasons_of_a_set_go_before_those_of_the_account
mail is stopped in any spelling | {ACCOUNT_LIST} | {STOPS}.the_list_stops_any_spelling
the list's operations go by the exact case | {ACCOUNT_LIST} | {SUPPRESSION}.the_case_of_an_entry_counts_for_the_list_and_not_for_mail
the list of a tenant stops its mails, by its scope | API v2 Reference, PutTenantSuppressionAttributes | {STOPS}.the_list_of_a_tenant_stops_its_mails_alone
the list learns of hard bounces and says which mail it was | {ACCOUNT_LIST} | {SUPPRESSION}.what_a_bounce_brought_there_names_the_mail
who has bounced is on the global list for up to 14 days | {GLOBAL_LIST} | {STOPS}.who_has_bounced_is_on_the_global_list_for_14_days
the account's own list goes before the global one | {GLOBAL_LIST} | {STOPS}.the_global_list_does_not_count_beside_the_accounts_own
soft bounces are on no list | {ACCOUNT_LIST} | {STOPS}.soft_bounces_are_on_no_list
a contact who has opted out is not mailed, and the bounce says so | {LISTS} | {CONTACTS}.a_contact_who_has_opted_out_is_not_mailed
mail of a contact list makes contacts | Using list management | {CONTACTS}.a_mail_of_a_list_makes_contacts
links to unsubscribe are put in, two in each body, in place of one's own | {LISTS} | {CONTACTS}.links_to_unsubscribe_are_put_in
only mail to one, not signed by its sender, has them | {LISTS} | {CONTACTS}.only_mail_to_one_unsigned_has_links
a contact list or topic that is not there is refused | Using list management | {CONTACTS}.a_list_that_is_not_there_is_refused
the mailbox simulator answers by label | {MAILBOXES} | {SIMULATOR}.the_mailbox_simulator_answers_by_label
a virus is rejected after a message id, and counts for the quota | {MAILBOXES} | {STOPS}.a_virus_is_rejected_after_a_message_id
a stored template is filled in, and nothing is escaped | {PERSONAL} | {TEMPLATES}.a_stored_template_is_filled_in
an inline template is filled in | Using templates to send personalized email | {TEMPLATES}.an_inline_template_is_filled_in
conditions, loops, paths and partials are known | {PERSONAL} | test_sending_rendering.what_the_guide_shows_is_filled_in
an unknown template is refused | {SEND} | {TEMPLATES}.an_unknown_template_is_refused
a missing attribute is a Rendering Failure after a message id | {EVENTS} | {TEMPLATES}.a_missing_attribute_is_a_rendering_failure_after_a_message_id
each entry of a bulk send is a mail of its own | {BULK_SEND} | {BULK}.each_entry_is_a_mail_of_its_own
the limits stop single entries of a bulk send | {BULK_SEND} | {BULK}.the_limits_stop_single_entries
what SES has against an entry is its status | {BULK_SEND} | {BULK}.what_ses_has_against_a_mail_is_the_status_of_its_entry
fifty destinations are the most of a bulk send | {QUOTAS} | {BULK}.fifty_destinations_are_the_most
bounces of one kind come as one event | {EVENTS} | {SIMULATOR}.bounces_of_one_kind_come_as_one_event
a complaint accuses everybody at that domain | {NOTICES} | {SIMULATOR}.a_complaint_accuses_everybody_at_that_domain
tags come back in events, with those that SES adds | {EVENTS} | {SIMULATOR}.tags_come_back_in_events
notifications have no tags, and the client's own Message-ID | {NOTICES} | {SIMULATOR}.notifications_are_the_other_channel
both channels at once tell every bounce twice | Setting up event notifications | {ROUTING}.both_channels_at_once_tell_every_bounce_twice
headers are cut after 10 KB, and the event says so | {EVENTS} | {ROUTING}.long_headers_are_cut_and_the_event_says_so
a topic that is set up gets a notice | Setting up event notifications | {ROUTING}.what_is_set_up_is_tried_by_a_notice
a delay is told of, and the mail arrives later | {EVENTS} | {DELAYS}.a_delayed_mail_is_told_of_and_arrives_later
5 % of hard bounces are a review | {REVIEW} | {REPUTATION}.five_per_cent_of_bounces_are_a_review
10 % of hard bounces end the sending | {REVIEW} | {REPUTATION}.ten_per_cent_of_bounces_end_the_sending
0.1 % and 0.5 % of complaints do so too | {REVIEW} | {REPUTATION}.complaints_have_lines_of_their_own
simulated, suppressed and soft bounces and own domains count for nothing | {REVIEW} | {REPUTATION}.what_does_not_count
the global list counts for the bounce rate | {GLOBAL_LIST} | {REPUTATION}.the_global_list_counts
statistics come in points of 15 minutes, unsorted, empty ones left out | {STATISTICS} | {SIMULATOR}.statistics_are_as_untidy_as_those_of_ses
"""  # noqa: E501  # a line is a row


class Behaviour(NamedTuple):
    """One thing that SES does."""

    number: int
    holds: str
    page: str
    test: str


def behaviours() -> Iterator[Behaviour]:
    for number, line in enumerate(LIST.strip().splitlines(), 1):
        holds, page, test = (part.strip() for part in line.split("|"))
        yield Behaviour(number, holds, page, test)


BEHAVIOURS = tuple(behaviours())


@cache
def shown_in(module: str) -> dict[str, str]:
    """The tests of a module, without ``test_``, and what each says in its docstring."""
    tree = ast.parse((HERE / f"{module}.py").read_text(encoding="utf-8"))
    functions = [one for one in tree.body if isinstance(one, ast.FunctionDef)]
    return {
        one.name.removeprefix("test_"): ast.get_docstring(one) or ""
        for one in functions
        if one.name.startswith("test_")
    }


def test_the_list_has_at_least_sixty_behaviours() -> None:
    """Each once, and each with a test that no other has."""
    assert len(BEHAVIOURS) >= 60
    for values in ({one.holds for one in BEHAVIOURS}, {one.test for one in BEHAVIOURS}):
        assert len(values) == len(BEHAVIOURS)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda one: f"{one.number}-{one.test}")
def test_each_behaviour_is_shown_by_a_test(behaviour: Behaviour) -> None:
    """Which is there, says so in a sentence, and runs with the others."""
    module, _, test = behaviour.test.partition(".")
    assert behaviour.page
    assert shown_in(module)[test], behaviour.holds
