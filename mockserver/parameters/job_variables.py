"""Job variables checked against the base job template of a work pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .schema_validation import SchemaMismatch, check_schema, check_values
from .steps import checks_together

Json = Mapping[str, Any]


def check_job_variables(template: Json, *layers: Json | None, required: bool) -> None:
    """Check job variables, the later ones over the earlier, against a pool's template.

    `required`: variables that the template requires must be there or have a default. Defaults that
    are references to blocks count as absent. Raises SchemaMismatch, InvalidSchema, CircularSchema
    or TooLarge.
    """
    # Prefect: api/validation.py, _validate_work_pool_job_variables.
    schema = template.get("variables")
    if not schema:
        return
    check_schema(schema)
    with checks_together():
        defaults, all_valid = _defaults(schema)
        for layer in layers:
            defaults.update(layer or {})
        check_values(defaults, schema, required=required and all_valid, null_for_default=True)


def _defaults(schema: Json) -> tuple[dict[str, Any], bool]:
    """The defaults of a template's variables that are valid, and whether all are."""
    found: dict[str, Any] = {}
    all_valid = True
    for name, variable in schema.get("properties", {}).items():
        if "default" not in variable:
            continue
        default = variable["default"]
        if isinstance(default, dict) and "$ref" in default:
            continue
        try:
            check_values({name: default}, schema, required=False, prepared=True)
        except SchemaMismatch:
            all_valid = False
        else:
            found[name] = default
    return found, all_valid
