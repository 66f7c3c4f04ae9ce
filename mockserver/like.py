"""`name.like_`: a partial match, as the document says it or as a database does it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .dialects import Dialect, LikeCase, Nul, Wildcards

_Piece = str | re.Pattern[str]


def to_one_case(text: str, case: LikeCase) -> str:
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
class Like:
    """A pattern, ready to be held against names.

    `text` is what the request said; `case` how both sides are brought to one case. `pieces` must
    stand in the name in this order, without overlap; `tail`, of `tail_length` code points, must
    end it; `cut_names`: a name, too, ends at its first NUL.
    """

    text: str
    case: LikeCase
    pieces: tuple[_Piece, ...] = field(repr=False)
    tail: _Piece = field(default="", repr=False)
    tail_length: int = field(default=0, repr=False)
    cut_names: bool = field(default=False, repr=False)

    def prepare(self, name: str) -> str:
        """The name in the form `holds` takes; worth keeping where a name is met often."""
        if self.cut_names:
            name = name.partition("\0")[0]
        return to_one_case(name, self.case)

    def holds(self, prepared: str) -> bool:
        """Whether a prepared name matches."""
        at = 0
        for piece in self.pieces:
            at = _end_of_first(piece, prepared, at)
            if at < 0:
                return False
        start = len(prepared) - self.tail_length
        return start >= at and _ends_with(prepared, start, self.tail)

    def matches(self, name: str) -> bool:
        """Whether a name matches."""
        return self.holds(self.prepare(name))


def compile_like(text: str, dialect: Dialect) -> Like:
    """`like_: text` under a dialect. `text` is not empty (an empty one is no condition, M2)."""
    case = dialect.like_case_ascii
    if dialect.like_wildcards is Wildcards.LITERAL:
        return Like(text, case, (to_one_case(text, case),))
    pattern = f"%{to_one_case(text, case)}%"
    cut_names = dialect.nul is Nul.ENDS_PATTERN
    if cut_names:
        pattern = pattern.partition("\0")[0]
    pieces = _split(pattern, escapable=dialect.like_wildcards is Wildcards.ESCAPABLE)
    return Like(
        text,
        case,
        pieces=tuple(_piece(piece) for piece in pieces[:-1] if piece),
        tail=_piece(pieces[-1]),
        tail_length=len(pieces[-1]),
        cut_names=cut_names,
    )


_ANY_ONE = None
_Symbol = str | None


def _split(pattern: str, *, escapable: bool) -> list[tuple[_Symbol, ...]]:
    """Split at each `%`: what stands between, `_` as None, escapes resolved."""
    pieces: list[list[_Symbol]] = [[]]
    symbols = iter(pattern)
    for symbol in symbols:
        if symbol == "%":
            pieces.append([])
        elif symbol == "_":
            pieces[-1].append(_ANY_ONE)
        elif symbol == "\\" and escapable:
            pieces[-1].append(next(symbols))  # a closing % always follows
        else:
            pieces[-1].append(symbol)
    return [tuple(piece) for piece in pieces]


def _piece(symbols: tuple[_Symbol, ...]) -> _Piece:
    """Plain text where there is no `_`, else an expression that cannot backtrack."""
    if _ANY_ONE not in symbols:
        return "".join(symbol for symbol in symbols if symbol is not None)
    expression = "".join("." if symbol is None else re.escape(symbol) for symbol in symbols)
    return re.compile(expression, re.DOTALL)


def _end_of_first(piece: _Piece, name: str, at: int) -> int:
    """Where the first occurrence at or after `at` ends; -1 when there is none."""
    if isinstance(piece, str):
        start = name.find(piece, at)
        return -1 if start < 0 else start + len(piece)
    found = piece.search(name, at)
    return found.end() if found else -1


def _ends_with(name: str, start: int, tail: _Piece) -> bool:
    """Whether what stands from `start` to the end of `name` is the tail."""
    if isinstance(tail, str):
        return name.startswith(tail, start)
    return tail.fullmatch(name, start) is not None
