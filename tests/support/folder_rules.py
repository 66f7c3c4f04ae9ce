"""Rules about the folders of a package: functions that list what breaks each rule.

They read the imports of each file, wherever in the file they are, except those for type checkers.
They take the package's path, so that a test can show each of them fail.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

MAX_FILES = 14


@dataclass(frozen=True, slots=True)
class Import:
    """`from module import names` in a file; modules and files by their dotted names."""

    file: str
    module: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """A package's files by their dotted names below it, such as `store.overlay`; "" is itself."""

    path: Path
    files: Mapping[str, Path]

    @classmethod
    def read(cls, path: Path) -> Package:
        """Read the files of the package at `path`."""
        found = {}
        for file in sorted(path.rglob("*.py")):
            parts = file.relative_to(path).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
        return cls(path, found)

    def folder_of(self, name: str) -> str:
        """The folder of a file. An `__init__` belongs to the folder that it defines."""
        is_folder = self.files[name].stem == "__init__"
        return name if is_folder else name.rpartition(".")[0]

    def imports(self, name: str, *, for_types: bool = False) -> Iterator[Import]:
        """Imports of a file from the same package; those under TYPE_CHECKING if it is asked for."""
        tree = _parse(self.files[name])
        folder = self.folder_of(name).split(".") if self.folder_of(name) else []
        for node in ast.walk(tree) if for_types else _without_type_checking(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = folder[: len(folder) - node.level + 1]
                module = ".".join([*base, *filter(None, [node.module])])
                names = tuple(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                root, _, module = node.module.partition(".")
                if root != self.path.name:
                    continue
                names = tuple(alias.name for alias in node.names)
            else:
                continue
            modules = [one for one in names if f"{module}.{one}".lstrip(".") in self.files]
            for one in modules:
                yield Import(name, f"{module}.{one}".lstrip("."), ())
            rest = tuple(one for one in names if one not in modules)
            if rest:
                yield Import(name, module, rest)

    def attributes(self, name: str, module: str) -> Iterator[str]:
        """The names that a file uses as attributes of a module that it imports."""
        for node in ast.walk(_parse(self.files[name])):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == module:
                yield node.attr

    def exports(self, folder: str) -> frozenset[str]:
        """The names that a folder exports: those that its `__init__` imports or assigns."""
        found = set()
        for node in ast.walk(_parse(self.files[folder])):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                found |= {alias.asname or alias.name for alias in node.names}
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found.add(node.targets[0].id)
        return frozenset(found - {"__getattr__"})

    def outside(self, name: str) -> frozenset[str]:
        """The other packages that a file imports."""
        return _packages(self.files[name])


@cache
def _packages(file: Path) -> frozenset[str]:
    """The packages that a file imports by their own names."""
    found = set()
    for node in ast.walk(_parse(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return frozenset(found)


@cache
def _parse(file: Path) -> ast.Module:
    """The tree of a file; it stays as it is while the tests run."""
    return ast.parse(file.read_text())


def _without_type_checking(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from _without_type_checking(node)


def upward_imports(package: Package, order: Sequence[str]) -> Iterator[str]:
    """Imports of a folder that is not below the importing one in `order`, which starts at the top.

    A name in `order` is a folder, or a file that counts as a folder of its own.
    """
    rank = {name: place for place, name in enumerate(order)}
    for name in package.files:
        here = name if name in rank else package.folder_of(name)
        for one in package.imports(name):
            there = one.module if one.module in rank else package.folder_of(one.module)
            if here != there and rank[there] <= rank[here]:
                yield f"{name or '__init__'} imports {one.module}, which is not below {here}"


def unlisted_folders(package: Package, order: Iterable[str]) -> Iterator[str]:
    """Folders missing in `order`, and names in it that are no folder or file."""
    folders = {package.folder_of(name) for name in package.files} | set(order)
    for name in sorted(folders ^ set(order)):
        yield f"{name} has no place in the order"
    for name in order:
        if name not in package.files:
            yield f"{name} is in the order and does not exist"


def imports_past_init(package: Package, files_by_name: Iterable[str]) -> Iterator[str]:
    """Imports from a file of another folder, or of names that the other folder does not export.

    `files_by_name` are files that may be imported by their own name.
    """
    direct = set(files_by_name)
    for name in package.files:
        for one in package.imports(name):
            folder = package.folder_of(one.module)
            if folder == package.folder_of(name) or one.module in direct:
                continue
            parent, _, leaf = one.module.rpartition(".")
            if not one.names and leaf in package.exports(parent):
                continue
            if one.module != folder:
                yield f"{name} imports from {one.module}, not from its folder"
                continue
            for missing in sorted(set(one.names) - package.exports(folder)):
                yield f"{name} imports {missing}, which {folder} does not export"


def import_cycles(package: Package) -> Iterator[str]:
    """A cycle of files that import each other, if there is one."""
    graph = {name: {one.module for one in package.imports(name)} - {name} for name in package.files}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield " -> ".join(str(name) or "__init__" for name in error.args[1])


def oversized_folders(package: Package, most: int = MAX_FILES) -> Iterator[str]:
    """Folders with more than `most` files, not counting `__init__`."""
    for folder in sorted({package.folder_of(name) for name in package.files}):
        held = [n for n in package.files if package.folder_of(n) == folder and n != folder]
        if len(held) > most:
            yield f"{folder or package.path.name} holds {len(held)} files"


def undocumented_folders(package: Package) -> Iterator[str]:
    """Folders whose `__init__` has a docstring of fewer than three lines."""
    for name, file in package.files.items():
        if file.stem != "__init__":
            continue
        lines = (ast.get_docstring(_parse(file)) or "").splitlines()
        if len([line for line in lines if line]) < 3:
            yield f"{name or package.path.name} has a docstring of fewer than three lines"


def lazy_names(package: Package, folder: str) -> tuple[set[str], set[str]]:
    """Names that a folder exports lazily: as type checkers see them, and as `lazy_exports` does."""
    checked: set[str] = set()
    listed: set[str] = set()
    for node in ast.walk(_parse(package.files[folder])):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            imported = [one for one in node.body if isinstance(one, ast.ImportFrom)]
            checked |= {f"{one.module}.{alias.name}" for one in imported for alias in one.names}
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and isinstance(key.value, str)
                    and isinstance(value, ast.Tuple)
                ):
                    listed |= {f"{key.value}.{ast.literal_eval(name)}" for name in value.elts}
    return checked, listed
