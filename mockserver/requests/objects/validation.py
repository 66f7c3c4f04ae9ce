"""The bodies of requests that check a template, or values against a schema."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ConfigDict, Field, RootModel

from .. import BodyParameters, JsonObject


class TemplateToValidate(RootModel[str]):
    """A template to check: the body as a whole."""

    model_config = ConfigDict(frozen=True)

    accepts_any_json: ClassVar[bool] = False
    if_absent: ClassVar[str] = ""


class ValuesToValidate(BodyParameters):
    """The body of /ui/schemas/validate."""

    accepts_any_json = True
    is_read_back: ClassVar[bool] = False

    # Not `schema`, which pydantic's models have.
    json_schema: JsonObject = Field(alias="schema")
    values: JsonObject
