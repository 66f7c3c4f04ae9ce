"""Which clients count as stalled."""

from __future__ import annotations

from dataclasses import dataclass

from mockserver.http.stalled_clients import StalledClients


@dataclass(eq=False)
class Waiting:
    """A connection with so many bytes to send."""

    size: int

    def get_write_buffer_size(self) -> int:
        return self.size


def test_a_client_that_reads_nothing_for_the_time_is_stalled() -> None:
    """One that reads a little is not, nor one with nothing to read."""
    stalled = StalledClients[Waiting](10)
    dead, slow, idle = Waiting(100), Waiting(100), Waiting(0)
    everyone = (dead, slow, idle)
    for now in range(10):
        slow.size -= 1
        assert stalled.find(everyone, now) == []
    slow.size -= 1
    assert stalled.find(everyone, 10) == [dead]
    dead.size = slow.size = 0  # cut, or read at last
    assert stalled.find(everyone, 11) == []
    dead.size = 100
    assert stalled.find(everyone, 20) == []


def test_a_connection_that_the_server_has_closed_stays_known() -> None:
    """It has left the server's list, and still holds what it did not send."""
    stalled = StalledClients[Waiting](10)
    closed = Waiting(100)
    assert stalled.find([closed], 0) == []
    assert stalled.find([], 10) == [closed]
