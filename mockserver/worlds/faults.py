"""Fault injection: what a fault does, the rules that decide when, and the header that names one.

Nothing here sleeps or sends: `http.exchange.faults_and_journal` does what these values say. With
the same seed and the same requests, the same requests fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from math import exp
from random import Random
from typing import Any

from ..errors import UsageError
from .path_patterns import check_route, matches_path

FAULT_HEADER = "x-mockserver-fault"
# Chosen: a loop that adds rules must not fill the memory (test_rules_are_bounded).
MAX_RULES = 1_000
# Chosen: Prefect's client waits as long by default (its setting api.request_timeout).
MAX_SECONDS = 60.0


class Cut(StrEnum):
    """When the server breaks the connection.

    `before` the request is carried out, `after` it without a reply, or in the middle of the reply
    (`partial`). `lost` carries the request out and then keeps the connection open without a reply
    until the client gives up.
    """

    before = "before"
    after = "after"
    partial = "partial"
    lost = "lost"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request.

    `status` and `detail` make the reply in place of the real one. With `after` the request is
    carried out first, as when a gateway loses the reply. `latency` is a delay in seconds before
    anything else: a number, `(low, high)` for a uniform distribution, or `(median, sigma)` with
    `lognormal`. `retry_after` is the header of that name, in seconds. `close` ends the connection
    after the reply.
    """

    status: int | None = None
    cut: Cut | None = None
    latency: float | tuple[float, float] | None = None
    lognormal: bool = False
    after: bool = False
    retry_after: int | None = None
    detail: str | None = None
    close: bool = False

    def __str__(self) -> str:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ", ".join(
            _format_field(name, value) for name, value in values if value not in (None, False)
        )


def _format_field(name: str, value: object) -> str:
    if isinstance(value, tuple):
        return f"{name}={value[0]:g}..{value[1]:g}"
    return name if value is True else f"{name}={value}"


PRESETS: Mapping[str, Fault] = {
    # Measured on Prefect 3.8.8 with SQLite: 8 to 12 % of the calls of a sequential drain get this
    # reply, and nothing is deleted.
    "sqlite-503": Fault(status=503, detail="Service Unavailable", close=True),
    # Prefect's client retries 408, 429, 502 and 503, and waits as Retry-After says (client/base.py,
    # PrefectHttpxAsyncClient).
    "rate-limited": Fault(status=429, retry_after=1, detail="Too Many Requests"),
    "conflict": Fault(status=409, detail="Conflict"),
    "cut-before": Fault(cut=Cut.before),
    "cut-after": Fault(cut=Cut.after),
    "partial-body": Fault(cut=Cut.partial),
    "reply-lost": Fault(cut=Cut.lost),
}
"""Faults by name."""


def build_fault(preset: str | None = None, **given: Any) -> Fault:
    """The fault with a preset's name, with the fields given, or a preset changed by fields.

    A field that is None counts as not given. Raises UsageError, which says what was expected.
    """
    if preset is not None and (not isinstance(preset, str) or preset not in PRESETS):
        raise UsageError(f"{preset!r} is not a fault; expected one of {', '.join(PRESETS)}")
    unknown = given.keys() - _FIELD_PARSERS.keys()
    if unknown:
        known = ", ".join(_FIELD_PARSERS)
        raise UsageError(f"{min(unknown)!r} is not a field of a fault; expected one of {known}")
    base = Fault() if preset is None else PRESETS[preset]
    changes = {
        name: _parse_field(name, value) for name, value in given.items() if value is not None
    }
    fault = replace(base, **changes)
    _check_fault(fault)
    return fault


def _check_fault(fault: Fault) -> None:
    if fault.status is None and fault.cut is None and fault.latency is None:
        raise UsageError("this fault does nothing; expected a status, a cut or a latency")
    if fault.lognormal and not isinstance(fault.latency, tuple):
        raise UsageError("lognormal needs latency=(median, sigma)")
    if not fault.lognormal and isinstance(fault.latency, tuple):
        low, high = fault.latency
        if low > high:
            raise UsageError(f"latency from {low:g} to {high:g}; expected (low, high)")


def _parse_field(name: str, value: Any) -> Any:
    parse, expected = _FIELD_PARSERS[name]
    try:
        return parse(value)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{name} is {value!r}; expected {expected}") from None


# The parsers take Python values, JSON values, and the texts of a header. They raise TypeError,
# ValueError or OverflowError for what is no such value.


def _integer_between(low: int, high: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if isinstance(value, bool) or int(value) != float(value) or not low <= int(value) <= high:
            raise ValueError(value)
        return int(value)

    return parse


def _parse_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise ValueError(value)
    return bool(value == "true")


def _parse_latency(value: Any) -> float | tuple[float, float]:
    if isinstance(value, str) and ".." in value:
        value = value.split("..")
    if isinstance(value, list | tuple):
        low, high = (_parse_seconds(part) for part in value)
        return low, high
    return _parse_seconds(value)


def _parse_seconds(value: Any) -> float:
    # `not 0 <= ...` also refuses NaN, for which every comparison is false.
    if isinstance(value, bool) or not 0 <= float(value) <= MAX_SECONDS:
        raise ValueError(value)
    return float(value)


def _parse_detail(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 10_000:
        raise ValueError(value)
    return value


_FIELD_PARSERS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "status": (_integer_between(400, 599), "a status from 400 to 599"),
    "cut": (Cut, f"one of {', '.join(Cut)}"),
    "latency": (_parse_latency, f"seconds up to {MAX_SECONDS:g}, or two: (low, high)"),
    "lognormal": (_parse_flag, "true or false"),
    "after": (_parse_flag, "true or false"),
    "retry_after": (_integer_between(0, 86_400), "whole seconds up to 86400"),
    "detail": (_parse_detail, "a text of up to 10000 letters"),
    "close": (_parse_flag, "true or false"),
}


FAULT_FIELDS = tuple(_FIELD_PARSERS)
"""The names of a fault's fields."""


def parse_fault_header(text: str) -> Fault:
    """The fault that a header's value describes: `sqlite-503`, or `status=429, retry_after=3`.

    A field without a value is true. Raises UsageError.
    """
    preset: str | None = None
    given: dict[str, str | bool] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        if equals:
            given[name.strip()] = value.strip()
        elif name in _FIELD_PARSERS:
            given[name] = True
        else:
            preset = name
    return build_fault(preset, **given)


@dataclass(slots=True)
class Rule:
    """Which requests a fault happens to: by method and path, with a probability, so many times.

    `path` is a pattern such as `/flow_runs/*`, or a template such as `/flow_runs/{id}`
    (path_patterns.py); a leading `/api` is removed. `method` None is every method, `times` None is
    without end. `happened` counts how often the fault has happened. Raises UsageError for values
    that make no rule, and for a path and method that no route has.
    """

    fault: Fault
    path: str = "*"
    method: str | None = None
    probability: float = 1.0
    times: int | None = None
    happened: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.path, str) or not self.path.startswith(("/", "*")):
            raise UsageError(f"path is {self.path!r}; expected a pattern such as /flow_runs/*")
        chance, times = self.probability, self.times
        if not isinstance(chance, int | float) or not 0 <= chance <= 1:
            raise UsageError(f"probability is {chance!r}; expected a number from 0 to 1")
        if times is not None and (not isinstance(times, int) or times < 1):
            raise UsageError(f"times is {self.times!r}; expected 1 or more, or None for always")
        self.path = self.path.removeprefix("/api")
        self.method = None if self.method is None else str(self.method).upper()
        check_route(self.path, self.method)

    def applies_to(self, method: str, path: str) -> bool:
        """Whether the rule covers such a request and has times left. Chance is not asked here."""
        if self.times is not None and self.happened >= self.times:
            return False
        return self.method in (None, method) and matches_path(self.path, path)


class Faults:
    """The fault rules of a world. The first rule that applies to a request wins."""

    __slots__ = ("_random", "rules")

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Rule] = []
        self._random = Random(seed)  # noqa: S311 - chance must be reproducible

    def __len__(self) -> int:
        return len(self.rules)

    def add(self, rule: Rule) -> None:
        """Add a rule after the others. Raises UsageError where there are MAX_RULES already."""
        if len(self.rules) >= MAX_RULES:
            raise UsageError(f"there are {MAX_RULES:,} fault rules already; clear some")
        self.rules.append(rule)

    def clear(self, seed: int | None = None) -> None:
        """Remove all rules; with a seed, also restart the random numbers from it."""
        self.rules.clear()
        if seed is not None:
            self._random = Random(seed)  # noqa: S311 - as above

    def next_fault(self, method: str, path: str) -> Fault | None:
        """The fault that happens to a request, or None. Counts as one time of its rule."""
        for rule in self.rules:
            if not rule.applies_to(method, path):
                continue
            # A rule that is certain draws no number, so it shifts no other rule's.
            if rule.probability < 1 and self._random.random() >= rule.probability:
                continue
            rule.happened += 1
            return rule.fault
        return None

    def delay(self, fault: Fault) -> float:
        """The seconds that a request waits, at most MAX_SECONDS; random unless fixed."""
        latency = fault.latency
        if latency is None:
            return 0.0
        if not isinstance(latency, tuple):
            return latency
        if not fault.lognormal:
            return self._random.uniform(*latency)
        median, sigma = latency
        # exp() would overflow past 709; e**10 times the median is beyond MAX_SECONDS for any median
        # above 3 ms.
        seconds = median * exp(min(self._random.gauss(0, sigma), 10.0))
        return min(seconds, MAX_SECONDS)
