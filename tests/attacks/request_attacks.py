"""Bodies that are hard to read: long, deep, wide, or full of digits."""

from tests.attacks.attack import Attack

ATTACKS = (
    Attack(
        "two million brackets",
        "/api/flow_runs/bulk_delete",
        body=lambda: b"[" * 2_000_000,
    ),
)
