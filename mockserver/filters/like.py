"""`like_` and `startswith_`: matches of a part, as the document or a database does them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..prefect import Dialect, LikeCase, NulHandling, Wildcards


def fold_case(text: str, case: LikeCase) -> str:
    """`text` as `case` compares it."""
    if case is LikeCase.FOLD:
        return text.casefold()
    if text.isascii():
        return text.lower()
    if case is LikeCase.ASCII:
        return text.translate(_ASCII_LOWER)
    # One code point at a time: the two whose lower case depends on more, or is more, than one.
    return text.replace("İ", "i").replace("Σ", "σ").lower()


_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class LikeSegment:
    """What stands between two `%`: texts at their offsets, and any one code point elsewhere.

    Not a regular expression: those are slow to compile, are kept for good, and buy nothing here.
    """

    length: int
    texts: tuple[tuple[int, str], ...]

    def find_end(self, name: str, at: int) -> int:
        """Where the first occurrence at or after `at` ends; -1 when there is none."""
        last = len(name) - self.length
        if last < at or not all(text in name for _, text in self.texts):
            return -1
        if not self.texts:
            return at + self.length
        offset, text = self.texts[0]
        start = name.find(text, at + offset) - offset
        while 0 <= start <= last:
            if self.matches_at(name, start):
                return start + self.length
            start = name.find(text, start + offset + 1) - offset
        return -1

    def matches_at(self, name: str, start: int) -> bool:
        """Whether it stands at `start`, if the name is long enough."""
        return all(name.startswith(text, start + offset) for offset, text in self.texts)


@dataclass(frozen=True, slots=True)
class LikePattern:
    """A pattern, ready to be held against names.

    `text` is what the request said; `case` how both sides are brought to one case. `head` must
    begin the name, `segments` stand in it in this order, without overlap, and `tail` end it;
    `is_exact`: there is nothing but the head; `cut_names_at_nul`: a name, too, ends at its first
    NUL.
    """

    text: str
    case: LikeCase
    segments: tuple[LikeSegment, ...] = field(repr=False)
    tail: LikeSegment = field(default=LikeSegment(0, ()), repr=False)
    cut_names_at_nul: bool = field(default=False, repr=False)
    head: LikeSegment = field(default=LikeSegment(0, ()), repr=False)
    is_exact: bool = field(default=False, repr=False)

    def normalize(self, name: str) -> str:
        """The name in the form `matches_normalized` takes."""
        if self.cut_names_at_nul:
            name = name.partition("\0")[0]
        return fold_case(name, self.case)

    def matches_normalized(self, normalized: str) -> bool:
        """Whether a normalized name matches."""
        at = self.head.length
        if at and not (len(normalized) >= at and self.head.matches_at(normalized, 0)):
            return False
        if self.is_exact:
            return len(normalized) == at
        for segment in self.segments:
            at = segment.find_end(normalized, at)
            if at < 0:
                return False
        start = len(normalized) - self.tail.length
        return start >= at and self.tail.matches_at(normalized, start)

    def required_texts(self) -> Iterator[str]:
        """The texts that every normalized name that matches has somewhere."""
        for segment in (self.head, *self.segments, self.tail):
            for _, text in segment.texts:
                yield text

    def matches(self, name: str) -> bool:
        """Whether a name matches."""
        return self.matches_normalized(self.normalize(name))


def compile_like(text: str, dialect: Dialect) -> LikePattern:
    """`like_: text` under a dialect. `text` is not empty (an empty one is no condition, M2)."""
    if dialect.like_wildcards is Wildcards.LITERAL:
        return LikePattern(text, dialect.like_case_ascii, (_literal_segment(text, dialect),))
    return _compile_pattern(text, f"%{fold_case(text, dialect.like_case_ascii)}%", dialect)


def compile_prefix(text: str, dialect: Dialect) -> LikePattern:
    """One text of `startswith_` under a dialect; an empty one matches every name."""
    if dialect.like_wildcards is Wildcards.LITERAL:
        return LikePattern(text, dialect.like_case_ascii, (), head=_literal_segment(text, dialect))
    return _compile_pattern(text, f"{fold_case(text, dialect.like_case_ascii)}%", dialect)


def _literal_segment(text: str, dialect: Dialect) -> LikeSegment:
    return _build_segment([fold_case(text, dialect.like_case_ascii)])


def _compile_pattern(text: str, pattern: str, dialect: Dialect) -> LikePattern:
    """A pattern of a database, already in one case."""
    case = dialect.like_case_ascii
    cut_names_at_nul = dialect.nul is NulHandling.ENDS_PATTERN
    if cut_names_at_nul:
        pattern = pattern.partition("\0")[0]
    if dialect.like_wildcards is Wildcards.ESCAPABLE and "\\" in pattern:
        parts = _split_escaped(pattern)
    else:
        parts = [segment.split("_") for segment in pattern.split("%")]
    head, *segments = map(_build_segment, parts)
    tail = segments.pop() if segments else LikeSegment(0, ())
    return LikePattern(
        text,
        case,
        tuple(segment for segment in segments if segment.length),
        tail,
        cut_names_at_nul=cut_names_at_nul,
        head=head,
        is_exact=len(parts) == 1,
    )


def _split_escaped(pattern: str) -> list[list[str]]:
    """Split at each `%`, and what stands between at each `_`, but for those behind a `\\`."""
    parts: list[list[list[str]]] = [[[]]]
    symbols = iter(pattern)
    for symbol in symbols:
        if symbol == "%":
            parts.append([[]])
        elif symbol == "_":
            parts[-1].append([])
        else:
            # A closing % always follows a trailing backslash.
            parts[-1][-1].append(next(symbols) if symbol == "\\" else symbol)
    return [["".join(text) for text in segment] for segment in parts]


def _build_segment(texts: list[str]) -> LikeSegment:
    """From the texts between its `_`."""
    at = 0
    placed = []
    for text in texts:
        if text:
            placed.append((at, text))
        at += len(text) + 1
    return LikeSegment(at - 1, tuple(placed))
