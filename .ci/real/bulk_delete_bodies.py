"""Random bodies of bulk_delete that are nearly valid, and the odd values in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from random_filters import Json, Values, draw_filter

EXAMPLE_VALUES = Values(
    ids=["3c90c3cc-0d44-4b50-8888-8dd25736052a"],
    task_run_ids=[],
    deployment_ids=[],
    creator_ids=[],
    names=["etl", "Straße", "100%"],
    tags=["nightly", "über"],
    queues=["default"],
    state_names=["Late"],
    versions=["1.0"],
    keys=["key-1"],
    times=[datetime(2023, 11, 7, 5, 31, 56, 123456, UTC)],
)

ODD_TIMES: Sequence[Json] = (
    *("2023-11-07T05:31:56", "2023-11-07 05:31:56Z", "2023-11-07t05:31z", "2023-11-07T05:31"),
    *("2023-11-07", "20231107", "20231107T053156Z", "2023-W45", "2023-W45-2", "2023-311", "2023"),
    *("2023-11", "05:31:56", "T05", "now", "NOW", "today", "", " ", "2023-11-07T05:31:56 Z"),
    *("2023-11-07T24:00:00Z", "2023-11-07T05:31:60Z", "2023-02-30T00:00:00Z", "2023-13-01"),
    *("2023-11-07T05:31:56+25:00", "2023-11-07T05:31:56+0200", "2023-11-07T05:31:56-00:00"),
    *("2023-11-07T05:31:56.1234567Z", "2023-11-07T05:31:56,5Z", "2023-11-07T05:31:56."),
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.999999-01:00"),
    *("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-2023-11-07T05:31:56Z", "P1D", "1/2/2023"),
    *("2023-11-07/2023-11-08", "2023-11-07T05:31:56Z/P1D", "Tue, 07 Nov 2023 05:31:56 GMT"),
    *("1699335116", "1699335116.5", "1699335116123", "-1", "+5", "1e9", "0", " 7 ", "20000000001"),
    *(0, -1, 1, 1.5, 1699335116, 1699335116123, 20_000_000_000, 20_000_000_001, 1e11, 1e18, -1e18),
    *(253402300799, 253402300800, -62135596800, -62135596801, 2**63, 10**30, -0.0, 1e-9, 1e308),
    *("2023-11-07T05:31:56Z\0", "２０２３-11-07T05:31:56Z", "\ud800", "2023-11-07T05:31:56Z\n"),
)
ODD_UUIDS: Sequence[Json] = (
    *("3C90C3CC-0D44-4B50-8888-8DD25736052A", "3c90c3cc0d444b5088888dd25736052a"),
    *("urn:uuid:3c90c3cc-0d44-4b50-8888-8dd25736052a", "{3c90c3cc-0d44-4b50-8888-8dd25736052a}"),
    *("URN:UUID:3c90c3cc-0d44-4b50-8888-8dd25736052a", "3c90c3cc-0d444b50-8888-8dd25736052a"),
    *("{3c90c3cc0d444b5088888dd25736052a}", "3c90c3cc-0d44-4b50-8888-8dd25736052", "nope"),
    *("3c90c3cc-0d44-4b50-8888-8dd25736052aa", "3c90c3cc-0d44-4b50-8888-8dd25736052g", "é"),
    *("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    *("{3c90c3cc-0d44-4b50-8888-8dd25736052a", "3c90c3cc_0d44_4b50_8888_8dd25736052a"),
    *("\ud800", "3c90c3cc-0d44-4b50-8888-8dd25736052\0", 0, 2**127),
)
ODD_VALUES: Sequence[Json] = (
    *(None, True, False, 0, 1, -1, 10, 50, 51, 1.0, 50.0, 1.5, 1e2, 2**63, 10**40, -0.0, 1e400),
    *("10", "1.0", "+7", "-1", " 5 ", "0x10", "1e1", "5_0", "٥", "51", "", "null", "9" * 30),
    *("true", "TRUE", "yes", "No", "on", "off", "t", "f", "y", "n", "1", "0", "2", "maybe", "\0"),
    *("and_", "or_", "AND_", "and", "COMPLETED", "completed", "Completed", "\ud800", "a\udc00b"),
    *([], [[]], [None], [1], ["x"], {}, {"any_": None}, {"any_": []}, {"": 1}, {"__class__": 1}),
    *(float("nan"), float("inf"), float("-inf"), [float("nan")], {"x": float("nan")}),
)
ODD_KEYS = ("", "any", "any_", "not_any_", "like_", "is_null_", "operator", "extra", "\ud800", "id")


def draw_body(random: Random) -> bytes:
    """A valid body, mutated up to two times as a value, and rarely as bytes, too."""
    body: Json = {
        "flow_runs": draw_filter(random, EXAMPLE_VALUES),
        "limit": random.randrange(1, 51),
    }
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        body = _mutate(random, body, "")
    text = json.dumps(body, ensure_ascii=random.random() < 0.7)
    if random.random() < 0.1:
        text = _duplicate_key(random, text)
    if random.random() < 0.05:
        depth = random.randrange(1, 500)
        text = f'{{"x": {"[" * depth}{"]" * depth}, {text[1:]}'
    raw = text.encode(errors="surrogatepass")
    return _damage_bytes(random, raw) if random.random() < 0.12 else raw


def _mutate(random: Random, value: Json, key: str) -> Json:
    """The value with one place in it changed; `key` is its key in an object."""
    inner = _keys_or_indexes(value)
    if inner and random.random() < 0.85:
        at = random.choice(inner)
        changed = _mutate(random, value[at], at if isinstance(at, str) else key)
        if isinstance(value, dict):
            return {**value, at: changed}
        return [*value[:at], changed, *value[at + 1 :]]
    if isinstance(value, dict) and random.random() < 0.6:
        return {**value, random.choice(ODD_KEYS): random.choice(ODD_VALUES)}
    kinds: Sequence[Sequence[Json]] = (ODD_VALUES,)
    if key in ("before_", "after_"):
        kinds = (ODD_TIMES, ODD_TIMES, ODD_VALUES)
    elif isinstance(value, str) and len(value) == 36:
        kinds = (ODD_UUIDS, ODD_UUIDS, ODD_VALUES)
    odd = random.choice(random.choice(kinds))
    return random.choice((odd, odd, odd, odd, [value], {"any_": value}, str(value)))


def _keys_or_indexes(value: Json) -> list[Any]:
    if isinstance(value, dict):
        return list(value)
    return list(range(len(value))) if isinstance(value, list) else []


def _duplicate_key(random: Random, text: str) -> str:
    """The JSON with a second `limit` or `flow_runs`; of equal keys the last one counts."""
    more = random.choice(('"limit": 1', '"limit": 0', '"flow_runs": null', '"flow_runs": {"x": 1}'))
    if not text.startswith("{") or len(text) < 3:
        return text
    return random.choice((f"{{{more}, {text[1:]}", f"{text[:-1]}, {more}}}"))


def _damage_bytes(random: Random, raw: bytes) -> bytes:
    at = random.randrange(len(raw) + 1)
    junk = random.choice(
        (b"", b",", b"}", b"]", b'"', b"\\", b"\xff", b"\x00", b"\xed\xa0\x80", b"//", b"'", b"1")
    )
    return raw[:at] + junk + raw[at + random.randrange(3) :]
