"""The formats of texts that a real server checks, whatever else is installed beside jsonschema."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from jsonschema import Draft202012Validator, FormatChecker

from ..errors import ServerFailure
from .steps import take_steps

_CHARACTERS_A_STEP = 5
"""Of a text whose format is checked. A regular expression takes 1.5 us for each (measured)."""
# Those for which jsonschema needs nothing else, but idna, which comes with aiohttp.
_OF_JSONSCHEMA = ("date", "email", "idn-email", "idn-hostname", "ipv4", "ipv6", "regex", "uuid")
# The rules of rfc3339-validator and of jsonpointer, which Prefect installs.
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"
_TIME_PATTERN = re.compile(_TIME, re.ASCII | re.IGNORECASE)
_DATE_TIME_PATTERN = re.compile(rf"(\d{{4}}-\d\d-\d\d)T{_TIME}", re.ASCII | re.IGNORECASE)
_POINTER = r"(/([^~/]|~[01])*)*"
_POINTER_PATTERN = re.compile(_POINTER, re.DOTALL)
_RELATIVE_POINTER_PATTERN = re.compile(rf"(0|[1-9]\d*)(#|{_POINTER})", re.DOTALL)


class _Formats(FormatChecker):
    """Checks texts within bounds; other values, and formats that are not known, pass."""

    def __init__(self) -> None:
        super().__init__(())
        known = Draft202012Validator.FORMAT_CHECKER.checkers
        self.checkers = {name: known[name] for name in _OF_JSONSCHEMA} | {
            "date-time": (_on_texts(_is_date_time), ValueError),
            "time": (_on_texts(_TIME_PATTERN.fullmatch), ()),
            "json-pointer": (_on_texts(_POINTER_PATTERN.fullmatch), ()),
            "relative-json-pointer": (_on_texts(_RELATIVE_POINTER_PATTERN.fullmatch), ()),
        }

    def check(self, instance: object, format: str) -> None:  # noqa: A002  # its name there
        """Raise FormatError for a text that has not its format.

        Raises TooLarge for too many characters, ServerFailure where a real server fails.
        """
        if isinstance(instance, str) and format in self.checkers:
            take_steps(len(instance) // _CHARACTERS_A_STEP)
        try:
            super().check(instance, format)
        except OverflowError:  # a regular expression with too large a number
            raise ServerFailure("a format cannot be checked", retryable=False) from None


def _on_texts(check: Callable[[str], object]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or bool(check(value))


def _is_date_time(text: str) -> bool:
    found = _DATE_TIME_PATTERN.fullmatch(text)
    return found is not None and bool(date.fromisoformat(found[1]))


FORMATS = _Formats()
