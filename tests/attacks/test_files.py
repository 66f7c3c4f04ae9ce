"""Every attack that is a file: a seed that is hostile, or what only looks like a seed.

Invariant: it is refused with a sentence that names the file; nothing waits, crashes or fills the
memory. What is accepted can be listed by the API.
"""

from __future__ import annotations

import gzip
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from mockserver import MockServer
from mockserver.errors import SeedError
from mockserver.seeds import load_seeds
from mockserver.seeds.files import bounded_files
from tests.support.recorded_cases import NOW
from tests.support.servers import Client

Content = bytes | Callable[[Path], object]


@dataclass(frozen=True)
class FileAttack:
    """A hostile file: its name, its bytes or the function that makes it, and what is said of it."""

    name: str
    file: str
    content: Content
    says: str

    def make(self, folder: Path) -> Path:
        """Make the file in a folder, and return its path."""
        path = folder / self.file
        if callable(self.content):
            self.content(path)
        else:
            path.write_bytes(self.content)
        return path


def nine_levels(value: str) -> bytes:
    """A YAML text of nine levels, each of which repeats the one before nine times."""
    lines = [f"a0: &a0 {value}"]
    for level in range(1, 10):
        aliases = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} [{aliases}]")
    return "\n".join(lines).encode()


def in_parameters(yaml: bytes) -> bytes:
    """A seed with a YAML mapping as the parameters of a flow run."""
    return b"flow_runs:\n- parameters:\n    " + yaml.replace(b"\n", b"\n    ")


def chained_aliases(levels: int) -> bytes:
    """A YAML text that nests by aliases alone: no line is deep."""
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, levels))]
    return "\n".join(lines).encode()


def merged_keys() -> bytes:
    """A YAML text whose merge keys make lists of pairs that grow ninefold with each level."""
    lines = ["a0: &a0 {x: 1, y: 2, z: 3}"]
    for level in range(1, 9):
        aliases = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} {{<<: [{aliases}]}}")
    return "\n".join(lines).encode()


def bomb(path: Path) -> None:
    """64 MiB of line breaks, gzipped: 64 KB."""
    path.write_bytes(gzip.compress(b"\n" * (64 << 20), 9))


def large_comment(path: Path) -> None:
    """17 MiB that gzip makes half as large: it looks 32 KB back for what repeats."""
    path.write_bytes(gzip.compress(os.urandom(64 << 10).hex().encode() * 136, 1))


def listening_socket(path: Path) -> None:
    """A file that is a socket."""
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(path.parent)  # a socket's path is short
        listening.bind(path.name)


def run(**fields: object) -> bytes:
    """A seed of one flow run."""
    return orjson.dumps({"flow_runs": [fields]})


def deep(levels: int) -> bytes:
    """JSON lists in so many levels."""
    return b"[" * levels + b"]" * levels


def parameters(json: bytes) -> bytes:
    """A seed of one flow run with a parameter."""
    return b'{"flow_runs": [{"parameters": {"a": %b}}]}' % json


RUN = b'{"id": "00000000-0000-4000-8000-000000000001", "name": "a", "name": "b"}'
ATTACKS = (
    FileAttack("aliases", "a.yaml", nine_levels("x"), "aliases that add more than 5,000,000"),
    FileAttack("aliases in parameters", "a.yaml", in_parameters(nine_levels("x")), "aliases"),
    FileAttack("merge keys", "a.yaml", in_parameters(merged_keys()), "aliases that add more"),
    FileAttack(
        "a long text 1,000 times",
        "a.yaml",
        b"a: &a " + b"x" * 10_000 + b"\nb: [" + b"*a, " * 1_000 + b"]",
        "aliases that add more",
    ),
    FileAttack("aliases in a chain", "a.yaml", chained_aliases(900), "nested deeper than 200"),
    FileAttack("an alias in its anchor", "a.yaml", b"&a [*a, *a]", "unconstructable recursive"),
    FileAttack("indented 300 deep", "a.yaml", b"- " * 300 + b"a", "nested deeper than 200"),
    FileAttack(
        "indented and bracketed",
        "a.yaml",
        b"- " * 120 + b"[" * 120 + b"]" * 120,
        "nested deeper than 200",
    ),
    FileAttack("YAML integer", "a.yaml", b"a: " + b"1" * 100_000, "a number of 100,000 characters"),
    FileAttack("hexadecimal", "a.yaml", b"a: 0x" + b"f" * 4_200, "which JSON does not have"),
    FileAttack("base 60", "a.yaml", b"a: 1" + b":0" * 2_000_000, "a number of 4,000,001 char"),
    FileAttack("base 60 float", "a.yaml", b"a: 1" + b":0" * 900 + b".5", "is not a number"),
    FileAttack("infinity", "a.yaml", b"a: [-.inf]", "'-.inf', which JSON does not have"),
    FileAttack("NaN", "a.yaml", b"a: .nan", "'.nan', which JSON does not have"),
    FileAttack("an empty integer", "a.yaml", b"a: !!int ''", "'', which is not a number"),
    FileAttack("no boolean", "a.yaml", b"a: !!bool maybe", "'maybe', which is not a boolean"),
    FileAttack("a list as a text key", "a.yaml", b"? !!str [a]\n: 1", "a key that is not a string"),
    FileAttack("a Python object", "a.yaml", b"!!python/name:os.system", "could not determine a"),
    FileAttack("YAML too large", "a.yaml", b"#" * (17 << 20), "a file that is too large"),
    FileAttack("JSON 900 deep", "a.json", parameters(deep(900)), "nested deeper than 200"),
    FileAttack("JSON 2,000,000 deep", "a.json", b"[" * 2_000_000, "expected JSON"),
    FileAttack("JSON integer", "a.json", parameters(b"1" * 100_000), "number is infinity"),
    FileAttack("JSON NaN", "a.json", parameters(b"NaN"), "expected JSON"),
    FileAttack("JSON infinity", "a.json", parameters(b"1e999"), "number is infinity"),
    FileAttack("a key twice", "a.json", b'{"flow_runs": [%b]}' % RUN, "'name' occurs twice"),
    FileAttack(
        "a key twice, spelt otherwise",
        "a.json",
        b'{"flow_runs": [{"name": ":", "n\\u0061me" : "\\u003a"}]}',
        "the key 'name' occurs twice",
    ),
    FileAttack("a key twice in a line", "a.ndjson", b"\n{}\n" + RUN, "a.ndjson:3: the key 'name'"),
    FileAttack("a line 900 deep", "a.ndjson", deep(900), "a.ndjson:1: nested deeper than 200"),
    FileAttack("gzip bomb of lines", "a.ndjson.gz", bomb, "more than 200 times its size when"),
    FileAttack("gzip bomb of JSON", "a.json.gz", bomb, "more than 200 times its size when"),
    FileAttack("gzip bomb, packed", "a.packed.gz", bomb, "more than 200 times its size when"),
    FileAttack(
        "YAML too large in gzip", "a.yaml.gz", large_comment, "too large once it is decompressed"
    ),
    FileAttack("half a gzip", "a.json.gz", gzip.compress(b"{}" * 999)[:-20], "Compressed file"),
    FileAttack("no gzip", "a.json.gz", b"{}", "Not a gzipped file"),
    FileAttack("a named pipe", "a.json", os.mkfifo, "a named pipe; expected a seed"),
    FileAttack("a socket", "a.json", listening_socket, "a socket; expected a seed"),
    FileAttack("a device", "a.json", lambda path: path.symlink_to("/dev/zero"), "a device"),
    FileAttack("a folder", "a.json", Path.mkdir, "a folder"),
    FileAttack("a link to itself", "a.json", lambda path: path.symlink_to(path), "symbolic links"),
    FileAttack("a dead link", "a.json", lambda path: path.symlink_to("none.json"), "no such file"),
    FileAttack("not UTF-8", "a.json", b'{"flow_runs": [{"name": "\xff"}]}', "expected JSON"),
    FileAttack("a lone surrogate", "a.json", b'[{"name": "\\ud800"}]', "expected JSON"),
    FileAttack("a long unknown field", "a.json", run(**{"x" * 500_000: 1}), "an unknown field"),
    FileAttack("a count of 300 digits", "a.json", b'[{"run_count": -1e300}]', "0 or more"),
    FileAttack("a far time", "a.json", run(start_time="now-999999999d"), "RFC 3339"),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_hostile_file_in_a_folder_is_refused_with_a_sentence(
    attack: FileAttack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what is wrong with which file; a socket or a pipe does not make it wait."""
    monkeypatch.chdir(tmp_path)
    path = attack.make(tmp_path)
    with pytest.raises(SeedError) as error:
        load_seeds([tmp_path], NOW)
    said = str(error.value.problems[0])
    assert attack.says in said
    assert path.name in said
    assert len(said) < 2_000


def test_many_problems_are_counted_not_listed(tmp_path: Path) -> None:
    """The first 20 are listed, and how many more there are."""
    (tmp_path / "a.json").write_bytes(orjson.dumps([{"run_count": "x", "y": 1}] * 30_000))
    with pytest.raises(SeedError) as error:
        load_seeds([tmp_path], NOW)
    assert len(error.value.problems) == 20
    assert str(error.value).endswith("... and 29,980 more")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of a million files is not read to its end."""
    monkeypatch.setattr("mockserver.seeds.files.seed_files.MAX_FILES", 2)
    for name in "abc":
        (tmp_path / f"{name}.json").write_bytes(b"[]")
    with pytest.raises(SeedError, match="the seeds: more than 2 files; expected fewer"):
        load_seeds([tmp_path], NOW)


def test_a_line_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without line breaks is not read into memory as one line."""
    monkeypatch.setattr(bounded_files, "CHUNK_BYTES", 4)
    monkeypatch.setattr(bounded_files, "MAX_LINE_BYTES", 8)
    (tmp_path / "a.ndjson").write_bytes(b'{"flow_runs": []}\n')
    with pytest.raises(SeedError, match="a line that is too long; expected up to 8 bytes a line"):
        load_seeds([tmp_path], NOW)


def test_decompressed_bytes_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of a file that is not compressed suspiciously well."""
    monkeypatch.setattr(bounded_files, "_RATIO_COUNTS_FROM", 0)
    monkeypatch.setattr(bounded_files, "MAX_EXPANDED_BYTES", 100)
    (tmp_path / "a.ndjson.gz").write_bytes(gzip.compress(os.urandom(300)))
    with pytest.raises(SeedError, match="expected up to 100 bytes"):
        load_seeds([tmp_path], NOW)


def test_a_file_that_becomes_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Between the look at what it is and its opening, a file can be replaced."""
    pipe = tmp_path / "a.json"
    os.mkfifo(pipe)
    with (
        pytest.raises(bounded_files.UnreadableFileError, match="a named pipe"),
        bounded_files.open_regular(pipe),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", parameters(deep(196))),
        ("a.json", parameters(b"1" * 300)),
        ("a.json", b'[{"run_count": 1e300}]'),
        ("a.yaml", b"flow_runs: [{parameters: {a: " + b"9" * 4_300 + b"}}]"),
        ("a.yaml", in_parameters(b"a: &a [" + b"x, " * 5_000 + b"]\nb: [" + b"*a, " * 400 + b"]")),
        (os.fsdecode(b"\xff.json"), b"[{}]"),
        ("a.json", b'[{"name" : "\\u003a"}]'),
        ("a.ndjson", b'{"name" : "a :"}'),
    ],
    ids=["deep", "digits", "count", "YAML digits", "aliases", "not UTF-8", "colon", "space"],
)
def test_what_is_accepted_can_be_listed(name: str, content: bytes, tmp_path: Path) -> None:
    """Values just within the bounds are in the replies of lists."""
    (tmp_path / name).write_bytes(content)
    server = MockServer(tmp_path, now=NOW)
    with server:
        client = Client(server.url)
        reply = client.ask("POST", "/flow_runs/filter", {})
        client.connection.close()
    assert reply.status == 200
    assert len(reply.json) == 1


def nested_blocks(levels: int) -> dict[str, Any]:
    """Blocks, and schemas of them, each inside of the next; the innermost value is deep."""
    value: Any = 1
    for _ in range(190):
        value = [value]
    ids = [f"{number:08}-0000-4000-8000-000000000000" for number in range(levels)]
    return {
        "block_schemas": [
            {
                "checksum": str(number),
                "block_type_slug": "a",
                "fields": {
                    "title": "x" * number,
                    "block_schema_references": {"a": {"block_schema_checksum": str(number - 1)}},
                }
                if number
                else {},
            }
            for number in range(levels)
        ],
        "block_documents": [
            {
                "id": ids[number],
                "name": str(number),
                "block_type_slug": "a",
                "data": {"a": {"$ref": {"block_document_id": ids[number - 1]}}}
                if number
                else {"deep": value},
            }
            for number in range(levels)
        ],
    }


def test_objects_that_are_accepted_can_be_listed(tmp_path: Path) -> None:
    """Numbers and levels just within the bounds."""
    limit = {
        "limit": 2**31 - 1,
        "slot_decay_per_second": 1e308,
        "avg_slot_occupancy_seconds": -1e308,
    }
    pool = "00000000-0000-4000-8000-000000000000"
    document = {
        **nested_blocks(50),
        "variables": [{"name": "%/\0", "value": "\0" * 9_999}],
        "artifacts": [{"key": "", "data": -(2**63)}, {"key": "", "data": {"": 1e308}}],
        "concurrency_limits": [
            {"name": "", "active_slots": [1] * 999, **limit},
            {"tag": "", "limit": 0},
        ],
        "work_pools": [{"id": pool, "name": "p"}],
        "workers": [
            {
                "name": "",
                "work_pool_id": pool,
                "heartbeat_interval_seconds": 2**31 - 1,
                "last_heartbeat_time": "0001-01-01T00:00:00Z",
            }
        ],
        "logs": [{"message": "", "level": 2**31 - 1, "timestamp": "9999-12-31T23:59:59Z"}],
    }
    (tmp_path / "a.json").write_bytes(orjson.dumps(document))
    paths = (
        *("variables", "artifacts", "artifacts/latest", "block_types", "block_schemas"),
        *("block_documents", "concurrency_limits", "v2/concurrency_limits", "logs"),
    )
    with MockServer(tmp_path, now=NOW) as api:
        client = Client(api.url)
        replies = [client.ask("POST", f"/{path}/filter", {}) for path in paths]
        replies.append(client.ask("POST", "/work_pools/p/workers/filter", {}))
        client.connection.close()
    assert [reply.status for reply in replies] == [200] * len(replies)
    assert all(reply.json for reply in replies)


def test_more_blocks_within_each_other_are_refused(tmp_path: Path) -> None:
    """What a reply could not show, in no more than 20 problems."""
    (tmp_path / "a.json").write_bytes(orjson.dumps(nested_blocks(90)))
    with pytest.raises(SeedError) as caught:
        load_seeds(tmp_path, NOW)
    assert len(caught.value.problems) == 20
    assert "over 50 within each other" in str(caught.value.problems[0])
