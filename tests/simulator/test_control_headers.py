"""What a mail tells SES in headers of its own."""

from __future__ import annotations

from typing import Any

import pytest

from sesguard.simulator.mails.control_headers import read_control_headers
from sesguard.simulator.refusals import Refusal

REST = (
    b"From: a@example.com\r\nSubject: one\r\n two\r\n\r\n"
    b"X-SES-TENANT: in the body\r\n\r\n\x00\xff\n"
)


@pytest.mark.parametrize(
    ("header", "parameters"),
    [
        (b"", {}),
        (b"X-SES-CONFIGURATION-SET: letters\r\n", {"ConfigurationSetName": "letters"}),
        (b"x-ses-configuration-set:letters\r\n", {"ConfigurationSetName": "letters"}),
        (b"X-SES-CONFIGURATION-SET:\r\n letters\r\n", {"ConfigurationSetName": "letters"}),
        (b"X-SES-CONFIGURATION-SET: \r\n", {}),
        (b"X-SES-TENANT: acme\r\nX-SES-TENANT: other\r\n", {"TenantName": "acme"}),
        (
            b"X-SES-MESSAGE-TAGS: a=b,\r\n\tc = d\r\n",
            {"EmailTags": [{"Name": "a", "Value": "b"}, {"Name": "c", "Value": "d"}]},
        ),
        (
            b"X-SES-LIST-MANAGEMENT-OPTIONS: people; topic=news\r\n",
            {"ListManagementOptions": {"ContactListName": "people", "TopicName": "news"}},
        ),
        (
            b"X-SES-LIST-MANAGEMENT-OPTIONS: people\r\n",
            {"ListManagementOptions": {"ContactListName": "people"}},
        ),
        (b"X-SES-SOURCE-ARN: arn:1\r\nX-SES-FROM-ARN: 2\r\nX-SES-RETURN-PATH-ARN: 3\r\n", {}),
    ],
)
def test_they_are_read_and_taken_off(header: bytes, parameters: dict[str, Any]) -> None:
    """All else stays byte for byte, wherever they stand."""
    first, second = REST[:21], REST[21:]
    for raw in (header + REST, first + header + second):
        assert read_control_headers(raw) == (REST, parameters)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\nX-SES-TENANT: body\r\n",
        b"X-SESSION: 1\r\nX-SES-OTHER: 2\r\n\r\nbody",
        b"From: a@example.com\nTo: b@example.com\n\nX-SES-TENANT: body\n",
        b"no header at all",
        b"From: a@example.com\r\nX-Last: without an end",
    ],
)
def test_a_mail_without_them_is_left_alone(raw: bytes) -> None:
    """Whatever its shape."""
    assert read_control_headers(raw) == (raw, {})


@pytest.mark.parametrize("tags", [b"a", b"a=", b"=b", b"a=b,", b"a=b,,c=d"])
def test_tags_that_are_no_pairs_are_refused(tags: bytes) -> None:
    """SES would not know what was meant."""
    with pytest.raises(Refusal, match="tags"):
        read_control_headers(b"X-SES-MESSAGE-TAGS: " + tags + b"\r\n\r\n")
