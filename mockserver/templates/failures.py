"""What can be wrong with a template, in the words of a real server."""

from __future__ import annotations


class InvalidTemplate(Exception):
    """A template that cannot be read, or has too many loops; the text is the message."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class RenderingFailed(Exception):
    """A template that is valid and cannot be rendered; the text tells the error."""
