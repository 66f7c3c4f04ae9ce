"""Anonymizing: names, tags, parameters and other texts become made-up ones.

Equal texts become equal ones, wherever they stand, so that lists of names (`any_`) can still be
written; a pattern (`like_`) finds what it found no more. Without the key, which is drawn for each
copy and is not in it, nobody can try whether a made-up text was once `payroll`. Ids, times, states
and counters stay: they decide what a clean-up selects. What no rule names is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from ..prefect import ADJECTIVES, ANIMALS, StateType
from ..prefect.objects import SYSTEM_TYPES, TAG_PREFIX
from .kinds import Record

Rule = Callable[["Anonymizer", Any], Any]

# Names that Prefect itself gives: its rules, and the queue of every pool, depend on them
# (Prefect: states.py, server/schemas/states.py; models/workers.py, create_work_pool).
_PREFECT_NAMES = frozenset(kind.default_name for kind in StateType) | {
    *("Late", "Retrying", "AwaitingRetry", "AwaitingConcurrencySlot", "TimedOut", "Suspended"),
    *("Resuming", "Cached", "RolledBack", "NotReady", "Submitting", "InfrastructurePending"),
    *("Skipped", "default"),
    # Types of blocks that every server has, and what is shown of a secret.
    *(*SYSTEM_TYPES, *SYSTEM_TYPES.values(), "********"),
}


class Anonymizer:
    """Makes up texts with a key of 16 to 64 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._adjectives, self._animals = ADJECTIVES.split(), ANIMALS.split()

    def record(self, collection: str, record: Record) -> Record:
        """The record of a collection with made-up texts."""
        rules = _RULES[collection]
        return {key: rules[key](self, value) for key, value in record.items() if key in rules}

    def text(self, text: str | None) -> str | None:
        """The made-up text for a text. Empty ones and Prefect's own names stay."""
        if not text or text in _PREFECT_NAMES:
            return text
        number = self._number(text)
        adjective = self._adjectives[number % len(self._adjectives)]
        animal = self._animals[(number >> 8) % len(self._animals)]
        return f"{adjective}-{animal}-{number >> 16:012x}"

    def texts(self, texts: list[str] | None) -> list[str | None] | None:
        """The made-up texts for a list of texts."""
        return None if texts is None else [self.text(text) for text in texts]

    def anything(self, value: Any) -> Any:
        """A value of the same form in which texts, keys and numbers are made up."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(key) or "": self.anything(part) for key, part in value.items()}
            case list():
                return [self.anything(part) for part in value]
            case None | bool():
                return value
            case int():
                return self._number(repr(value)) % 1_000_000
            case _:
                return self._number(repr(value)) % 1_000_000 / 1000

    def state(self, state: Record | None) -> Record | None:
        """A state whose texts are made up; its data, which may be anything, is left out."""
        if state is None:
            return None
        kept = {key: state.get(key) for key in ("id", "type", "timestamp")}
        details = state.get("state_details") or {}
        return {
            **kept,
            "name": self.text(state.get("name")),
            "message": self.text(state.get("message")),
            "state_details": {
                key: self.anything(value) if key in _TEXT_DETAILS else value
                for key, value in details.items()
            },
        }

    def creator(self, creator: Record | None) -> Record | None:
        """A creator whose name is made up; ids and types stay."""
        if creator is None:
            return None
        return {**creator, "display_value": self.text(creator.get("display_value"))}

    def policy(self, policy: Record | None) -> Record | None:
        """A policy of retries, whose numbers stay; its keys of pauses are left out."""
        return policy and {key: value for key, value in policy.items() if key != "pause_keys"}

    def limit_name(self, name: str | None) -> str | None:
        """The name of a limit: the prefix of one on a tag stays, and the id of a deployment."""
        if name is None or name.startswith("deployment:"):
            return name
        prefix = TAG_PREFIX if name.startswith(TAG_PREFIX) else ""
        return f"{prefix}{self.text(name.removeprefix(prefix))}"

    def deployment_limit(self, limit: Record | None) -> Record | None:
        """The limit that a deployment shows."""
        return limit and {**limit, "name": self.limit_name(limit.get("name"))}

    def schedules(self, schedules: list[Record] | None) -> list[Record] | None:
        """Schedules, whose times stay."""
        made_up: Mapping[str, Callable[[Any], Any]] = {
            "parameters": self.anything,
            "slug": self.text,
        }
        return schedules and [
            {key: made_up.get(key, _same)(value) for key, value in one.items()} for one in schedules
        ]

    def inner_blocks(self, references: Record) -> Record:
        """The blocks inside of another, by their ids."""
        return {
            self.text(key) or "": {"block_document": {"id": one["block_document"]["id"]}}
            for key, one in references.items()
        }

    def queue_filter(self, given: Record | None) -> Record | None:
        """The filter of a queue, whose ids stay."""
        return given and {**given, "tags": self.texts(given.get("tags"))}

    def _number(self, text: str) -> int:
        encoded = text.encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(encoded, key=self._key, digest_size=8).digest(), "big")


_TEXT_DETAILS = frozenset({"cache_key", "pause_key", "run_input_keyset", "traceparent"})


def _same(value: Any) -> Any:
    return value


def _keep(_: Anonymizer, value: Any) -> Any:
    return value


def _rules(kept: str, texts: str, **others: Rule) -> Mapping[str, Rule]:
    return {
        **dict.fromkeys(kept.split(), _keep),
        **dict.fromkeys(texts.split(), Anonymizer.text),
        **others,
    }


_RUN = """id created updated flow_run_id state_id state_type start_time end_time
expected_start_time next_scheduled_start_time run_count total_run_time"""
_OBJECT = "id created updated"
_ARTIFACT = _rules(
    f"{_OBJECT} type flow_run_id task_run_id",
    "key description",
    data=Anonymizer.anything,
    metadata_=Anonymizer.anything,
)
_RULES: Mapping[str, Mapping[str, Rule]] = {
    "flow_runs": _rules(
        f"""{_RUN} flow_id deployment_id parent_task_run_id work_queue_id work_pool_id
        auto_scheduled infrastructure_document_id""",
        """name state_name work_queue_name work_pool_name flow_version deployment_version
        idempotency_key infrastructure_pid""",
        tags=Anonymizer.texts,
        state=Anonymizer.state,
        created_by=Anonymizer.creator,
        empirical_policy=Anonymizer.policy,
        **dict.fromkeys(("parameters", "context", "labels", "job_variables"), Anonymizer.anything),
    ),
    "task_runs": _rules(
        f"{_RUN} flow_run_run_count cache_expiration",
        "name state_name task_key dynamic_key cache_key task_version",
        tags=Anonymizer.texts,
        state=Anonymizer.state,
        **dict.fromkeys(("task_inputs", "labels"), Anonymizer.anything),
    ),
    "flows": _rules(
        "id created updated", "name", tags=Anonymizer.texts, labels=Anonymizer.anything
    ),
    "deployments": _rules(
        """id created updated flow_id paused status work_queue_id work_pool_id last_polled
        enforce_parameter_schema concurrency_limit concurrency_options""",
        "name work_queue_name work_pool_name version description path entrypoint",
        tags=Anonymizer.texts,
        schedules=Anonymizer.schedules,
        global_concurrency_limit=Anonymizer.deployment_limit,
        **dict.fromkeys(("labels", "parameters", "job_variables"), Anonymizer.anything),
    ),
    "work_pools": _rules(
        f"{_OBJECT} type is_paused status concurrency_limit default_queue_id", "name description"
    ),
    "work_queues": _rules(
        f"{_OBJECT} work_pool_id is_paused status concurrency_limit priority last_polled",
        "name description",
        filter=Anonymizer.queue_filter,
    ),
    "workers": _rules(
        f"{_OBJECT} work_pool_id last_heartbeat_time heartbeat_interval_seconds", "name"
    ),
    "variables": _rules(_OBJECT, "name", tags=Anonymizer.texts, value=Anonymizer.anything),
    "block_types": _rules(f"{_OBJECT} is_protected", "name slug"),
    "block_schemas": _rules(f"{_OBJECT} checksum block_type_id capabilities version", ""),
    "block_documents": _rules(
        f"{_OBJECT} block_schema_id block_type_id is_anonymous",
        "name",
        data=Anonymizer.anything,
        block_document_references=Anonymizer.inner_blocks,
    ),
    "artifacts": _ARTIFACT,
    "artifact_collections": {**_ARTIFACT, "latest_id": _keep},
    "concurrency_limits": _rules(
        f"{_OBJECT} limit active active_slots slot_decay_per_second denied_slots "
        "avg_slot_occupancy_seconds",
        "",
        name=Anonymizer.limit_name,
    ),
    "logs": _rules(f"{_OBJECT} level timestamp flow_run_id task_run_id", "name message"),
}
