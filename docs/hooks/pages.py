"""What MkDocs does to a page before it is shown: parts of other files, tables of the code, links.

A page is a file of docs/, or one of `PAGES` elsewhere in the repository. In its text

- `<!-- include: README.md#quick-start -->` stands for that section, without its heading;
- `<!-- generated: warnings -->` stands for what the code says (see `generated.py`);
- lines directly below such a mark are for those who read the file elsewhere; the site has none.

A link to a file that is on the site leads there; an image elsewhere is copied; any other file is
only named, because the site does not have it.
"""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

# MkDocs loads this file by its path.
from generated import GENERATED

ROOT = Path(__file__).parents[2]
# Files elsewhere in the repository, and the address at which each is a page.
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "fixtures/README.md": "reference/fixtures.md",
}
# Where the sections of README.md are; the site shows none that is not here.
SECTIONS = {
    "quick-start": "index.md",
    "rehearse-a-clean-up-script-in-five-steps": "tutorial.md",
    "in-your-tests": "how-to/pytest.md",
    "does-a-server-keep-the-contract": "how-to/contract.md",
}
IMAGES = (".svg", ".png")
_INCLUDE = re.compile(r"^<!-- include: ([\w./-]+)#([\w-]+) -->$(?:\n.+)*", re.M)
_GENERATED = re.compile(r"^<!-- generated: ([\w-]+) -->$(?:\n.+)*", re.M)
_LINK = re.compile(r"(!?)\[((?:[^\]\[]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and images that lie elsewhere."""
    for source, address in PAGES.items():
        text = relink((ROOT / source).read_text(encoding="utf-8"), source, address)
        files.append(File.generated(config, address, content=text))
    for page in list(files.documentation_pages()):
        for _, _, target in _LINK.findall(page.content_string):
            source = resolve(target.partition("#")[0], f"docs/{page.src_uri}")
            if source.endswith(IMAGES) and not source.startswith("docs/"):
                image = f"images/{Path(source).name}"
                files.append(File.generated(config, image, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill the page in, and lead its links to the site."""
    address = page.file.src_uri

    def include(found: re.Match[str]) -> str:
        return relink(section(found[1], found[2]), found[1], address)

    if address in PAGES.values():
        return markdown
    text = relink(markdown, f"docs/{address}", address)
    return _INCLUDE.sub(include, _GENERATED.sub(generate, text))


def generate(found: re.Match[str]) -> str:
    """What the code says of a subject. Raises PluginError for an unknown one."""
    if found[1] not in GENERATED:
        raise PluginError(f"nothing generates {found[1]!r}; expected one of {sorted(GENERATED)}")
    return GENERATED[found[1]]()


def section(file: str, anchor: str) -> str:
    """The text below a heading of a file. Raises PluginError if there is none."""
    for part in re.split(r"^(?=## )", (ROOT / file).read_text(encoding="utf-8"), flags=re.M):
        heading, _, text = part.partition("\n")
        if slug(heading.lstrip("# ")) == anchor:
            return text.strip()
    raise PluginError(f"{file} has no heading for #{anchor}")


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def relink(text: str, source: str, address: str) -> str:
    """The text of a file of the repository, with links as they are at an address of the site."""

    def lead(found: re.Match[str]) -> str:
        image, words, target = found.groups()
        if re.match(r"[a-z]+:", target):
            return found[0]
        file, _, anchor = target.partition("#")
        there = site_address(resolve(file, source) if file else source, anchor, source)
        if there is None:
            path = resolve(file, source)
            return str(words) if "`" in words or not file else f"{words} (`{path}`)"
        if there == f"{address}#{anchor}":
            return f"{image}[{words}](#{anchor})"
        return f"{image}[{words}]({posixpath.relpath(there, posixpath.dirname(address) or '.')})"

    return _LINK.sub(lead, text)


def resolve(target: str, source: str) -> str:
    """The file of the repository that a link in another one leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))


def site_address(file: str, anchor: str, source: str) -> str | None:
    """The address of a file on the site, with an anchor; None if it is not there."""
    if file == "README.md":
        there = SECTIONS.get(anchor, "index.md" if source != file else "")
        return there or None
    if file.endswith(IMAGES) and not file.startswith("docs/"):
        return f"images/{Path(file).name}"
    there = file.removeprefix("docs/") if file.startswith("docs/") else PAGES.get(file, "")
    if not there:
        return None
    return f"{there}#{anchor}" if anchor else there
