"""Bodies that are hard to read: long, deep, wide, or full of digits or of errors."""

from collections.abc import Callable
from uuid import UUID

from tests.attacks.attack import Attack

MOST = 4_000_000  # bytes; a server takes 4 MiB

DELETE, COUNT, LIST = (f"/api/flow_runs/{name}" for name in ("bulk_delete", "count", "filter"))
CREATE, SET_STATES, LOGS = "/api/flow_runs/", "/api/flow_runs/bulk_set_state", "/api/logs/"
TASK, QUEUES = "/api/task_runs/", "/api/flow_runs/count"
LEASE = "/api/v2/concurrency_limits/increment-with-lease"
TEMPLATE, CHECK = "/api/templates/validate", "/api/ui/schemas/validate"
FLOW_ID = b'"11111111-1111-4111-8111-111111111111"'

Body = Callable[[], bytes]


def full_of(begin: bytes, unit: bytes, end: bytes, most: int = MOST) -> Body:
    """A body of `most` bytes with as many units as fit, separated by commas."""
    number = (most - len(begin) - len(end)) // (len(unit) + 1)
    return lambda: begin + b",".join([unit] * number) + end


def with_keys(begin: bytes, end: bytes, number: int = 300_000, value: bytes = b"1") -> Body:
    """A body with an object of many keys."""
    return lambda: begin + b",".join(b'"%d":%s' % (key, value) for key in range(number)) + end


def with_ids(begin: bytes, end: bytes, number: int = 99_000) -> Body:
    """A body with a list of different ids."""
    ids = (b'"%s"' % str(UUID(int=each)).encode() for each in range(number))
    return lambda: begin + b",".join(ids) + end


def in_filter(key: bytes, value: bytes) -> Body:
    """A body whose filter on flow runs has one criterion."""
    return lambda: b'{"flow_runs": {"%s": %s}}' % (key, value)


def in_run(key: bytes, value: bytes) -> bytes:
    """A flow run to create, with one more key."""
    return b'{"flow_id": %s, "%s": %s}' % (FLOW_ID, key, value)


def logs(**fields: bytes) -> bytes:
    """One line of a log, with other values for some fields."""
    line = {"name": b'""', "level": b"1", "message": b'""', "timestamp": b'"2024-01-01T00:00:00Z"'}
    pairs = (b'"%s": %s' % (key.encode(), value) for key, value in {**line, **fields}.items())
    return b"{" + b", ".join(pairs) + b"}"


def jinja(template: bytes) -> bytes:
    """What stands for a rendered template among values."""
    return b'{"__prefect_kind": "jinja", "template": "%s"}' % template


VALUES = "mockserver reads at most 100,000"
DIGITS = "mockserver reads at most 50,000"

ATTACKS = (
    # Brackets and values: what no body needs that many of.
    Attack("[ two million times", DELETE, lambda: b"[" * 2_000_000, statuses=(413,), says=VALUES),
    Attack("{ 600,000 times", LOGS, lambda: b'{"a":' * 600_000, statuses=(413,), says=VALUES),
    Attack("[ 90,000 times", DELETE, lambda: b"[" * 90_000),
    Attack("deep lists side by side", DELETE, full_of(b"[", b"[" * 45 + b"]" * 45, b"]", 4_000_000),
           statuses=(413,)),
    Attack("1,000 deep lists", DELETE, full_of(b"[", b"[" * 99 + b"]" * 99, b"]", 199_000)),
    Attack("empty objects", LOGS, full_of(b"[", b"{}", b"]"), statuses=(413,), says=VALUES),
    Attack("300,000 keys in a filter", DELETE, with_keys(b'{"flow_runs": {', b"}}"),
           statuses=(413,), says="the body has 300,001 values"),
    Attack("99,000 keys in a filter", DELETE, with_keys(b'{"flow_runs": {', b"}}", 99_000),
           says="98,980 more errors"),
    Attack("99,000 keys of a run", CREATE, with_keys(b'{"flow_id": 1, ', b"}", 99_000),
           says="98,981 more errors"),
    Attack("99,000 keys beside a filter", DELETE, with_keys(b'{"limit": 1, ', b"}", 99_000),
           statuses=(200,)),
    Attack("99,000 unknown keys of a log", LOGS, with_keys(b"[{", b"}]", 99_000)),
    Attack("one key 250,000 times", DELETE, full_of(b'{"flow_runs": {', b'"id": null', b"}}"),
           statuses=(413,), says=VALUES),
    Attack("one key 60,000 times", DELETE, full_of(b"{", b'"limit": 1', b"}", 700_000),
           statuses=(200,)),
    Attack("UTF-16", DELETE, lambda: ("[" + "{}," * 600_000 + "1]").encode("utf-16"),
           statuses=(413,)),
    # Lists of a filter.
    Attack("ids", DELETE, with_ids(b'{"flow_runs": {"id": {"any_": [', b"]}}}"), statuses=(200,)),
    Attack("ids, the last no id", DELETE, with_ids(b'{"flow_runs": {"id": {"any_": [', b',1]}}}'),
           says='"loc":["body","flow_runs","id","any_",99000]'),
    Attack("no ids", DELETE, full_of(b'{"flow_runs": {"id": {"any_": [', b'"x"', b"]}}}", 390_000)),
    Attack("numbers for ids", COUNT, full_of(b'{"flow_runs": {"id": {"any_": [', b"1", b"]}}}"),
           statuses=(413,)),
    Attack("a tag again and again", COUNT,
           full_of(b'{"flow_runs": {"tags": {"all_": [', b'"a"', b"]}}}", 390_000),
           statuses=(200,)),
    Attack("lone surrogates", LIST,
           full_of(b'{"flow_runs": {"name": {"any_": [', b'"\\ud83d"', b"]}}}", 900_000)),
    Attack("prefixes", QUEUES, full_of(b'{"work_pool_queues": {"name": {"startswith_": [', b'"%_"',
                                       b"]}}}", 400_000),
           statuses=(413,), says="mockserver compares at most 1,000"),
    # Texts.
    Attack("wildcards", DELETE, in_filter(b"name", b'{"like_": "' + b"%_" * 1_900_000 + b'"}'),
           statuses=(200,)),
    Attack("a text without case", DELETE,
           in_filter(b"name", b'{"like_": "' + "あ".encode() * 1_300_000 + b'"}'),
           statuses=(200,)),
    Attack("escapes", DELETE, in_filter(b"name", b'{"like_": "' + b"\\u00df" * 660_000 + b'"}'),
           statuses=(200,)),
    Attack("a long text that is no time", DELETE,
           in_filter(b"end_time", b'{"before_": "' + b"2-" * 1_900_000 + b'"}'),
           says="(3,800,000 characters)"),
    Attack("a time with a long fraction", DELETE,
           in_filter(b"end_time", b'{"before_": "2024-01-01T00:00:00.' + b"1" * 3_900_000 + b'Z"}'),
           statuses=(200,)),
    Attack("a long key", DELETE, lambda: b'{"flow_runs": {"' + b"\\u0000" * 650_000 + b'": 1}}'),
    Attack("an open text", DELETE, lambda: b'["' + b'\\"' * 1_900_000),
    Attack("not UTF-8", DELETE, lambda: b'{"a": "' + b"\xff" * MOST + b'"}'),
    Attack("blanks", DELETE, lambda: b"{" + b" " * MOST + b"}", statuses=(200,)),
    Attack("lines, then an error", DELETE, lambda: b"\n" * MOST + b"x"),
    # Numbers.
    Attack("four million digits", DELETE, lambda: b'{"limit": ' + b"1" * MOST + b"}",
           statuses=(413,), says=DIGITS),
    Attack("integers of 4,000 digits", CREATE,
           lambda: in_run(b"parameters", b'{"a": [' + b",".join([b"9" * 4_000] * 900) + b"]}"),
           statuses=(413,), says=DIGITS),
    Attack("integers of 99 digits", CREATE,
           lambda: in_run(b"context", b'{"a": [' + b",".join([b"9" * 99] * 39_000) + b"]}"),
           statuses=(409,)),
    Attack("1e999", CREATE, lambda: in_run(b"context", b'{"a": 1e999}')),
    Attack("NaN", CREATE,
           lambda: in_run(b"context", b'{"a": [' + b",".join([b"NaN"] * 90_000) + b"]}")),
    Attack("not numbers", DELETE, full_of(b'{"limit": [', b"NaN", b"]}", 390_000)),
    # What is created.
    Attack("long parameters", CREATE, lambda: in_run(b"parameters", b'{"a":"' + b"x" * 3_900_000
                                                     + b'"}'), says="524,288 bytes"),
    Attack("parameters of empty lists", CREATE,
           lambda: in_run(b"parameters", b'{"a": [' + b",".join([b"[]"] * 49_000) + b"]}"),
           statuses=(409,)),
    Attack("labels that are lists", CREATE,
           with_keys(b'{"flow_id": %s, "labels": {' % FLOW_ID, b"}}", 49_000, b"[]")),
    Attack("numbers for pause keys", CREATE,
           full_of(b'{"flow_id": 1, "empirical_policy": {"pause_keys": [', b"1", b"]}}", 190_000)),
    Attack("keys of a run's input", SET_STATES,
           with_keys(b'{"state": {"type": "FAILED", "state_details": {"run_input_keyset": {',
                     b"}}}}", 99_000)),
    Attack("inputs of a task run", TASK,
           full_of(b'{"task_key": "", "dynamic_key": "", "task_inputs": {"a": [', b"{}", b"]}}",
                   70_000)),
    Attack("delays of a task run", TASK,
           full_of(b'{"task_key": "", "dynamic_key": "", "empirical_policy": {"retry_delay": [',
                   b'"x"', b"]}}", 390_000)),
    Attack("lines of a log", LOGS, full_of(b"[", logs(), b"]", 1_500_000), statuses=(201,)),
    Attack("lines of a log without a level", LOGS,
           full_of(b"[", logs(level=b"null"), b"]", 1_500_000)),
    Attack("a long line of a log", LOGS,
           lambda: b"[" + logs(message=b'"' + b"," * 3_900_000 + b'"') + b"]", statuses=(201,)),
    Attack("a long template", TEMPLATE, lambda: b'"' + b"a" * MOST + b'"', statuses=(413,),
           says="templates of at most 100,000 characters"),
    Attack("a template of many tokens", TEMPLATE, lambda: b'"{{ ' + b"1+" * 40_000 + b'1 }}"',
           statuses=(413,), says="templates of at most 4,000 tokens"),
    Attack("many templates", CHECK,
           full_of(b'{"schema": {}, "values": {"a": [', jinja(b"{{ a }}"), b"]}}", 600_000),
           statuses=(413,), says="steps for the templates of a request"),
    Attack("an error of a long text in many parts of a schema", CHECK,
           lambda: b'{"schema": {"properties": {"a": {"allOf": ['
                   + b",".join([b'{"type": "null"}'] * 900) + b']}}}, "values": {"a": "'
                   + b"x" * 2_000_000 + b'"}}', statuses=(413,), says="steps"),
    Attack("a long pattern", CHECK,
           lambda: b'{"schema": {"pattern": "' + b"a" * MOST + b'"}, "values": {}}',
           statuses=(413,), says="parts"),
    Attack("names of limits", LEASE, full_of(b'{"slots": 1, "names": [', b"1", b"]}", 190_000)),
)  # fmt: skip
