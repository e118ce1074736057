"""A plan undone, where others have been at work since."""

from __future__ import annotations

import json
from dataclasses import replace

from sesguard._core.pipe_facts import Found
from sesguard._core.pipe_plan import Call
from sesguard._core.pipe_planning import plan_of
from sesguard._core.pipe_undoing import undo_of
from sesguard._frozen import FrozenMapping
from tests._core.pipe_samples import by_identities, by_set, found_for, with_queue, with_topic

KINDS = ("Bounce", "Complaint", "Delivery")


def test_what_leads_elsewhere_by_now_is_left() -> None:
    """An identity that tells another topic since, and an event destination of that name."""
    layout = by_identities("example.com", "example.org")
    well = found_for(layout)
    nothing = FrozenMapping(dict.fromkeys(KINDS, ""))
    bare = replace(well, identities=tuple(replace(i, topics=nothing) for i in well.identities))
    plan = plan_of(layout, bare)
    assert undo_of(plan, bare, discard_messages=False).steps == ()
    assert len(undo_of(plan, well, discard_messages=False).steps) == 6
    by_name = by_set()
    made = plan_of(by_name, replace(found_for(by_name), destinations=()))
    gone = replace(found_for(by_name), destinations=None)
    assert undo_of(made, gone, discard_messages=False).steps == ()


def test_a_policy_without_the_statement_is_left() -> None:
    """And a topic's that would be empty, as a topic has one always."""
    layout = by_set()
    well = found_for(layout)
    bare = with_topic(with_queue(well, Policy=""), Policy=json.dumps({"Statement": []}))
    plan = plan_of(layout, bare)
    assert [str(step.verb) for step in plan.steps].count("change") == 2
    assert undo_of(plan, bare, discard_messages=False).steps == ()
    (step,) = undo_of(plan, well, discard_messages=False).steps
    assert step.calls[0].parameters["Attributes"] == {"Policy": ""}
    assert undo_of(plan, Found(), discard_messages=False).steps == ()


def test_a_subscription_that_waits_is_left() -> None:
    """It has no ARN by which it could be ended, and ends by itself."""
    layout = by_set()
    plan = plan_of(layout, replace(found_for(layout), subscription=None))
    waiting = FrozenMapping({"SubscriptionArn": "PendingConfirmation"})
    found = replace(found_for(layout), subscription=waiting)
    assert undo_of(plan, found, discard_messages=False).steps == ()


def test_a_kept_plan_that_was_edited_undoes_nothing_else() -> None:
    """A step without its call, or with another one, says nothing about an identity."""
    layout = by_identities()
    well = found_for(layout)
    bare = replace(well.identities[0], topics=FrozenMapping(dict.fromkeys(KINDS, "")))
    plan = plan_of(layout, replace(well, identities=(bare,)))
    for calls in ((), (Call.of("sns", "delete_topic", Identity="example.com"),)):
        steps = tuple(replace(step, calls=calls) for step in plan.steps)
        edited = replace(plan, steps=steps)
        assert undo_of(edited, well, discard_messages=False).steps == ()
