"""Fills in templates, as far as SES documents their language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, cast

from sesguard.errors import ConfigurationError
from sesguard.simulator import refusals

__all__ = ["UNSUBSCRIBE_URL", "MissingAttributeError", "read_data", "render"]

UNSUBSCRIBE_URL = "{{amazonSESUnsubscribeUrl}}"
"""What SES puts a link in place of, later and whether or not there is a template."""

_MOST_DEPTH = 20
_TAG = re.compile(r"\{\{(~?)(!--.*?--|\{[^{}]*\}|[^{}]*?)(~?)\}\}", re.DOTALL)
_PATH = re.compile(r"(?:\.\./)*(?:this|@?[^\s\"'()=|./@~]+)(?:\.[^\s\"'()=|./@~]+)*|(?:\.\./)*\.\.")
_INLINE = re.compile(r'\*\s*inline\s+"([^"]+)"')
_HELPERS = ("if", "unless", "each", "with")
_ABSENT = object()


class MissingAttributeError(Exception):
    """
    A template names what the data do not have. SES tells of it in these words.

    Attributes:
        attribute: As the template names it.
    """

    def __init__(self, attribute: str) -> None:
        super().__init__(f"Attribute '{attribute}' is not present in the rendering data.")
        self.attribute = attribute


class _Value(NamedTuple):
    path: str


class _Block(NamedTuple):
    helper: str
    path: str
    body: tuple[_Node, ...]
    otherwise: tuple[_Node, ...]


class _Inline(NamedTuple):
    name: str
    body: tuple[_Node, ...]


class _Partial(NamedTuple):
    name: str


_Node: TypeAlias = str | _Value | _Block | _Inline | _Partial


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names mean at one place: a value, what is around it, and ``@index`` and the like."""

    value: Any
    around: _Scope | None
    partials: dict[str, tuple[_Node, ...]]
    specials: Mapping[str, Any]
    depth: int = 0


def read_data(text: str | None, v1: str = "InvalidParameterValue") -> dict[str, Any]:
    """
    The data of a template, out of the JSON text of a request.

    Raises:
        Refusal: It is no JSON object. *v1* is the code for that in API v1.
    """
    try:
        found: object = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise refusals.invalid("Template data is not a valid JSON object.", v1)
    return cast("dict[str, Any]", found)


def render(template: str, data: Mapping[str, Any]) -> str:
    """
    Fill in one part of a template: its subject, its text or its HTML.

    It knows attributes and their paths, ``if``, ``unless``, ``each`` and ``with`` with their
    ``else``, ``@index`` and the like, ``../``, comments, ``~``, and inline partials. Nothing is
    escaped in HTML. An absent attribute is false to ``if`` and ``unless``, and missing elsewhere.

    Raises:
        MissingAttributeError: The data do not have what the template names.

        ConfigurationError: The template has what is not known here, or what SES does with it is
            not published.

    Source:
        SES Developer Guide, "Advanced email personalization".
    """
    return "".join(_rendered(_parsed(template), _Scope(data, None, {}, {})))


@lru_cache(maxsize=256)
def _parsed(template: str) -> tuple[_Node, ...]:
    nodes, rest = _parse(_tokens(template), None)
    assert not rest
    return nodes


def _tokens(template: str) -> Iterator[str | tuple[str]]:
    """Text, and tags as tuples of what they say; the white space that ``~`` takes is gone."""
    at, trim = 0, False
    for tag in _TAG.finditer(template):
        text = template[at : tag.start()]
        if trim:
            text = text.lstrip()
        yield _plain(text.rstrip() if tag[1] else text)
        said = tag[2].removeprefix("{").removesuffix("}").strip()
        at, trim = tag.end(), bool(tag[3])
        if said == "/inline":
            at += template.startswith("\n", at)  # it is not rendered, the guide says
        if tag[0] == UNSUBSCRIBE_URL:
            yield tag[0]
        elif not said.startswith("!"):
            yield (said,)
    text = template[at:]
    yield _plain(text.lstrip() if trim else text)


def _plain(text: str) -> str:
    if "{{" in text:
        raise _unknown("a tag that is not closed, or has braces in it")
    return text


def _parse(
    tokens: Iterator[str | tuple[str]], inside: str | None
) -> tuple[tuple[_Node, ...], tuple[_Node, ...]]:
    """What comes up to the end of a block: its body, and what is after its ``else``."""
    parts: list[list[_Node]] = [[]]
    for token in tokens:
        if isinstance(token, str):
            parts[-1].append(token)
        elif token[0] == f"/{inside}":
            return tuple(parts[0]), tuple(parts[1]) if len(parts) > 1 else ()
        elif token[0] in ("else", "^") and inside in _HELPERS and len(parts) == 1:
            parts.append([])
        else:
            parts[-1].append(_node(token[0], tokens))
    if inside is not None:
        raise _unknown(f"a block {inside!r} that is not closed")
    return tuple(parts[0]), ()


def _node(said: str, tokens: Iterator[str | tuple[str]]) -> _Node:
    if inline := _INLINE.fullmatch(said.removeprefix("#")):
        return _Inline(inline[1], _parse(tokens, "inline")[0])
    helper, _, path = said.removeprefix("#").partition(" ")
    if said.startswith("#") and helper in _HELPERS and _PATH.fullmatch(path.strip()):
        return _Block(helper, path.strip(), *_parse(tokens, helper))
    if said.startswith(">") and said[1:].strip():
        return _Partial(said[1:].strip())
    if _PATH.fullmatch(said) and said not in ("else", *_HELPERS):
        return _Value(said)
    raise _unknown(f"'{{{{{said}}}}}'")


def _rendered(nodes: Sequence[_Node], scope: _Scope) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, _Value):
            yield _written(_present(node.path, scope), node.path)
        elif isinstance(node, _Block):
            yield from _block(node, scope)
        elif isinstance(node, _Inline):
            scope.partials[node.name] = node.body
        else:
            yield from _partial(node.name, scope)


def _block(block: _Block, scope: _Scope) -> Iterator[str]:
    if block.helper in ("if", "unless"):
        value = _found(block.path, scope)
        holds = value is not _ABSENT and bool(value)
        yield from _rendered(
            block.body if holds == (block.helper == "if") else block.otherwise, scope
        )
        return
    value = _present(block.path, scope)
    if not value:
        yield from _rendered(block.otherwise, scope)
    elif block.helper == "with":
        yield from _rendered(block.body, _inner(scope, value, {}))
    else:
        yield from _each(block, value, scope)


def _each(block: _Block, value: Any, scope: _Scope) -> Iterator[str]:
    items: list[tuple[str | int, Any]]
    if isinstance(value, dict):
        items = list(cast("dict[str, Any]", value).items())
    elif isinstance(value, list):
        items = list(enumerate(cast("Sequence[Any]", value)))
    else:
        raise _unknown(f"'each' over {block.path!r}, which is neither a list nor an object")
    for number, (key, item) in enumerate(items):
        specials = {"index": number, "key": key, "first": not number}
        specials["last"] = number == len(items) - 1
        yield from _rendered(block.body, _inner(scope, item, specials))


def _inner(scope: _Scope, value: Any, specials: Mapping[str, Any]) -> _Scope:
    return _Scope(value, scope, scope.partials, {**scope.specials, **specials}, scope.depth)


def _partial(name: str, scope: _Scope) -> Iterator[str]:
    if name not in scope.partials or scope.depth >= _MOST_DEPTH:
        raise _unknown(f"the partial {name!r}, which is not defined before it or has no end")
    deeper = _Scope(scope.value, scope.around, scope.partials, scope.specials, scope.depth + 1)
    yield from _rendered(scope.partials[name], deeper)


def _present(path: str, scope: _Scope) -> Any:
    value = _found(path, scope)
    if value is not _ABSENT:
        return value
    if not path.startswith(("this", ".", "@")):
        outer = scope.around
        while outer is not None:
            if _found(path, outer) is not _ABSENT:
                raise _unknown(f"{path!r} inside of a block, which only what is around it has")
            outer = outer.around
    raise MissingAttributeError(path)


def _found(path: str, scope: _Scope) -> Any:
    """The value at a path, or `_ABSENT`."""
    while path.startswith(".."):
        if scope.around is None:
            return _ABSENT
        scope, path = scope.around, path[2:].removeprefix("/") or "this"
    first, *names = path.split(".")
    value: Any = scope.value
    if first.startswith("@"):
        value = scope.specials.get(first[1:], _ABSENT)
    elif first != "this":
        names.insert(0, first)
    for name in names:
        if not isinstance(value, dict) or name not in value:
            return _ABSENT
        value = cast("dict[str, Any]", value)[name]
    return value


def _written(value: Any, path: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json.dumps(value)
    raise _unknown(f"{path!r} as text, whose value is none")


def _unknown(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"The template has {what}, and the simulator does not know what SES makes of it. It knows "
        "what the SES Developer Guide shows under 'Advanced email personalization'."
    )
