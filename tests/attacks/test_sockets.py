"""Attacks with connections: websockets, slow clients, many clients at once.

Invariant: each is cut or refused with a reason, others are served meanwhile, no traceback is
logged, and memory stays within a bound.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from mockserver.http.sockets.event_sockets import MAX_SOCKETS
from mockserver.http.sockets.prefect_socket import MAX_BRACKETS, MAX_EVENT_BYTES
from tests.attacks.test_requests import peak_memory
from tests.support.servers import Client, connect_to_process

MOST_MEMORY = 400 << 20
TEXT, BYTES, CLOSE, PING, PONG = 1, 2, 8, 9, 10
AUTH = b'{"type":"auth","token":null}'


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server writes its log."""
    return tmp_path_factory.mktemp("sockets") / "log"


@pytest.fixture(scope="module")
def server(log: Path) -> Iterator[tuple[Client, int]]:
    """A client, and the id of the server's process."""
    with connect_to_process(log) as connected:
        yield connected


@pytest.fixture
def client(server: tuple[Client, int], log: Path) -> Iterator[Client]:
    """The client; after the attack the server still answers, within its bounds."""
    client, pid = server
    yield client
    client.connection.close()
    assert client.ask("GET", "/health").body == b"true"
    assert peak_memory(pid) < MOST_MEMORY
    assert "Traceback" not in log.read_text()


def frame(payload: bytes, opcode: int = TEXT, *, first: int = 0x80, masked: bool = True) -> bytes:
    """A frame of RFC 6455, section 5.2, whose mask changes nothing; `first`: the flags."""
    mask = 0x80 if masked else 0
    length = len(payload)
    if length < 126:
        head = bytes([first | opcode, mask | length])
    elif length < 1 << 16:
        head = bytes([first | opcode, mask | 126]) + length.to_bytes(2)
    else:
        head = bytes([first | opcode, mask | 127]) + length.to_bytes(8)
    return head + bytes(4 if masked else 0) + payload


@dataclass
class Socket:
    """A websocket of which a test writes the bytes."""

    connection: socket.socket
    head: bytes

    def send(self, sent: bytes) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # closed already, with a reason
            self.connection.sendall(sent)

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """The server's frames until it closes the connection. Anything else fails the test."""
        with self.connection.makefile("rb") as received:
            while head := received.read(2):
                length = head[1]
                assert head[0] & 0x80, head  # "H" of an HTTP reply has no such bit
                if length == 126:
                    length = int.from_bytes(received.read(2))
                yield head[0] & 0x0F, received.read(length)

    def close_code(self) -> int:
        """The code of the frame with which the server closes the connection.

        A client that is still sending may see a reset instead: 1009, which is the reason for it.
        """
        try:
            closing = [payload for opcode, payload in self.frames() if opcode == CLOSE]
        except ConnectionResetError:
            return 1009
        return int.from_bytes(closing[0][:2])


@contextmanager
def open_socket(client: Client, *extra: str, protocol: str = "") -> Iterator[Socket]:
    """Connect to `/events/in`; `head` is the server's reply."""
    asked = [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
    lines = [
        "GET /api/events/in HTTP/1.1",
        f"Host: localhost:{client.address[1]}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        *asked,
        *extra,
    ]
    with socket.create_connection(client.address, timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        yield Socket(connection, head)


def event(**task_run: object) -> str:
    """An event of a task run, with these fields."""
    return json.dumps(
        {
            "id": "44444444-0000-4000-8000-000000000000",
            "occurred": "2026-06-01T11:00:00Z",
            "event": "prefect.task-run.Running",
            "resource": {
                "prefect.resource.id": "prefect.task-run.22222222-0000-4000-8000-000000000000",
                "prefect.orchestration": "client",
            },
            "payload": {
                "validated_state": {"type": "RUNNING", "name": "Running"},
                "task_run": {"name": "a", "task_key": "a", "dynamic_key": "0", **task_run},
            },
        }
    )


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (event(run_count=float("inf")), 1007),
        (event(run_count=float("nan")), 1007),
        (event(run_count="9" * 5000), 1007),
        (event(run_count=[]), 1007),
        (event(run_count={}), 1007),
        (event(total_run_time="x"), 1007),
        (event(total_run_time=float("-inf")), 1007),
        (event(tags=7), 1007),
        (event(labels=[1]), 1007),
        (event(start_time=10**30), 1007),
        (event(run_count=1).replace("1}", "1" + "0" * 500 + "}"), 1007),
        (event(labels=nested(900)).replace("}", "", 1), 1007),
        ("[" * 100_000, 1007),
        ("[" + "[]," * (MAX_BRACKETS + 1) + "1]", 1007),
        ('{"a":' * 5000 + "1" + "}" * 5000, 1007),
        ('"' + "a" * (MAX_EVENT_BYTES - 2) + '"', 1007),
        ('"' + "a" * MAX_EVENT_BYTES + '"', 1009),
        ('{"event": "\\ud800", "resource": {}}', 1007),
        ("", 1007),
        ("null", 1007),
        ("{} {}", 1007),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_event_closes_its_socket_with_a_code(client: Client, sent: str, code: int) -> None:
    """1007 for what is no event, 1009 for what is too long; never an HTTP reply."""
    with open_socket(client) as opened:
        opened.send(frame(sent.encode()))
        assert opened.close_code() == code


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(b"x", first=0xC0), 1002),  # compressed, which was not agreed on
        (frame(b"x", first=0xB0), 1002),  # other flags
        (frame(b"x", opcode=3), 1002),
        (frame(b"x", opcode=11), 1002),
        (frame(b"x", opcode=0), 1002),  # continues nothing
        (frame(b"x" * 200, opcode=PING), 1002),
        (frame(b"x", opcode=PING, first=0), 1002),
        (frame(b"\x03", opcode=CLOSE), 1002),
        (b"\x81\xff" + b"\xff" * 8 + bytes(4), 1009),
        (b"\x81\xff" + (1 << 40).to_bytes(8) + bytes(4), 1009),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 1002),
        (frame(b"\xff\xfe{}"), 1007),
        (frame(b"a" * 1_000_000, first=0) + frame(b"a" * 1_000_000, opcode=0), 1009),
    ],
)
def test_a_bad_frame_closes_its_socket_with_a_code(client: Client, sent: bytes, code: int) -> None:
    """The codes of RFC 6455, section 7.4.1."""
    with open_socket(client) as opened:
        opened.send(sent)
        assert opened.close_code() == code


def test_no_compression_is_agreed_on(client: Client) -> None:
    """A client that offers it gets a socket without: 154 KB cannot become 160 MB."""
    with open_socket(client, "Sec-WebSocket-Extensions: permessage-deflate") as opened:
        assert opened.head.startswith(b"HTTP/1.1 101")
        assert b"extensions" not in opened.head.lower()


def test_more_sockets_than_allowed_are_refused(client: Client) -> None:
    """503 before the socket is opened; the open ones hold half a message each, and no more."""
    with ExitStack() as stack:
        heads = []
        for _ in range(MAX_SOCKETS + 5):
            opened = stack.enter_context(open_socket(client))
            heads.append(opened.head.split()[1])
            if heads[-1] == b"101":
                opened.send(b"\x01\xff" + (MAX_EVENT_BYTES).to_bytes(8) + bytes(4))
                opened.send(b"a" * (MAX_EVENT_BYTES - 1))
        assert heads == [b"101"] * MAX_SOCKETS + [b"503"] * 5
        assert client.ask("GET", "/health").body == b"true"
    with open_socket(client) as again:
        assert again.head.startswith(b"HTTP/1.1 101")


def test_a_flood_of_small_frames_is_taken_and_others_are_served(client: Client) -> None:
    """100,000 pings, and as many messages that are ignored; then an event."""
    flood = frame(b"", PING) * 100_000 + frame(b"", BYTES) * 20_000
    with open_socket(client) as opened:
        # No pong is read: the socket may be cut, and the server serves others.
        opened.connection.setblocking(False)
        with suppress(BlockingIOError):
            opened.connection.send(flood)
        assert client.ask("GET", "/health").body == b"true"


def test_the_pages_of_others_open_no_socket(client: Client) -> None:
    """The guard comes before the handshake."""
    with open_socket(client, "Origin: http://evil.example") as opened:
        assert opened.head.startswith(b"HTTP/1.1 403")


def test_the_first_message_of_a_new_client_is_auth(client: Client) -> None:
    """Anything else is 1008; a long or deep message is no exception."""
    for sent, code in ((b"[" * 100_000, 1008), (b"a" * 2_000_000, 1009), (b"{}", 1008)):
        with open_socket(client, protocol="prefect") as opened:
            opened.send(frame(sent))
            assert opened.close_code() == code
