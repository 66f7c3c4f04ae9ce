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

    def end_of_first(self, name: str, at: int) -> int:
        """Where the first occurrence at or after `at` ends; -1 when there is none."""
        last = len(name) - self.length
        if last < at or not all(text in name for _, text in self.texts):
            return -1
        if not self.texts:
            return at + self.length
        offset, text = self.texts[0]
        start = name.find(text, at + offset) - offset
        while 0 <= start <= last:
            if self.stands_at(name, start):
                return start + self.length
            start = name.find(text, start + offset + 1) - offset
        return -1

    def stands_at(self, name: str, start: int) -> bool:
        """Whether it stands at `start`, if the name is long enough."""
        return all(name.startswith(text, start + offset) for offset, text in self.texts)


@dataclass(frozen=True, slots=True)
class LikePattern:
    """A pattern, ready to be held against names.

    `text` is what the request said; `case` how both sides are brought to one case. `head` must
    begin the name, `pieces` stand in it in this order, without overlap, and `tail` end it;
    `alone`: there is nothing but the head; `cut_names`: a name, too, ends at its first NUL.
    """

    text: str
    case: LikeCase
    pieces: tuple[LikeSegment, ...] = field(repr=False)
    tail: LikeSegment = field(default=LikeSegment(0, ()), repr=False)
    cut_names: bool = field(default=False, repr=False)
    head: LikeSegment = field(default=LikeSegment(0, ()), repr=False)
    alone: bool = field(default=False, repr=False)

    def prepare(self, name: str) -> str:
        """The name in the form `holds` takes; worth keeping where a name is met often."""
        if self.cut_names:
            name = name.partition("\0")[0]
        return fold_case(name, self.case)

    def holds(self, prepared: str) -> bool:
        """Whether a prepared name matches."""
        at = self.head.length
        if at and not (len(prepared) >= at and self.head.stands_at(prepared, 0)):
            return False
        if self.alone:
            return len(prepared) == at
        for piece in self.pieces:
            at = piece.end_of_first(prepared, at)
            if at < 0:
                return False
        start = len(prepared) - self.tail.length
        return start >= at and self.tail.stands_at(prepared, start)

    def texts(self) -> Iterator[str]:
        """The texts that every prepared name that matches has somewhere."""
        for piece in (self.head, *self.pieces, self.tail):
            for _, text in piece.texts:
                yield text

    def matches(self, name: str) -> bool:
        """Whether a name matches."""
        return self.holds(self.prepare(name))


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
    cut_names = dialect.nul is NulHandling.ENDS_PATTERN
    if cut_names:
        pattern = pattern.partition("\0")[0]
    if dialect.like_wildcards is Wildcards.ESCAPABLE and "\\" in pattern:
        between = _split_escaped(pattern)
    else:
        between = [piece.split("_") for piece in pattern.split("%")]
    head, *pieces = map(_build_segment, between)
    tail = pieces.pop() if pieces else LikeSegment(0, ())
    return LikePattern(
        text,
        case,
        tuple(piece for piece in pieces if piece.length),
        tail,
        cut_names=cut_names,
        head=head,
        alone=len(between) == 1,
    )


def _split_escaped(pattern: str) -> list[list[str]]:
    """Split at each `%`, and what stands between at each `_`, but for those behind a `\\`."""
    between: list[list[list[str]]] = [[[]]]
    symbols = iter(pattern)
    for symbol in symbols:
        if symbol == "%":
            between.append([[]])
        elif symbol == "_":
            between[-1].append([])
        else:
            # A closing % always follows a trailing backslash.
            between[-1][-1].append(next(symbols) if symbol == "\\" else symbol)
    return [["".join(text) for text in piece] for piece in between]


def _build_segment(texts: list[str]) -> LikeSegment:
    """From the texts between its `_`."""
    at = 0
    placed = []
    for text in texts:
        if text:
            placed.append((at, text))
        at += len(text) + 1
    return LikeSegment(at - 1, tuple(placed))
