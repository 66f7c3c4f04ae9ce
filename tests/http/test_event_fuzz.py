"""Fuzz the websocket of events with frames of any kind: text, binary, compressed, damaged.

Invariant: the server says nothing, or closes the socket with a code; it writes no HTTP reply into
it, logs no traceback, and answers the next request.
"""

import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socket import SHUT_WR

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attacks.test_requests import peak_memory
from tests.attacks.test_sockets import AUTH, CLOSE, PING, PONG, event, frame, open_socket
from tests.requests.test_reading import wild_json
from tests.support.servers import Client, connect_to_process
from tests.support.strategies import scaled_max_examples

MOST_MEMORY = 400 << 20
CODES = range(1000, 1012)
"""The codes of RFC 6455, section 7.4.1, that an end may send."""

values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), wild_json
)
fields = st.sampled_from(["name", "run_count", "task_key", "tags", "flow_run_id", "start_time"])


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """An event, a JSON value or any bytes; often with a part of it replaced."""
    kind = draw(st.sampled_from(["event", "auth", "json", "bytes"]))
    if kind == "bytes":
        return draw(st.binary(max_size=200))
    if kind == "auth":
        return AUTH
    changes = draw(st.dictionaries(fields, values, max_size=2))
    value = event(**changes) if kind == "event" else json.dumps(draw(values))
    payload = bytearray(value.encode("utf-8", "surrogatepass"))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(payload)))
        payload[at : at + draw(st.integers(0, 9))] = draw(
            st.binary(max_size=3) | st.sampled_from([b"Infinity", b"[" * 500, b"null", b"\xed\xa0"])
        )
    return bytes(payload)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """A frame of any opcode and any flags, whose payload may be compressed, or cut."""
    payload = draw(payloads())
    if draw(st.booleans()):
        payload = zlib.compress(payload)[2:-4]  # as RFC 7692 has it, nearly
    sent = frame(
        payload,
        draw(st.sampled_from([1, 1, 1, 1, 2, 0, CLOSE, PING, PONG]) | st.integers(0, 15)),
        first=draw(st.sampled_from([0x80, 0x80, 0x80, 0, 0xC0]) | st.integers(0, 15).map(_high)),
        masked=draw(st.sampled_from([True, True, True, False])),
    )
    return sent[: draw(st.integers(1, len(sent)))] if draw(st.integers(0, 9)) == 9 else sent


def _high(bits: int) -> int:
    return bits << 4


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server writes its log."""
    return tmp_path_factory.mktemp("events") / "log"


@pytest.fixture(scope="module")
def server(log: Path) -> Iterator[tuple[Client, int]]:
    """A client, and the id of the server's process."""
    with connect_to_process(log) as connected:
        yield connected


@given(sent=st.lists(frames(), min_size=1, max_size=4), protocol=st.sampled_from(["", "prefect"]))
@settings(max_examples=scaled_max_examples(150), suppress_health_check=[HealthCheck.too_slow])
def test_any_frames_are_answered_with_a_close_code_or_not_at_all(
    server: tuple[Client, int], log: Path, sent: list[bytes], protocol: str
) -> None:
    """With the handshake of an older client, and as one that has authenticated."""
    client, pid = server
    with open_socket(client, protocol=protocol) as opened:
        assert b" 101 " in opened.head
        for part in [frame(AUTH), *sent] if protocol else sent:
            opened.send(part)
        with suppress(OSError):  # closed already
            opened.connection.shutdown(SHUT_WR)
        with suppress(ConnectionResetError):
            for opcode, payload in opened.frames():
                assert opcode in (1, CLOSE, PING, PONG)
                if opcode == CLOSE and payload:
                    assert int.from_bytes(payload[:2]) in CODES
    assert client.ask("GET", "/health").body == b"true"
    assert "Traceback" not in log.read_text()
    assert peak_memory(pid) < MOST_MEMORY
