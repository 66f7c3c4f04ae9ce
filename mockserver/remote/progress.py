"""What a copy tells while it works. A command shows it; a script may ignore it."""

from __future__ import annotations


class Progress:
    """Told how far a copy is; this one keeps it to itself."""

    def begin(self, noun: str, total: int) -> None:
        """A kind of records is copied next, of which the server counts `total`."""

    def advance(self, records: int) -> None:
        """So many more records are copied."""

    def retry(self, why: str, seconds: float) -> None:
        """The server did not answer a request, which is sent again in some seconds."""
