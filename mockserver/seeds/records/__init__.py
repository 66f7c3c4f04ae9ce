"""What a record of a seed may hold, and what it becomes.

Comes in: the values of a record's fields, as JSON has them. Goes out: the values to keep, records,
and the JSON Schema of all this.

`record_fields` lists the fields of each kind of record, `object_fields` those of the kinds that no
filter on runs looks at, which `object_records` reads and writes. `field_types` has what a field may
hold, and `bulk_values` reads many values of a field at once. `kinds_of_records` tells of which kind
a record is that stands alone. `short_forms` are what a person writes instead of a field of the API.
"""

from .bulk_values import are_uuid_lines, restore_nulls
from .field_types import CREATED_BY_FIELD, STATE, Field, nullable
from .json_schema import json_schema
from .kinds_of_records import UnclearRecordError, guess_collection
from .object_fields import OBJECT_CLASSES, OBJECT_FIELDS, SHOWN_ONLY, UNIQUE
from .object_records import complete_object, write_object
from .record_fields import (
    CAN_BE_NULL,
    CLASS_FIELDS,
    COLLECTIONS,
    DEFAULT_NAMES,
    FLOW_FIELDS,
    FLOW_RUN_FIELDS,
    NAMESPACE,
    NOT_KEPT,
    OFTEN_EMPTY,
    OPEN_COLLECTIONS,
    RECORD_CLASSES,
    STATE_FIELDS,
    StoredRecord,
    build_record,
    count_records,
    derive_pool_ids,
    id_from_names,
    pool_id_from_name,
    resolve_state,
)
from .short_forms import NamedRecords, expand_columns, expand_record, form_used, linking_id
