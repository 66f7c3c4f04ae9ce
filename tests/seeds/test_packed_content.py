"""Packed files whose digest is right and whose content is not.

Invariant: such a file is refused with a sentence, or loads as seeds whose records can all be read.
"""

from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.errors import SeedError
from mockserver.resources import resource_path
from mockserver.seeds.files.packed import pack_seeds
from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store
from mockserver.worlds import dump_store
from tests.support.recorded_cases import NOW
from tests.support.strategies import scaled_max_examples

PACKED = b"".join(pack_seeds(load_seeds([resource_path("fixtures")], NOW)))
CONTENT = PACKED[:-32]
HEADER = CONTENT.index(b"\n", 45)
PLACES = st.integers(40, HEADER) | st.integers(HEADER, len(CONTENT))
BYTES = st.binary(max_size=3) | st.sampled_from(
    [b"\x80", b"\xff" * 8, b"\n", b"0", b"9", b"-1", b"1e9", b"null", b'"', b"[", b"}", b"few B"]
)


@given(damages=st.lists(st.tuples(PLACES, st.integers(0, 9), BYTES), min_size=1, max_size=3))
@settings(max_examples=scaled_max_examples(150))
def test_damaged_content_is_refused_or_can_be_read(damages: list[tuple[int, int, bytes]]) -> None:
    """Bytes are replaced, removed and inserted in the header and in the columns.

    What is loaded can be read whole: as many flow runs as it says it has.
    """
    content = bytearray(CONTENT)
    for place, removed, inserted in damages:
        content[place : place + removed] = inserted
    digest = blake2b(content, digest_size=32).digest()
    with TemporaryDirectory() as folder:
        file = Path(folder, "damaged.packed")
        file.write_bytes(bytes(content) + digest)
        try:
            loaded = load_seeds([file], NOW)
        except SeedError:
            return
    store = Store(loaded.base())
    assert len(dump_store(store).get("flow_runs", [])) == len(store)
