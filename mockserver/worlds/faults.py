"""What goes wrong on purpose: faults, the rules that say when, and how a header names one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from math import exp
from random import Random
from typing import Any

from ..errors import UsageError

FAULT_HEADER = "x-mockserver-fault"
MAX_RULES = 1_000
MAX_SECONDS = 60.0


class Cut(StrEnum):
    """Where a connection breaks; all but `before` carry the request out first.

    `lost`: nothing is ever said, and the connection stays open until the client gives up.
    """

    before = "before"
    after = "after"
    partial = "partial"
    lost = "lost"


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request, besides or instead of its answer.

    `status` is answered instead of it; with `after`, once it has been carried out, as a gateway
    does that loses a reply. `latency` is seconds before all else: a number, `(low, high)` for
    uniform, or `(median, sigma)` with `lognormal`. `retry_after`: seconds, as a header.
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
        said = ((one.name, getattr(self, one.name)) for one in fields(self))
        return ", ".join(
            _format_field(name, value) for name, value in said if value not in (None, False)
        )


def _format_field(name: str, value: object) -> str:
    if isinstance(value, tuple):
        return f"{name}={value[0]:g}..{value[1]:g}"
    return name if value is True else f"{name}={value}"


PRESETS: Mapping[str, Fault] = {
    # What 8 to 12 of 100 calls to a real server on SQLite get under load: nothing was done.
    "sqlite-503": Fault(status=503, detail="Service Unavailable", close=True),
    "rate-limited": Fault(status=429, retry_after=1, detail="Too Many Requests"),
    "conflict": Fault(status=409, detail="Conflict"),
    "cut-before": Fault(cut=Cut.before),
    "cut-after": Fault(cut=Cut.after),
    "partial-body": Fault(cut=Cut.partial),
    "reply-lost": Fault(cut=Cut.lost),
}
"""Faults that have a name."""


def build_fault(preset: str | None = None, **given: Any) -> Fault:
    """The fault of a name, of fields, or of both. Raises UsageError with what would be one."""
    if preset is not None and (not isinstance(preset, str) or preset not in PRESETS):
        raise UsageError(f"{preset!r} is no fault; expected one of {', '.join(PRESETS)}")
    unknown = given.keys() - _FIELD_PARSERS.keys()
    if unknown:
        known = ", ".join(_FIELD_PARSERS)
        raise UsageError(f"{min(unknown)!r} is not part of a fault; expected one of {known}")
    base = Fault() if preset is None else PRESETS[preset]
    said = {name: value for name, value in given.items() if value is not None}
    wanted = replace(base, **{name: _parse_field(name, value) for name, value in said.items()})
    if wanted.status is None and wanted.cut is None and wanted.latency is None:
        raise UsageError("a fault that does nothing; expected a status, a cut or a latency")
    if wanted.lognormal and not isinstance(wanted.latency, tuple):
        raise UsageError("lognormal needs latency=(median, sigma)")
    if not wanted.lognormal and isinstance(wanted.latency, tuple):
        low, high = wanted.latency
        if low > high:
            raise UsageError(f"latency from {low:g} to {high:g}; expected (low, high)")
    return wanted


def _parse_field(name: str, value: Any) -> Any:
    read, expected = _FIELD_PARSERS[name]
    try:
        return read(value)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{name} is {value!r}; expected {expected}") from None


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or int(value) != float(value) or not low <= int(value) <= high:
            raise ValueError(value)
        return int(value)

    return read


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise ValueError(value)
    return bool(value == "true")


def _latency(value: Any) -> float | tuple[float, float]:
    if isinstance(value, str) and ".." in value:
        value = value.split("..")
    if isinstance(value, list | tuple):
        low, high = (_seconds(part) for part in value)
        return low, high
    return _seconds(value)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not 0 <= float(value) <= MAX_SECONDS:
        raise ValueError(value)
    return float(value)


def _detail(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 10_000:
        raise ValueError(value)
    return value


_FIELD_PARSERS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "status": (_whole(400, 599), "a status from 400 to 599"),
    "cut": (Cut, f"one of {', '.join(Cut)}"),
    "latency": (_latency, f"seconds up to {MAX_SECONDS:g}, or two: (low, high)"),
    "lognormal": (_flag, "true or false"),
    "after": (_flag, "true or false"),
    "retry_after": (_whole(0, 86_400), "whole seconds up to 86400"),
    "detail": (_detail, "a text of up to 10000 letters"),
    "close": (_flag, "true or false"),
}


FAULT_FIELDS = tuple(_FIELD_PARSERS)
"""What a fault may say."""


def parse_fault_header(text: str) -> Fault:
    """The fault that a header names: `sqlite-503`, or `status=429, retry_after=3`.

    Raises UsageError.
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
    """When a fault happens: to requests of a method and path, by chance, so many times.

    `path` is a pattern such as `/flow_runs/*`, without `/api`; `times` None: always.
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

    def concerns(self, method: str, path: str) -> bool:
        """Whether it is about such a request, and is not used up."""
        if self.times is not None and self.happened >= self.times:
            return False
        return self.method in (None, method) and fnmatchcase(path, self.path)


class Faults:
    """The rules of a world, in the order in which they are asked; the first that applies does."""

    __slots__ = ("_random", "rules")

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Rule] = []
        self._random = Random(seed)  # noqa: S311 - chance that can be repeated is what is wanted

    def __len__(self) -> int:
        return len(self.rules)

    def add(self, rule: Rule) -> None:
        """Add a rule after the others. Raises UsageError when there are too many."""
        if len(self.rules) >= MAX_RULES:
            raise UsageError(f"there are {MAX_RULES:,} fault rules already; clear some")
        self.rules.append(rule)

    def clear(self, seed: int | None = None) -> None:
        """Forget all rules; with a seed, chance starts anew."""
        self.rules.clear()
        if seed is not None:
            self._random = Random(seed)  # noqa: S311 - as above

    def happening_to(self, method: str, path: str) -> Fault | None:
        """What happens to a request, which uses up one time of its rule."""
        for rule in self.rules:
            if not rule.concerns(method, path):
                continue
            if rule.probability < 1 and self._random.random() >= rule.probability:
                continue
            rule.happened += 1
            return rule.fault
        return None

    def delay(self, of_fault: Fault) -> float:
        """How many seconds a request waits, never more than the bound."""
        latency = of_fault.latency
        if latency is None:
            return 0.0
        if not isinstance(latency, tuple):
            return latency
        if not of_fault.lognormal:
            return self._random.uniform(*latency)
        median, sigma = latency
        seconds = median * exp(min(self._random.gauss(0, sigma), 10.0))
        return min(seconds, MAX_SECONDS)
