"""Random filters over values that occur in records, values next to them, and a few others.

They have no expected answer: two servers are asked and have to agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any
from uuid import UUID

from mockserver.prefect.records import StateType

Json = Any
Draw = Callable[[Random, "Values"], Json]

STATE_TYPES = tuple(member.value for member in StateType)


@dataclass(frozen=True)
class Values:
    """The values of records, by kind. Now and then a value is drawn that is not among them.

    Ids and times may also be references such as `{flow_runs.3.id}` (see list_cases.py).
    """

    ids: Sequence[str]
    task_run_ids: Sequence[str]
    deployment_ids: Sequence[str]
    creator_ids: Sequence[str]
    names: Sequence[str]
    tags: Sequence[str]
    queues: Sequence[str]
    state_names: Sequence[str]
    versions: Sequence[str]
    keys: Sequence[str]
    times: Sequence[datetime | str]
    flow_run_ids: Sequence[str] = ()
    types: Sequence[str] = ()


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _uuid_lists(kind: str) -> Draw:
    def draw(random: Random, values: Values) -> str:
        known = getattr(values, kind)
        drawn = str(random.choice(known) if known and random.random() < 0.85 else _uuid(random))
        if random.random() < 0.8 or drawn.startswith("{"):
            return drawn
        return random.choice(
            (drawn.upper(), f"urn:uuid:{drawn}", f"{{{drawn}}}", drawn.replace("-", ""))
        )

    return _list_of(draw)


def _text_lists(kind: str, *others: str) -> Draw:
    def draw(random: Random, values: Values) -> str:
        known = getattr(values, kind)
        if not known or random.random() < 0.15:
            return random.choice(("", "no such text", *others))
        drawn = str(random.choice(known))
        return drawn.swapcase() if random.random() < 0.1 else drawn

    return _list_of(draw)


def _list_of(draw: Draw) -> Draw:
    lengths = (0, 1, 1, 1, 2, 3, 5, 20)
    return lambda random, values: [draw(random, values) for _ in range(random.choice(lengths))]


def _draw_state_type(random: Random, _values: Values) -> str:
    return random.choice(STATE_TYPES)


def like_patterns(name: str) -> Iterator[str]:
    """Patterns that match a name or nearly do: in other case, with wildcards, with escapes."""
    yield from (name, name.lower(), name.upper(), name.swapcase(), name.casefold(), name.title())
    yield from (f"_{name[1:]}", f"{name[:-1]}_", f"{name[:1]}%{name[-1:]}", f"{name[1:]}%")
    yield from (f"{name}\\", f"{name}\\%", f"\\{name}", f"\\%{name[1:]}", f"%{name}\\_")
    yield name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    yield from (f"{name}\0", f"{name[:1]}\0{name[1:]}")


def _draw_pattern(random: Random, values: Values) -> str:
    """One or two parts of names, in any case, with or without wildcards and escapes."""
    text = ""
    for _ in range(random.choice((1, 1, 2))):
        name = random.choice(values.names)
        start = random.randrange(len(name) + 1)
        text += name[start : start + random.randrange(4)]
        text += random.choice(("", "", "", "", "%", "_", "\\", "_%", "\\%", "\\_", "\\\\", "\n"))
    if random.random() < 0.03:
        text += "\0" + text
    return random.choice((str, str.lower, str.upper, str.swapcase, str.casefold))(text)


def shift_time(moment: datetime | str, microseconds: int) -> str:
    """A time, or a reference to a time, shifted by microseconds."""
    if isinstance(moment, str):
        return moment.replace("}", f"{microseconds:+}}}")
    return (moment + timedelta(microseconds=microseconds)).isoformat()


def _draw_time(random: Random, values: Values) -> Json:
    """A time that occurs, or the microsecond next to it, in one of its formats."""
    if not values.times or random.random() < 0.1:
        return random.choice(("2031-05-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31", 0))
    drawn, shift = random.choice(values.times), random.choice((-1, 0, 0, 1))
    if isinstance(drawn, str):
        return shift_time(drawn, shift)
    moment = (drawn + timedelta(microseconds=shift)).astimezone(UTC)
    offset = timezone(timedelta(minutes=random.choice((120, -330, 845))))
    spellings: tuple[Json, ...] = (
        *(moment.isoformat(), moment.isoformat().replace("+00:00", "Z")) * 3,
        *(moment.astimezone(offset).isoformat(),) * 4,
        *(moment.replace(tzinfo=None).isoformat(" "), moment.date().isoformat()),
        *(moment.timestamp(), str(moment.timestamp()), int(moment.timestamp() * 1000)),
    )
    return random.choice(spellings)


def _draw_flag(random: Random, _values: Values) -> Json:
    return random.choice((True, False) * 4 + ("yes", "off", 1, 0, "T", "0"))


def _draw_operator(random: Random, _values: Values) -> str:
    return random.choice(("and_", "or_"))


_OPERATOR: Mapping[str, Draw] = {"operator": _draw_operator}
_TIMES: Mapping[str, Draw] = {"before_": _draw_time, "after_": _draw_time}
_STATE_TYPES = _list_of(_draw_state_type)
_STATE_NAMES = _text_lists("state_names", "completed")
CRITERIA: Mapping[str, Mapping[str, Draw]] = {
    "id": {"any_": _uuid_lists("ids"), "not_any_": _uuid_lists("ids")},
    "name": {"any_": _text_lists("names"), "like_": _draw_pattern},
    "tags": {
        "all_": _text_lists("tags"),
        "any_": _text_lists("tags"),
        "is_null_": _draw_flag,
        **_OPERATOR,
    },
    "deployment_id": {"any_": _uuid_lists("deployment_ids"), "is_null_": _draw_flag, **_OPERATOR},
    "work_queue_name": {"any_": _text_lists("queues"), "is_null_": _draw_flag, **_OPERATOR},
    "state": {
        "type": lambda random, values: _draw_object(
            random, values, {"any_": _STATE_TYPES, "not_any_": _STATE_TYPES}
        ),
        "name": lambda random, values: _draw_object(
            random, values, {"any_": _STATE_NAMES, "not_any_": _STATE_NAMES}
        ),
        **_OPERATOR,
    },
    "flow_version": {"any_": _text_lists("versions")},
    "start_time": {**_TIMES, "is_null_": _draw_flag},
    "end_time": {**_TIMES, "is_null_": _draw_flag},
    "expected_start_time": _TIMES,
    "next_scheduled_start_time": _TIMES,
    "parent_flow_run_id": {"any_": _uuid_lists("ids"), **_OPERATOR},
    "parent_task_run_id": {
        "any_": _uuid_lists("task_run_ids"),
        "is_null_": _draw_flag,
        **_OPERATOR,
    },
    "idempotency_key": {"any_": _text_lists("keys"), "not_any_": _text_lists("keys")},
    "created_by": {
        "id_": _uuid_lists("creator_ids"),
        "type_": _list_of(lambda random, _: random.choice(("AUTOMATION", "automation", "USER"))),
        "is_null_": _draw_flag,
        **_OPERATOR,
    },
}


def _draw_object(random: Random, values: Values, keys: Mapping[str, Draw]) -> Json:
    """An object with some of the keys; rarely without keys, with a null, or null itself."""
    if random.random() < 0.04:
        return None
    drawn = {key: keys[key](random, values) for key in keys if random.random() < 0.5}
    if not drawn and random.random() < 0.8:
        key = random.choice(list(keys))
        drawn[key] = keys[key](random, values)
    nulled = random.choice(list(keys))
    if nulled in drawn and nulled != "operator" and random.random() < 0.1:
        drawn[nulled] = None
    return drawn


def draw_filter(
    random: Random,
    values: Values,
    criteria: Mapping[str, Mapping[str, Draw]] = CRITERIA,
) -> dict[str, Json]:
    """A valid filter of up to four criteria, most often name and state."""
    often = ("name", "name", "state", "state", "state")
    among = [*criteria, *(name for name in often if name in criteria)]
    names = random.choices(among, k=random.choice((0, 1, 1, 1, 1, 2, 2, 3, 4)))
    filter_ = {name: _draw_object(random, values, criteria[name]) for name in names}
    if random.random() < 0.5:
        filter_["operator"] = _draw_operator(random, values)
    return filter_


# Filters of related records, beside that of flow runs

_ID: Mapping[str, Draw] = {"any_": _uuid_lists("ids")}
_ID_OR_NOT: Mapping[str, Draw] = {**_ID, "not_any_": _uuid_lists("ids")}
_NAME: Mapping[str, Draw] = {"any_": _text_lists("names"), "like_": _draw_pattern}
_TAGS: Mapping[str, Draw] = {"all_": _text_lists("tags"), "is_null_": _draw_flag, **_OPERATOR}


def _draw_prefixes(random: Random, values: Values) -> Json:
    return [_draw_pattern(random, values) for _ in range(random.choice((0, 1, 1, 2, 3)))]


SIDE_CRITERIA: Mapping[str, Mapping[str, Mapping[str, Draw]]] = {
    "flows": {
        "id": _ID_OR_NOT,
        "deployment": {"is_null_": _draw_flag, **_OPERATOR},
        "name": _NAME,
        "tags": _TAGS,
    },
    "task_runs": {
        "id": _ID,
        "name": _NAME,
        "tags": _TAGS,
        "state": {
            "type": lambda random, values: _draw_object(random, values, {"any_": _STATE_TYPES}),
            "name": lambda random, values: _draw_object(random, values, {"any_": _STATE_NAMES}),
            **_OPERATOR,
        },
        "start_time": {**_TIMES, "is_null_": _draw_flag},
        "end_time": {**_TIMES, "is_null_": _draw_flag},
        "expected_start_time": _TIMES,
        "subflow_runs": {"exists_": _draw_flag},
        "flow_run_id": {"any_": _uuid_lists("flow_run_ids"), "is_null_": _draw_flag, **_OPERATOR},
    },
    "deployments": {
        "id": _ID_OR_NOT,
        "name": _NAME,
        "flow_or_deployment_name": {"like_": _draw_pattern},
        "paused": {"eq_": _draw_flag},
        "tags": {**_TAGS, "any_": _text_lists("tags")},
        "work_queue_name": {"any_": _text_lists("queues")},
        "concurrency_limit": {
            "ge_": lambda random, _: random.randrange(4),
            "le_": lambda random, _: random.randrange(4),
            "is_null_": _draw_flag,
        },
    },
    "work_pools": {
        "id": _ID,
        "name": {"any_": _text_lists("names")},
        "type": {"any_": _text_lists("types")},
    },
    "work_queues": {
        "id": _ID,
        "name": {"any_": _text_lists("names"), "startswith_": _draw_prefixes},
    },
}
