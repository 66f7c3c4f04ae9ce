"""Automations and saved searches: lists of them are empty, and none can be read."""

from __future__ import annotations

from ...errors import NotFound
from ...filters import (
    AT_OR_BEFORE,
    HAS_ALL,
    HAS_ANY,
    IS_EMPTY,
    IS_NOT_EMPTY,
    null_check,
    one_of,
    skip_if_empty,
    time_bound,
)
from ...prefect import check_storable
from ...requests.objects import (
    AutomationCountRequest,
    AutomationFilterRequest,
    SavedSearchFilterRequest,
)
from .. import Conditions, Context, Outcome, cut_page, match_objects

# They select nothing, and still a database can refuse the query.
_AUTOMATION_CONDITIONS: Conditions = {
    "id": {"any_": one_of("id")},
    "name": {"any_": one_of("name")},
    "created": {"before_": time_bound("created", AT_OR_BEFORE)},
    "tags": {
        "all_": skip_if_empty("tags", HAS_ALL),
        "any_": one_of("tags", HAS_ANY),
        "is_null_": null_check("tags", IS_EMPTY, IS_NOT_EMPTY),
    },
}


def filter_automations(context: Context, body: AutomationFilterRequest) -> Outcome:
    """List automations: none. Raises ServerFailure where the database does not run the query."""
    found, warnings = match_objects(context, (), body.automations, _AUTOMATION_CONDITIONS)
    return Outcome(cut_page(context, found, body), warnings=warnings)


def count_automations(context: Context, body: AutomationCountRequest | None = None) -> Outcome:
    """Count automations: none. Raises ServerFailure where the database does not run the query."""
    if body is None:
        return Outcome(0)
    found, warnings = match_objects(context, (), body.automations, _AUTOMATION_CONDITIONS)
    return Outcome(len(found), warnings=warnings)


def read_automation(_context: Context, _automation_id: str) -> Outcome:
    """Raises NotFound: there are no automations."""
    raise NotFound("Automation not found", from_set_state=True)


def related_automations(context: Context, resource_id: str) -> Outcome:
    """List the automations that name a resource: none.

    Raises ServerFailure for an id that the dialect's database cannot hold.
    """
    check_storable(context.dialect, texts=(resource_id,))
    return Outcome([])


def delete_owned_automations(context: Context, resource_id: str) -> Outcome:
    """Delete the automations that a resource owns: none.

    Raises ServerFailure for NUL in its id on PostgreSQL.
    """
    check_storable(context.dialect, texts=(resource_id,))
    return Outcome(None)


def filter_saved_searches(context: Context, body: SavedSearchFilterRequest) -> Outcome:
    """List saved searches: none. Raises ServerFailure for an offset of more than 64 bits."""
    return Outcome(cut_page(context, [], body))


def read_saved_search(_context: Context, _search_id: str) -> Outcome:
    """Raises NotFound: there are no saved searches."""
    raise NotFound("Saved search not found")
