"""The e-mail value."""

from __future__ import annotations

import json
import pickle

import pytest

from sesguard import errors
from sesguard.mail import Attachment, Email, ListManagement, Template


def test_an_email_survives_json_and_pickle() -> None:
    """
    What is written as JSON, or pickled, is read back as the same e-mail.
    """
    email = Email(
        sender="Ann <ann@example.org>",
        to=["Bob <bob@example.org>", "cy@example.org"],
        subject="Hi",
        text="Hello",
        attachments=[Attachment("a.txt", "x")],
        headers={"X-A": "b"},
        tags={"a": "b"},
        list_management=ListManagement("list", "topic"),
        stream="news",
    )
    assert Email.from_dict(json.loads(json.dumps(email.to_dict()))) == email
    assert pickle.loads(pickle.dumps(email)) == email
    assert hash(email) == hash(pickle.loads(pickle.dumps(email)))
    template = Email(sender="a@example.org", to="b@example.org", template=Template("t", {"a": 1}))
    assert Email.from_dict(template.to_dict()) == template


def test_an_error_names_the_field() -> None:
    """
    A wrong value is an error that says which argument it is.
    """
    with pytest.raises(errors.EmailError, match="subject") as caught:
        Email(sender="a@example.org", to="b@example.org", text="t")
    assert caught.value.field == "subject"
