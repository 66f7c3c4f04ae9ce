"""Every attack that is one request, on a server that is a process of its own.

Invariant: the reply keeps the attack's bound, the server answers the next request, logs no
traceback, and its memory stays within a bound.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks import control_attacks, request_attacks, rim_attacks
from tests.attacks.attack import Attack
from tests.support.servers import Client, connect_to_process

TABLES = (control_attacks.ATTACKS, request_attacks.ATTACKS, rim_attacks.ATTACKS)
ATTACKS = [attack for table in TABLES for attack in table]

MOST_MEMORY = 500 << 20
"""Bytes that the server may have used at most after all attacks."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server writes its log."""
    return tmp_path_factory.mktemp("attacks") / "log"


@pytest.fixture(scope="module")
def server(log: Path) -> Iterator[tuple[Client, int]]:
    """A client, and the id of the server's process."""
    with connect_to_process(log, "--journal", "100") as connected:
        yield connected


def peak_memory(pid: int) -> int:
    """The most bytes of memory that a process has used."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_answered_within_its_bound(
    attack: Attack, server: tuple[Client, int], log: Path
) -> None:
    """The reply has the right status and size; the server then answers, with bounded memory."""
    client, pid = server
    reply = client.send(attack.method, attack.path, attack.sent, attack.headers)
    assert reply.status in attack.statuses, reply.body[:500]
    assert attack.says in reply.body.decode()
    assert len(reply.body) <= attack.most_bytes
    assert client.ask("GET", "/health").body == b"true"
    assert peak_memory(pid) < MOST_MEMORY
    assert "Traceback" not in log.read_text()


def test_every_attack_has_a_name_of_its_own() -> None:
    """So that a failure says which it was."""
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
