"""The search in the texts of events: `error -debug "timed out" +required`."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A sign, and then a phrase in quotes (whose end may be missing) or a word.
_TERM = re.compile(r'([-!+]?)(?:"((?:[^"\\]|\\.|\\$)*)"?|([^\s"]+))', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class TextSearch:
    """A text must have one of the `included` terms, none of the `excluded`, all `required` ones.

    Case does not count (Prefect: utilities/text_search_parser.py).
    """

    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @classmethod
    def parse(cls, query: str) -> TextSearch:
        """The search that a query means. A sign before a space is no term."""
        terms: dict[str, list[str]] = {"": [], "-": [], "+": []}
        for sign, phrase, word in _TERM.findall(query):
            term = word or _ESCAPE.sub(r"\1", phrase)
            lone_sign = not sign and word in ("-", "!", "+")
            if term.strip() and not lone_sign:
                terms["-" if sign == "!" else sign].append(term.lower())
        return cls(*(tuple(terms[sign]) for sign in ("", "-", "+")))

    def matches(self, text: str) -> bool:
        """Whether a text has what is searched for."""
        lowered = text.lower()
        if self.included and not any(term in lowered for term in self.included):
            return False
        if any(term in lowered for term in self.excluded):
            return False
        return all(term in lowered for term in self.required)
