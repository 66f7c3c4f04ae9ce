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
from .kinds import Record

Rule = Callable[["Anonymizer", Any], Any]

# Names that Prefect itself gives: its rules, and the queue of every pool, depend on them
# (Prefect: states.py, server/schemas/states.py; models/workers.py, create_work_pool).
_PREFECT_NAMES = frozenset(kind.default_name for kind in StateType) | {
    *("Late", "Retrying", "AwaitingRetry", "AwaitingConcurrencySlot", "TimedOut", "Suspended"),
    *("Resuming", "Cached", "RolledBack", "NotReady", "Submitting", "InfrastructurePending"),
    *("Skipped", "default"),
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

    def _number(self, text: str) -> int:
        encoded = text.encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(encoded, key=self._key, digest_size=8).digest(), "big")


_TEXT_DETAILS = frozenset({"cache_key", "pause_key", "run_input_keyset", "traceparent"})


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
        """id created updated flow_id paused status work_queue_id work_pool_id
        enforce_parameter_schema""",
        "name work_queue_name work_pool_name",
        tags=Anonymizer.texts,
        labels=Anonymizer.anything,
    ),
    "work_pools": _rules("id type", "name"),
    "work_queues": _rules("id work_pool_id", "name"),
}
