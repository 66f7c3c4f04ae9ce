"""Values as the JSON of a reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ...errors import ServerFailure
from ...prefect import format_instant


def dump_json(value: object, *, narrow: bool = False) -> bytes:
    """A value as JSON; times in UTC end in Z. Raises ServerFailure as `json_reply` does.

    orjson writes it, or Python's json where orjson cannot, in the same way.
    """
    try:
        return orjson.dumps(value, default=_json_default, option=orjson.OPT_UTC_Z)
    except TypeError:  # an integer of more than 64 bits, or a text that UTF-8 cannot say
        if narrow:
            raise ServerFailure("an integer of more than 64 bits", retryable=False) from None
        import json

        # NaN and infinities become null, as orjson writes them.
        text = json.dumps(value, default=_json_default)
        plain = json.loads(text, parse_constant=lambda _: None)
        return json.dumps(plain, ensure_ascii=False).encode()


def _json_default(value: Any) -> Any:
    """A value that orjson does not know, in a form that it does: mappings, records, times."""
    if isinstance(value, Mapping):
        return dict(value)
    # For Python's json; orjson writes times itself.
    if hasattr(value, "isoformat"):
        return format_instant(value)
    return {key: getattr(value, key) for key in value.__dataclass_fields__}
