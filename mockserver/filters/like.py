"""Matching names against `like_` and `startswith_`, as the document says or as a database does.

A `LikePattern` is compiled once for a request and then compared with many names. Its answers are
those of SQLite's LIKE and PostgreSQL's ILIKE in their dialects; tests compare them with SQLite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..errors import TooLarge
from ..prefect import Dialect, LikeCase, NulHandling, Wildcards


def fold_case(text: str, case: LikeCase) -> str:
    """Return `text` in the one case in which `case` compares texts."""
    if case is LikeCase.FOLD:
        return text.casefold()
    if text.isascii():
        return text.lower()
    if case is LikeCase.ASCII:
        return text.translate(_ASCII_LOWER)
    # PostgreSQL lower-cases each code point by itself. Python differs for two: it turns İ into two
    # code points, and a Σ at the end of a word into ς.
    return text.replace("İ", "i").replace("Σ", "σ").lower()


_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class LikeSegment:
    """The part of a pattern between two `%`: texts at offsets, with any code point elsewhere.

    `length` is that of what it matches, in code points. This is not a regular expression, because
    those are slow to compile, and many wildcards make them backtrack.
    """

    length: int
    texts: tuple[tuple[int, str], ...]

    def find_end(self, name: str, at: int) -> int:
        """Return the end of the first match at or after `at`, or -1 if there is none."""
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
        """Whether it matches at `start`; the caller checks that the name is long enough."""
        return all(name.startswith(text, start + offset) for offset, text in self.texts)


@dataclass(frozen=True, slots=True)
class LikePattern:
    """A compiled pattern.

    `text` is the text in the request, `case` how both sides are brought to one case. A name matches
    if it begins with `head` and ends with `tail`, and has `segments` in this order between them,
    without overlap. `is_exact`: the pattern has no `%`, so that the head is the whole name.
    `cut_names_at_nul`: a name, like a pattern, ends at its first NUL.
    """

    text: str
    case: LikeCase
    segments: tuple[LikeSegment, ...] = field(repr=False)
    tail: LikeSegment = field(default=LikeSegment(0, ()), repr=False)
    cut_names_at_nul: bool = field(default=False, repr=False)
    head: LikeSegment = field(default=LikeSegment(0, ()), repr=False)
    is_exact: bool = field(default=False, repr=False)

    def normalize(self, name: str) -> str:
        """Return a name in the form that `matches_normalized` expects."""
        if self.cut_names_at_nul:
            name = name.partition("\0")[0]
        return fold_case(name, self.case)

    def matches_normalized(self, normalized: str) -> bool:
        """Whether a name that `normalize` returned matches."""
        at = self.head.length
        if at and not (len(normalized) >= at and self.head.matches_at(normalized, 0)):
            return False
        if self.is_exact:
            return len(normalized) == at
        # The first place of a segment is enough: a later one leaves less room for the rest.
        for segment in self.segments:
            at = segment.find_end(normalized, at)
            if at < 0:
                return False
        start = len(normalized) - self.tail.length
        return start >= at and self.tail.matches_at(normalized, start)

    @property
    def only_text(self) -> str | None:
        """The text that makes a normalized name match wherever it is; None if more is asked for."""
        if self.is_exact or self.head.length or self.tail.length or len(self.segments) != 1:
            return None
        (segment,) = self.segments
        texts = [text for _, text in segment.texts]
        return texts[0] if [len(text) for text in texts] == [segment.length] else None

    def required_texts(self) -> Iterator[str]:
        """The texts that occur in every normalized name that matches."""
        for segment in (self.head, *self.segments, self.tail):
            for _, text in segment.texts:
                yield text

    def matches(self, name: str) -> bool:
        """Whether a name matches."""
        return self.matches_normalized(self.normalize(name))


def normalize_names(names: Sequence[str], like: LikePattern) -> list[str]:
    """Each name in the form that `matches_normalized` expects: as `normalize` returns it."""
    text = "\n".join(names)
    # All at once, which takes a fifth of the time: no case depends on the letters around.
    if not (like.cut_names_at_nul and "\0" in text):
        normalized = fold_case(text, like.case).split("\n")
        if len(normalized) == len(names):  # no name has a line feed
            return normalized
    return list(map(like.normalize, names))


MAX_WILDCARDS = 50_000
"""In one pattern. SQLite refuses a pattern with more bytes than this; PostgreSQL has no bound."""


def compile_like(text: str, dialect: Dialect) -> LikePattern:
    """Compile the text of `like_`. It is not empty: an empty `like_` is no condition (M2).

    Raises TooLarge for too many wildcards; this is judged first, as they take long to compile.
    """
    if _is_refused(text, dialect):
        return _refused_pattern(text, dialect)
    if dialect.like_wildcards is Wildcards.LITERAL:
        return LikePattern(text, dialect.like_case_ascii, (_literal_segment(text, dialect),))
    return _compile_pattern(text, f"%{fold_case(text, dialect.like_case_ascii)}%", dialect)


def compile_prefix(text: str, dialect: Dialect) -> LikePattern:
    """Compile one text of `startswith_`; an empty one matches every name.

    Raises TooLarge as `compile_like` does.
    """
    if _is_refused(text, dialect):
        return _refused_pattern(text, dialect)
    if dialect.like_wildcards is Wildcards.LITERAL:
        return LikePattern(text, dialect.like_case_ascii, (), head=_literal_segment(text, dialect))
    return _compile_pattern(text, f"{fold_case(text, dialect.like_case_ascii)}%", dialect)


def _is_refused(text: str, dialect: Dialect) -> bool:
    """Whether a database refuses a pattern for its length. Raises TooLarge."""
    if dialect.like_wildcards is Wildcards.LITERAL:
        return False
    most = dialect.undocumented_5xx.max_like_bytes if dialect.undocumented_5xx else None
    # A pattern has at least as many bytes as characters; `startswith_` has one `%` less than
    # `like_`, for which the bound is.
    if most is not None and len(text) > most + 1:
        return True
    wildcards = sum(map(text.count, "%_\\"))
    if wildcards > MAX_WILDCARDS:
        raise TooLarge(
            f"the pattern has {wildcards:,} wildcards; mockserver takes at most {MAX_WILDCARDS:,}"
        )
    return False


def _refused_pattern(text: str, dialect: Dialect) -> LikePattern:
    """What stands for a pattern that `query_size` refuses before it is compared with a name."""
    return LikePattern(text, dialect.like_case_ascii, (_build_segment([text]),))


def _literal_segment(text: str, dialect: Dialect) -> LikeSegment:
    return _build_segment([fold_case(text, dialect.like_case_ascii)])


def _compile_pattern(text: str, pattern: str, dialect: Dialect) -> LikePattern:
    """Compile a database's pattern; `pattern` is already in one case, `text` is the original."""
    case = dialect.like_case_ascii
    cut_names_at_nul = dialect.nul is NulHandling.ENDS_PATTERN
    # The closing % goes, too: the name must then end where the pattern does.
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
        # Two % side by side are one.
        tuple(segment for segment in segments if segment.length),
        tail,
        cut_names_at_nul=cut_names_at_nul,
        head=head,
        is_exact=len(parts) == 1,
    )


def _split_escaped(pattern: str) -> list[list[str]]:
    """Split a pattern at each `%`, and the parts at each `_`, except where `\\` escapes them."""
    parts: list[list[list[str]]] = [[[]]]
    symbols = iter(pattern)
    for symbol in symbols:
        if symbol == "%":
            parts.append([[]])
        elif symbol == "_":
            parts[-1].append([])
        else:
            # There is a next symbol even for a trailing backslash: the closing %.
            parts[-1][-1].append(next(symbols) if symbol == "\\" else symbol)
    return [["".join(text) for text in segment] for segment in parts]


def _build_segment(texts: list[str]) -> LikeSegment:
    """Build a segment from the texts between its `_`."""
    at = 0
    placed = []
    for text in texts:
        if text:
            placed.append((at, text))
        at += len(text) + 1
    # Between n texts there are n - 1 `_`.
    return LikeSegment(at - 1, tuple(placed))
