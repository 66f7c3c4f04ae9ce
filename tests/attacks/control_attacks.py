"""Requests to the control API that are large, deep, wide, or say what nobody would."""

import orjson

from tests.attacks.attack import Attack

MANY = 100_000


def listed(item: bytes, number: int) -> bytes:
    """A JSON list of equal items."""
    return b"[" + b",".join([item] * number) + b"]"


def keys(number: int, prefix: str = "k") -> bytes:
    """A JSON object of so many keys."""
    return orjson.dumps(dict.fromkeys(map(f"{prefix}{{}}".format, range(number)), 1))


ATTACKS = (
    Attack("limit of 5,000 digits", f"/_mock/journal?limit={'9' * 5_000}", method="GET"),
    Attack("after of 5,000 digits", f"/_mock/journal?after={'9' * 5_000}", method="GET"),
    Attack("number of 5,000 digits", f"/_mock/flow_runs?number={'9' * 5_000}"),
    Attack("seed of 5,000 digits", f"/_mock/faults?seed={'9' * 5_000}", method="DELETE"),
    Attack("a path of 5,000 stars", f"/_mock/journal?path={'*a' * 2_500}", method="GET"),
    Attack("a million flow runs", "/_mock/flow_runs?number=1000000", says="up to 100,000"),
    Attack(
        "4,000 flow runs of 1 MB",
        "/_mock/flow_runs?number=4000",
        body=lambda: orjson.dumps({"parameters": {"a": "x" * 1_000_000}}),
        says="4,000 times a body of 1,000,023 bytes; expected up to 268,435,456",
    ),
    Attack(
        "a long name 100,000 times",
        "/_mock/flow_runs?number=100000",
        body=lambda: orjson.dumps({"name": "{n}" * 100_000}),
        says="expected up to 268,435,456 bytes in all",
    ),
    Attack(
        "2,000 lists of 100 flow runs",
        "/_mock/flow_runs?number=2000",
        body=lambda: listed(b"{}", 100),
        says="200,000 flow runs; expected up to 100,000",
    ),
    Attack(
        "1,300,000 records", "/_mock/seeds", body=lambda: listed(b"{}", 1_300_000), says="1,300,000"
    ),
    Attack(
        "1,300,000 records instead",
        "/_mock/seeds",
        method="PUT",
        body=lambda: listed(b"{}", 1_300_000),
        says="the seed has 1,300,000 records; expected up to 100,000 at once",
    ),
    Attack(
        "1,300,000 records for a session",
        "/_mock/sessions",
        body=lambda: b'{"seeds": ' + listed(b"{}", 1_300_000) + b"}",
        says="1,300,000 records",
    ),
    Attack(
        "100,000 problems",
        "/_mock/seeds",
        body=lambda: b'{"flow_runs":' + listed(b'{"run_count":"x"}', MANY) + b"}",
        says="... and 99,980 more",
    ),
    Attack(
        "300,000 unknown fields",
        "/_mock/seeds",
        body=lambda: b"[" + keys(300_000) + b"]",
        says="a record of which no field is known (k0, k1, ",
    ),
    Attack("300,000 unknown collections", "/_mock/seeds", body=lambda: keys(300_000)),
    Attack(
        "300,000 unknown fields of a flow run",
        "/_mock/flow_runs",
        body=lambda: keys(300_000),
        says="expected up to 1,000 fields",
    ),
    Attack(
        "an unknown field of a million characters",
        "/_mock/flow_runs",
        body=lambda: orjson.dumps({"x" * 1_000_000: 1}),
        says="an unknown field",
    ),
    Attack("200 levels and one", "/_mock/seeds", body=b"[" * 201 + b"]" * 201, says="nested deep"),
    Attack("two million levels", "/_mock/seeds", body=lambda: b"[" * 2_000_000, says="not JSON"),
    Attack(
        "a key twice", "/_mock/flow_runs", body=b'{"name": "a", "name": "b"}', says="occurs twice"
    ),
    Attack(
        "a body that is no object", "/_mock/sessions", body=lambda: listed(b"1", MANY), says="list"
    ),
    Attack(
        "an unknown field of a session",
        "/_mock/sessions",
        body=lambda: orjson.dumps({"x" * 1_000_000: 1}),
        says="the body has the unknown field",
    ),
    Attack(
        "a session's dialect",
        "/_mock/sessions",
        body=lambda: orjson.dumps({"dialect": "prefect-sqlite@" + "9" * 1_000_000}),
        says="dialect has 1,000,015 characters; expected up to 1,000 characters",
    ),
    Attack("a session's name", "/_mock/sessions", body=orjson.dumps({"name": "x" * 999})),
    Attack(
        "a session's time",
        "/_mock/sessions",
        body=lambda: orjson.dumps({"now": "now-" + "9" * 1_000_000 + "d"}),
        says="now has 1,000,005 characters",
    ),
    Attack("a clock far away", "/_mock/clock", method="PUT", body=b'{"now": "now+99999999999d"}'),
    Attack("a clock's digits", "/_mock/clock/advance", body=b'{"by": "%bd"}' % (b"9" * 900)),
    Attack("a clock that is a list", "/_mock/clock", method="PUT", body=b'{"now": [[[]]]}'),
    Attack(
        "a fault's pattern",
        "/_mock/faults",
        body=lambda: orjson.dumps({"path": "[a]" * 1_000_000, "status": 500}),
        says="path has 3,000,000 characters",
    ),
    Attack("a fault's method", "/_mock/faults", body=b'{"method": {}, "status": 500}'),
    Attack("a fault's latency", "/_mock/faults", body=b'{"latency": 1e300}'),
    Attack("a fault's times", "/_mock/faults", body=b'{"status": 500, "times": 1e300}'),
    Attack(
        "an expected body of 2 MB",
        "/_mock/assert/called",
        body=lambda: b'{"json": ' + keys(150_000) + b"}",
        says="expected up to 65,536",
    ),
    Attack("a status that is a list", "/_mock/assert/called", body=b'{"status": [200]}'),
    Attack("times that are true", "/_mock/assert/called", body=b'{"times": true}'),
    Attack(
        "200,000 expected flow runs",
        "/_mock/assert/deleted",
        body=lambda: b'{"flow_runs": ' + listed(b'"a"', 200_000) + b"}",
        says="200,000 flow runs; expected up to 100,000",
    ),
    Attack(
        "100,000 expected flow runs",
        "/_mock/assert/deleted",
        body=lambda: orjson.dumps({"flow_runs": list(map(str, range(MANY)))}),
        statuses=(409,),
        says="no such flow run ever existed (100,000)",
    ),
    Attack(
        "expected flow runs of all kinds",
        "/_mock/assert/deleted",
        body=b'{"flow_runs": [[], {}, null, 1e300, "\\u0000"]}',
        statuses=(409,),
    ),
    Attack("a snapshot's name", "/_mock/snapshots/%00%ff", method="PUT"),
    Attack("an unknown snapshot", f"/_mock/snapshots/{'x' * 7_000}/restore", statuses=(404,)),
    Attack("an unknown session", f"/_mock/sessions/{'x' * 7_000}", method="GET", statuses=(404,)),
    Attack("an unknown path", f"/_mock/{'x' * 7_000}", method="GET", statuses=(404,)),
    Attack("5 MB", "/_mock/seeds", body=lambda: b" " * 5_000_000, statuses=(413,)),
)
