"""Patterns of paths, as in rules of faults and in assertions, and the routes that they can mean.

A pattern is a path in which `*` is any text, `?` any character and `[...]` one of some characters.
A segment in braces is a parameter, as in the templates of openapi.yaml: `{id}` is a uuid, another
name any text without a slash that is not a word which a route has there. So `/flow_runs/{id}` does
not mean `/flow_runs/filter`.

Invariant: a pattern is refused only if no path of a route matches it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from fnmatch import fnmatchcase, translate
from functools import cache, lru_cache

from ..errors import UsageError, to_single_line
from ..prefect import unmodelled_routes

Route = tuple[str, str]
"""A method, and the template of a path."""

# Those besides the endpoints of Prefect's API (http/app.py).
_OTHER_ROUTES = (
    ("GET", "/events/in"),
    ("GET", "/events/out"),
    ("GET", "/logs/out"),
    ("GET", "/task_runs/subscriptions/scheduled"),
    ("GET", "/openapi.yaml"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
)
# Chosen: the longest path of Prefect's API has 75 characters and up to two ids.
_MAX_PATTERN = 1_000
_PARAMETER = re.compile(r"(?<=/)\{\w+\}(?=/|$)")
_PLACEHOLDER = "\ue000"  # for private use: no path has it, and no pattern a meaning for it
_CLASS = re.compile(r"\[!?.[^]]*\]", re.DOTALL)
_UUID = "[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"
_HEX = frozenset("0123456789abcdefABCDEF")
_HYPHEN = frozenset("-")
# Characters of paths. Others count only where a pattern has them.
_PRINTABLE = frozenset(map(chr, range(33, 127)))


@lru_cache(512)
def _regex(pattern: str) -> re.Pattern[str]:
    wildcards = translate(_PARAMETER.sub(_PLACEHOLDER, pattern))
    parameters = map(_parameter_regex, _PARAMETER.finditer(pattern))
    return re.compile(re.sub(_PLACEHOLDER, lambda _: next(parameters), wildcards))


def _parameter_regex(parameter: re.Match[str]) -> str:
    if parameter[0] == "{id}":
        return _UUID
    words = _words().get(_nameless(parameter.string[: parameter.start()]), ())
    return rf"(?!(?:{'|'.join(map(re.escape, sorted(words)))})(?:/|\Z))[^/]+" if words else "[^/]+"


def _nameless(path: str) -> str:
    """A template without the names of its parameters."""
    return _PARAMETER.sub("{}", path)


@cache
def _words() -> dict[str, set[str]]:
    """By the beginning of templates, the words that follow it in one of them."""
    words: dict[str, set[str]] = {}
    for _, template in routes():
        for word in re.finditer(r"(?<=/)[^{}/]+", _nameless(template)):
            words.setdefault(word.string[: word.start()], set()).add(word[0])
    return words


def matches_path(pattern: str, path: str) -> bool:
    """Whether a path, without `/api`, is one that a pattern means."""
    return _regex(pattern.removeprefix("/api")).match(path) is not None


def check_route(pattern: str, method: str | None = None) -> None:
    """Raise UsageError, which names the nearest route, for a pattern that can match none.

    With a method, only its routes count.
    """
    problem = explain_no_route(pattern, method)
    if problem:
        raise UsageError(problem)


@lru_cache(512)
def explain_no_route(pattern: str, method: str | None = None) -> str:
    """Why no route can have a path that a pattern means; empty if one can."""
    if len(pattern) > _MAX_PATTERN:
        return f"a path of {len(pattern):,} characters; expected up to {_MAX_PATTERN:,}"
    wanted = pattern.removeprefix("/api")
    automaton = _Automaton(wanted)
    methods = {one for one, template in routes() if automaton.shares_path_with(template)}
    if method in methods or (method is None and methods):
        return ""
    shown = to_single_line(repr(pattern), 100)
    if methods:
        return f"no path that {shown} matches has the method {method}; expected {_list(methods)}"
    return f"the path {shown} matches no route; the nearest is {_nearest(wanted)}"


def _list(methods: set[str]) -> str:
    return " or ".join(sorted(methods))


def _nearest(pattern: str) -> str:
    """The template that is most like a pattern, whatever the names of its parameters."""
    matcher = SequenceMatcher(b=_nameless(pattern))

    def likeness(template: str) -> float:
        matcher.set_seq1(_nameless(template))
        return matcher.ratio()

    return max((template for _, template in routes()), key=likeness)


@cache
def routes() -> tuple[Route, ...]:
    """All routes, also those that are answered 501."""
    from ..operations.endpoints import ENDPOINTS  # imported late: few worlds have a pattern

    served = ((one.method, one.template) for one in ENDPOINTS)
    return (*served, *_OTHER_ROUTES, *unmodelled_routes())


class _Automaton:
    """Reads paths as a pattern does, all paths of a template at once.

    A set of states is a number: its bit n is set if the first n parts of the pattern are read. A
    part is the characters that it takes, and whether it takes any number of them.
    """

    def __init__(self, pattern: str) -> None:
        every = _PRINTABLE.union(pattern)
        self._text = every - {"/"}  # the characters of a parameter
        self._parts = tuple(_pattern_parts(pattern, every))
        self._repeated = sum(1 << n for n, (_, repeated) in enumerate(self._parts) if repeated)
        self._masks: dict[frozenset[str], int] = {}

    def shares_path_with(self, template: str) -> bool:
        """Whether there is a path that both the pattern and the template mean."""
        states = self._skip(1)
        for taken, least, most in _template_parts(template):
            characters = taken or self._text
            read = self._read(states, characters)
            if most is None:
                read = self._read_more(read, characters)
            states = read if least else states | read
            if not states:
                return False
        return bool(states >> len(self._parts) & 1)

    def _read(self, states: int, characters: frozenset[str]) -> int:
        """The states after one of some characters."""
        mask = self._masks.get(characters)
        if mask is None:
            fits = (n for n, (taken, _) in enumerate(self._parts) if taken & characters)
            mask = self._masks[characters] = sum(1 << n for n in fits)
        fitting = states & mask
        return self._skip((fitting & ~self._repeated) << 1 | fitting & self._repeated)

    def _read_more(self, states: int, characters: frozenset[str]) -> int:
        """The states after any number of such characters."""
        while (more := states | self._read(states, characters)) != states:
            states = more
        return states

    def _skip(self, states: int) -> int:
        """The states, with those behind parts that may take nothing; no two of those adjoin."""
        return states | (states & self._repeated) << 1


def _pattern_parts(pattern: str, every: frozenset[str]) -> Iterator[tuple[frozenset[str], bool]]:
    """The parts of a pattern: which of `every` character they take, and whether any number."""
    no_slash = every - {"/"}
    at = 0
    while at < len(pattern):
        found = _PARAMETER.match(pattern, at) or _CLASS.match(pattern, at)
        text = found[0] if found else pattern[at]
        at += len(text)
        if text[0] == "{" and found:
            taken = _HEX | _HYPHEN if text == "{id}" else no_slash
            yield taken, False
            yield taken, True
        elif text == "*":
            at += len(pattern[at:]) - len(pattern[at:].lstrip("*"))
            yield every, True
        elif text == "?" or found:
            yield frozenset(one for one in every if fnmatchcase(one, text)), False
        else:
            yield frozenset(text), False


@cache
def _template_parts(template: str) -> tuple[tuple[frozenset[str] | None, int, int | None], ...]:
    """The parts of a template: characters, and how many of them at least and at most.

    Characters None are all but a slash, a number None is without end.
    """
    parts: list[tuple[frozenset[str] | None, int, int | None]] = []
    for piece in re.split(r"(\{\w+\})", template):
        if piece == "{id}":  # a uuid, with or without hyphens
            for digits in (8, 4, 4, 4, 12):
                parts += [(_HEX, 1, 1)] * digits
                parts += [(_HYPHEN, 0, 1)] if digits < 12 else []
        elif piece.startswith("{"):
            parts.append((None, 1, None))
        else:
            parts += [(frozenset(letter), 1, 1) for letter in piece]
    return tuple(parts)
