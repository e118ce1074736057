"""How templates are filled in."""

from __future__ import annotations

from typing import Any

import pytest

from sesguard.errors import ConfigurationError
from sesguard.simulator.operations.rendering import MissingAttributeError, read_data, render
from sesguard.simulator.refusals import Refusal

PEOPLE = {
    "contact": {"name": "Ann & Bob", "age": 41, "rate": 1.5, "vip": True, "new": False},
    "interests": [{"interest": "sports"}, {"interest": "travel"}],
    "days": ["Mo", "Tu"],
    "none": [],
    "prices": {"apple": 1, "pear": 2},
    "nothing": None,
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain { } }} text", "plain { } }} text"),
        ("{{contact.name}}|{{ contact.age }}|{{{contact.name}}}", "Ann & Bob|41|Ann & Bob"),
        ("{{contact.rate}} {{contact.vip}} {{contact.new}}", "1.5 true false"),
        ("{{#each interests}}<{{interest}}>{{/each}}", "<sports><travel>"),
        ("{{#each days}}{{@index}}{{this}}{{#if @last}}.{{/if}}{{/each}}", "0Mo1Tu."),
        ("{{#each prices}}{{@key}}={{this}};{{/each}}", "apple=1;pear=2;"),
        ("{{#each none}}x{{else}}none{{/each}}", "none"),
        ("{{#if absent}}yes{{else}}no{{/if}}", "no"),
        ("{{#if none}}yes{{else}}no{{/if}}{{#if days}}yes{{/if}}", "noyes"),
        ("{{#if absent.deeper}}yes{{/if}}{{#unless absent}}no{{/unless}}", "no"),
        ("{{#with contact}}{{age}} {{../days.length}}{{/with}}", None),
        ("{{#with contact}}{{age}}{{/with}}", "41"),
        ("{{#each interests}}{{../contact.age}}{{/each}}", "4141"),
        ("a {{~contact.age~}} b {{! no }}{{!-- {{no}} --}}", "a41b "),
        ('{{#* inline "it"}}({{interest}}){{/inline}}\n{{#each interests}}{{> it}}{{/each}}',
         "(sports)(travel)"),
        ("{{amazonSESUnsubscribeUrl}}", "{{amazonSESUnsubscribeUrl}}"),
    ],
)  # fmt: skip
def test_what_the_guide_shows_is_filled_in(template: str, text: str | None) -> None:
    """Nothing is escaped, and an absent attribute is false to a condition."""
    if text is None:
        with pytest.raises(MissingAttributeError):
            render(template, PEOPLE)
    else:
        assert render(template, PEOPLE) == text


@pytest.mark.parametrize(
    ("template", "attribute"),
    [
        ("{{name}}", "name"),
        ("{{contact.surname}}", "contact.surname"),
        ("{{#each interests}}{{place}}{{/each}}", "place"),
        ("{{#each absent}}x{{/each}}", "absent"),
        ("{{#each days}}{{../../days}}{{/each}}", "../../days"),
        ("{{IF}}", "IF"),
    ],
)
def test_a_missing_attribute_is_named(template: str, attribute: str) -> None:
    """In SES's words."""
    with pytest.raises(MissingAttributeError) as caught:
        render(template, PEOPLE)
    assert caught.value.attribute == attribute
    assert str(caught.value) == f"Attribute '{attribute}' is not present in the rendering data."


@pytest.mark.parametrize(
    "template",
    [
        "{{#if contact}}",
        "{{/if}}",
        "{{else}}",
        "{{#if contact}}a{{else}}b{{else}}c{{/if}}",
        "{{upper contact.name}}",
        "{{#repeat 3}}x{{/repeat}}",
        "{{#if (eq a b)}}x{{/if}}",
        "{{> nowhere}}",
        '{{#* inline "it"}}{{> it}}{{/inline}}{{> it}}',
        "{{#each interests}}{{contact.name}}{{/each}}",
        "{{#each contact.name}}x{{/each}}",
        "{{nothing}}",
        "{{contact}}",
        "{{contact.name",
        "{{}}",
    ],
)
def test_what_nobody_published_is_not_guessed(template: str) -> None:
    """The test is told so, whatever SES makes of it."""
    with pytest.raises(ConfigurationError, match="does not know what SES makes of it"):
        render(template, PEOPLE)


@pytest.mark.parametrize("text", ["{", "[]", "1", '"a"'])
def test_data_are_a_json_object(text: str) -> None:
    """Or there is no mail of it."""
    with pytest.raises(Refusal, match="not a valid JSON object"):
        read_data(text)


def test_no_data_are_an_empty_object() -> None:
    """A template without attributes needs none."""
    empty: dict[str, Any] = {}
    assert read_data(None) == read_data("") == read_data("{}") == empty
