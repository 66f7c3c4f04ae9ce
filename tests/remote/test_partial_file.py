"""A partial file keeps whole blocks through any crash, and is of one copy only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mockserver.errors import UsageError
from mockserver.remote.partial_file import PartialFile

ABOUT = {"server": "http://a/api", "key": "drawn first"}
ONE, TWO, TWO_LATER = {"id": "1"}, {"id": "2"}, {"id": "2", "later": True}


def filled(path: Path) -> None:
    with PartialFile(path, ABOUT) as partial:
        assert not partial.resumed
        partial.put("flow_runs", "a", [ONE, TWO])
        partial.put("flows", "all", [])
        partial.put("flow_runs", "b", [TWO_LATER])


def test_a_later_block_counts(tmp_path: Path) -> None:
    """Of a record in two blocks, and of a block that was written twice; highest ids first."""
    filled(tmp_path / "p")
    for _ in range(2):
        with PartialFile(tmp_path / "p", ABOUT) as partial:
            assert partial.resumed
            assert list(partial.records("flow_runs")) == [TWO_LATER, ONE]
            assert partial.block("flows", "all") == {}
            assert partial.block("flows", "none") is None
    with PartialFile(tmp_path / "p", ABOUT) as partial:
        partial.put("flow_runs", "a", [ONE])
        partial.put("flow_runs", "b", [])
        assert list(partial.records("flow_runs")) == [ONE]


def test_a_crash_at_any_byte_loses_only_the_block_that_was_written(tmp_path: Path) -> None:
    """What is cut off can be written again."""
    filled(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    for length in range(len(whole)):
        path = tmp_path / f"cut-{length}"
        path.write_bytes(whole[:length])
        with PartialFile(path, ABOUT) as partial:
            assert list(partial.blocks) in (
                [],
                [("flow_runs", "a")],
                [("flow_runs", "a"), ("flows", "all")],
            )
            partial.put("flow_runs", "b", [TWO_LATER])
        with PartialFile(path, ABOUT) as partial:
            assert TWO_LATER in list(partial.records("flow_runs"))


@pytest.mark.parametrize("tail", [b"{}\n", b"[]\n", b'{"bytes": "x"}\n', b"\xff\n"])
def test_damage_after_whole_blocks_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    """A disk that lost power may hold anything there."""
    filled(tmp_path / "p")
    before = (tmp_path / "p").read_bytes()
    (tmp_path / "p").write_bytes(before + tail)
    with PartialFile(tmp_path / "p", ABOUT) as partial:
        assert len(partial.blocks) == 3
    assert (tmp_path / "p").read_bytes() == before


def test_a_copy_goes_on_with_the_key_that_was_drawn_first(tmp_path: Path) -> None:
    """So equal names stay equal in one copy."""
    filled(tmp_path / "p")
    with PartialFile(tmp_path / "p", {**ABOUT, "key": "drawn later"}) as partial:
        assert partial.about["key"] == "drawn first"


@pytest.mark.parametrize("content", [b"{}\n", b"notes\n", b"[1]\n"])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    """The user is told to move it away."""
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(UsageError, match="is not a partial copy; move it away"):
        PartialFile(tmp_path / "p", ABOUT)
    assert (tmp_path / "p").read_bytes() == content


def test_a_copy_of_another_server_does_not_go_on(tmp_path: Path) -> None:
    """The error names what differs, and the flag."""
    filled(tmp_path / "p")
    with pytest.raises(UsageError, match=r'another server: "http://a/api", not "x"; .*--restart'):
        PartialFile(tmp_path / "p", {"server": "x"})


def test_only_one_process_writes(tmp_path: Path) -> None:
    """Nobody else can read what may be confidential, either."""
    with PartialFile(tmp_path / "p", ABOUT):
        assert stat.S_IMODE((tmp_path / "p").stat().st_mode) == 0o600
        with pytest.raises(UsageError, match="another process is writing"):
            PartialFile(tmp_path / "p", ABOUT)
    with pytest.raises(UsageError, match="cannot write"):
        PartialFile(tmp_path / "no folder" / "p", ABOUT)
