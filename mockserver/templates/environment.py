"""The environment that templates are read and rendered in: Prefect's, with meters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from functools import wraps
from typing import Any

from jinja2 import ChainableUndefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..errors import NotModelled, TooLarge
from .allowed import check_call
from .meter import CHARACTERS_A_STEP, current_meter
from .metering import LOOPED, MEASURED

MAX_RANGE = 100  # Prefect: utilities/user_templates.py, MAX_TEMPLATE_RANGE
MAX_BITS = 20_000
"""Of a whole number. Python writes out 4,300 digits of one, which are 14,285 bits."""
MAX_PRECISION = 50
"""Decimal places of a number that is rounded."""


class _Environment(ImmutableSandboxedEnvironment):
    """Prefect's environment of users' templates (utilities/user_templates.py), with meters."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        # Not optimized: a constant expression is carried out when it is counted, and only then.
        super().__init__(undefined=ChainableUndefined, optimized=False)
        self.globals["range"] = _check_template_range
        self.filters |= {name: _guarded(name, self.filters[name]) for name in _FILTER_GUARDS}
        self.filters |= {MEASURED: _measured, LOOPED: _looped}

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Carry out an operator whose result cannot be too large."""
        guard = _OPERATOR_GUARDS.get(operator)
        if guard is not None:
            guard(left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Call a function that is known to make nothing large."""
        if __obj is not _check_template_range:
            check_call(__obj, len(args))
        return super().call(__context, __obj, *args, **kwargs)


def _check_template_range(*args: int) -> range:
    found = range(*args)
    if len(found) > MAX_RANGE:
        raise OverflowError(
            f"Range too big. The sandbox blocks ranges larger than MAX_TEMPLATE_RANGE={MAX_RANGE}."
        )
    return found


@pass_context  # so that it is not carried out before the template is rendered
def _measured(_context: Context, value: Any) -> Any:
    current_meter().charge_value(value)
    return value


@pass_context
def _looped(_context: Context, value: Any, steps: int) -> Any:
    current_meter().charge(_length(value) * steps)
    return value


def _length(value: Any) -> int:
    return len(value) if isinstance(value, Sized) else 1


def _text_steps(value: Any) -> int:
    return len(str(value)) // CHARACTERS_A_STEP + 1


def _steps_to_join(value: Any, separator: Any = "") -> int:
    return _length(value) * _text_steps(separator)


def _steps_to_replace(value: Any, old: Any = "", new: Any = "") -> int:
    return (1 + len(str(value)) // max(1, len(str(old)))) * _text_steps(new)


def _steps_to_round(_value: Any, precision: Any = 0) -> int:
    if isinstance(precision, int) and abs(precision) > MAX_PRECISION:
        raise TooLarge(f"mockserver rounds to at most {MAX_PRECISION} places in a template")
    return 1


# The steps of filters that go through a text character by character, or may make much of little.
_FILTER_GUARDS: Mapping[str, Callable[..., int]] = {
    **dict.fromkeys(("list", "max", "min", "sort", "sum"), lambda value, **_: _length(value)),
    "join": _steps_to_join,
    "replace": _steps_to_replace,
    "round": _steps_to_round,
}


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of Jinja that counts its steps before it is carried out."""
    guard = _FILTER_GUARDS[name]
    # Jinja marks the functions that it calls with one more argument before the others.
    first = int(hasattr(function, "jinja_pass_arg"))

    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        current_meter().charge(guard(*args[first:], **kwargs))
        return function(*args, **kwargs)

    return guarded


def _guard_product(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
        return
    for value, times in ((left, right), (right, left)):
        if isinstance(value, Sized) and isinstance(times, int):
            current_meter().charge(len(value) * max(0, times) // CHARACTERS_A_STEP)


def _guard_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int):
        _check_bits(base.bit_length() * exponent)


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise TooLarge(f"mockserver makes whole numbers of at most {MAX_BITS:,} bits in a template")


def _guard_remainder(left: Any, _right: Any) -> None:
    if isinstance(left, str):
        raise NotModelled("mockserver does not render texts with % in a Jinja template")


_OPERATOR_GUARDS: Mapping[str, Callable[[Any, Any], None]] = {
    "*": _guard_product,
    "**": _guard_power,
    "%": _guard_remainder,
}

ENVIRONMENT = _Environment()
