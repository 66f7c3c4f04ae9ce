"""Whether a request keeps the schema of the document.

A generator can take one for valid that does not: a chain puts what a reply had into the next
request, and a reply may have null where that needs a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ...prefect import NEWEST, openapi
from ..exchanges import SentRequest


def keeps_schema(sent: SentRequest, release: str = NEWEST) -> bool:
    """Whether the parameters of a request and its JSON body are valid by the document of a release.

    Of the parameters in the path and the query, those that are required must be there, and those
    that are a UUID must be one: what a text says of a number or a boolean is for the server to
    read. An operation that the document does not have has no schema to break.
    """
    method, _, template = sent.operation.partition(" ")
    operation = openapi.document(release)["paths"].get(template, {}).get(method.lower(), {})
    url = urlsplit(sent.path)
    texts = {
        "path": _path_texts(template, url.path),
        "query": parse_qs(url.query, keep_blank_values=True),
    }
    parameters = operation.get("parameters", ())
    return all(_keeps(one, texts.get(one["in"])) for one in parameters) and _keeps_body(
        sent, operation.get("requestBody"), release
    )


def _path_texts(template: str, path: str) -> Mapping[str, Sequence[str]]:
    """The parameters of a path by name; none if it is not one of the template."""
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
    found = re.fullmatch(pattern, path)
    return {name: [unquote(text)] for name, text in found.groupdict().items()} if found else {}


def _keeps(parameter: Mapping[str, Any], texts: Mapping[str, Sequence[str]] | None) -> bool:
    """Whether the texts of a location keep the schema of a parameter; None: they are not judged."""
    if texts is None:
        return True
    given = texts.get(parameter["name"])
    if given is None:
        return not parameter.get("required")
    schema = parameter["schema"]
    is_uuid = schema.get("format") == "uuid"
    return not is_uuid or all(map(openapi.FORMAT_CHECKERS["uuid"], given))


def _keeps_body(sent: SentRequest, described: Mapping[str, Any] | None, release: str) -> bool:
    if described is None or not sent.is_json:
        return True
    if not sent.body:
        return not described.get("required")
    return openapi.body_validator(sent.operation, release).is_valid(sent.json)
