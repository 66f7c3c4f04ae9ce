"""Fuzz the loader with texts that are nearly seeds: YAML, JSON and NDJSON, gzipped or not.

Invariant: a text loads as seeds whose records can all be dumped, or it is a SeedError of at most 20
problems, each of which names the file.
"""

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mockserver.errors import SeedError, SeedProblem
from mockserver.seeds.loading import load_seeds
from mockserver.store.store import Store
from mockserver.worlds import dump_store
from tests.support.recorded_cases import NOW
from tests.support.strategies import scaled_max_examples

PIECES = st.sampled_from(
    [
        *("flow_runs:\n", "- name: a\n", "  tags: [a, b]\n", "  state: {type: RUNNING}\n"),
        *(
            "  parameters: &a {x: 1}\n",
            "  context: *a\n",
            "  <<: *a\n",
            "&a ",
            "*a",
            "- ",
            "? ",
            ": ",
        ),
        *(
            '{"flow_runs": [',
            '{"name": "a"',
            ', "tags": ["b"]',
            "}",
            "]}",
            "[",
            "]",
            "{",
            ",",
            "\n",
        ),
        *('"run_count": ', "1e999", "-0", "0x1F", "1:30", ".inf", "!!int ", "!!bool ", "!!str "),
        *('"start_time": "now-1d"', '"\\ud800"', '"\\u0000"', "\t", "\x00", "\ufeff", "é", "---\n"),
        *(
            '"id": "00000000-0000-4000-8000-000000000001"',
            '"state": ',
            "null",
            "true",
            "#",
            "%",
            "|",
        ),
    ]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join).map(str.encode) | st.binary(max_size=60)
NAMES = st.sampled_from(["a.yaml", "a.json", "a.ndjson", "a.packed"])


@given(text=TEXTS, name=NAMES, compressed=st.booleans())
@example(text=b"!!int ''", name="a.yaml", compressed=False)
@example(text=b"? !!str [a]\n: b", name="a.yaml", compressed=True)
@settings(max_examples=scaled_max_examples(200))
def test_any_text_is_a_seed_or_a_seed_error(text: bytes, name: str, compressed: bool) -> None:
    """Whatever it is, there is no other error."""
    with TemporaryDirectory() as folder:
        file = Path(folder, f"{name}.gz" if compressed else name)
        file.write_bytes(gzip.compress(text, 1) if compressed else text)
        problems: tuple[SeedProblem, ...] = ()
        try:
            dump_store(Store(load_seeds([file], NOW).base()))
        except SeedError as error:
            problems = error.problems
    assert len(problems) <= 20
    assert all(str(file) in problem.where for problem in problems)
