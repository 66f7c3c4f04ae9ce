"""Reading a list of accepted findings: YAML, with the line of everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import yaml

from ...errors import UsageError, to_single_line
from .entries import ID_WORDS, AcceptedList, Entry

ROOT_KEY = "accepted"
KEYS = ("id", "found", "request", "release", "database", "reason", "expires")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NULL = "tag:yaml.org,2002:null"
_MAX_CHARS = 2_000  # of a text that reports show


def read_accepted(path: Path, *, reasons_needed: bool) -> AcceptedList:
    """Read a list. `reasons_needed`: an entry without a reason is an error, too.

    Raises UsageError, with all that is wrong.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise UsageError(
            f"{path}: there is no such file; --write-accepted {path} writes what is found to it"
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8; {_EXPECTED}") from None
    return parse_accepted(path, text, reasons_needed=reasons_needed)


def parse_accepted(path: Path, text: str, *, reasons_needed: bool) -> AcceptedList:
    """Read the text of a list, as `read_accepted` does."""
    reader = _Reader()
    entries = list(reader.read_entries(_compose(path, text)))
    reader.check_ids(entries)
    if reasons_needed:
        reader.check_reasons(entries)
    if reader.problems:
        raise UsageError(
            "\n".join(f"{path}:{line}: {problem}" for line, problem in sorted(reader.problems))
        )
    return AcceptedList(path, entries, text)


_EXPECTED = (
    f"expected a list of accepted findings, as --write-accepted writes it: `{ROOT_KEY}:` and its "
    "entries"
)


def _compose(path: Path, text: str) -> yaml.Node | None:
    """The document as nodes, which know their lines; None if there is none."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}:{line}: {error.problem or error}; expected YAML") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UsageError(f"{path}:{line}: {error.reason}; expected YAML") from None
    except RecursionError:
        raise UsageError(f"{path}: nested too deep; {_EXPECTED}") from None
    return node


@dataclass
class _Reader:
    """Makes entries of nodes; `problems` are what is wrong, each with its line."""

    problems: list[tuple[int, str]] = field(default_factory=list)

    def add_problem(self, node: yaml.Node, problem: str) -> None:
        self.problems.append((_line(node), problem))

    def read_entries(self, root: yaml.Node | None) -> Iterator[Entry]:
        if root is None or _is_null(root):
            return
        keys = [key.value for key, _ in root.value] if isinstance(root, yaml.MappingNode) else []
        if keys != [ROOT_KEY]:
            self.add_problem(root, _EXPECTED)
            return
        entries = root.value[0][1]
        if isinstance(entries, yaml.SequenceNode):
            for node in entries.value:
                yield from self.read_entry(node)
        elif not _is_null(entries):
            self.add_problem(entries, _EXPECTED)

    def read_entry(self, node: yaml.Node) -> Iterator[Entry]:
        if not isinstance(node, yaml.MappingNode):
            self.add_problem(node, "expected an entry: an id and a reason")
            return
        texts: dict[str, str] = {}
        expires: date | None = None
        reason_line = _line(node)
        for key, value in node.value:
            text = self.read_text(key, value, texts)
            if text is None:
                continue
            texts[key.value] = text
            reason_line = _line(key) if key.value == "reason" else reason_line
            if key.value == "expires" and text:
                expires = self.read_date(value, text)
        texts.pop("expires", None)
        if texts.get("id"):
            lines = {"line": _line(node), "reason_line": reason_line}
            yield replace(Entry(**texts), expires=expires, **lines)  # type: ignore[arg-type]
        else:
            self.add_problem(node, "an id is needed; reports show it with each finding")

    def read_text(self, key: yaml.Node, value: yaml.Node, seen: dict[str, str]) -> str | None:
        """The text of a key's value, on one line; None if there is something wrong with it."""
        if not isinstance(key, yaml.ScalarNode) or key.value not in KEYS:
            self.add_problem(key, _unknown_key(key))
        elif key.value in seen:
            self.add_problem(key, f"the key {key.value} occurs twice in this entry")
        elif not isinstance(value, yaml.ScalarNode):
            self.add_problem(value, f"{key.value} is no text")
        else:
            # Whatever its type in YAML is: 3.9 is a release and no number, 2027-03-01 a date.
            text = "" if _is_null(value) else " ".join(value.value.split())
            return text if key.value == "request" else to_single_line(text, _MAX_CHARS)
        return None

    def read_date(self, node: yaml.Node, text: str) -> date | None:
        try:
            if _DATE.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        self.add_problem(node, f"expires is {text!r}; expected a date such as 2027-03-01")
        return None

    def check_ids(self, entries: Sequence[Entry]) -> None:
        """Find ids that occur twice, and those that no finding can have."""
        first: dict[str, int] = {}
        for entry in entries:
            if entry.id.partition(" ")[0] not in ID_WORDS:
                words = ", ".join(ID_WORDS)
                problem = f"no finding has the id {entry.id!r}: ids begin with one of {words}"
                self.problems.append((entry.line, problem))
            elif entry.id in first:
                problem = f"the id {entry.id!r} is there already, in line {first[entry.id]}"
                self.problems.append((entry.line, problem))
            first.setdefault(entry.id, entry.line)

    def check_reasons(self, entries: Sequence[Entry]) -> None:
        """Find entries that nobody has given a reason."""
        self.problems += [
            (entry.reason_line, f"a reason is needed: why is it fine? ({entry.id})")
            for entry in entries
            if not entry.reason
        ]


def _unknown_key(key: yaml.Node) -> str:
    name = key.value if isinstance(key, yaml.ScalarNode) else "(not a text)"
    close = get_close_matches(name, KEYS, 1)
    hint = f"did you mean {close[0]}?" if close else f"expected {', '.join(KEYS)}"
    return f"unknown key {to_single_line(name)!r}; {hint}"


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and bool(node.tag == _NULL)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
