"""The command `open`: the page of a running server, or what to do if there is none."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockserver.cli.open_page import open_page
from mockserver.errors import MockServerError, UsageError
from tests.support.servers import run_serve_command, serve_in_process


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with run_serve_command() as (_, lines):
        yield next(word for word in lines[0].split() if word.startswith("http://"))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser was asked to open."""
    addresses: list[str] = []

    def note(address: str) -> bool:
        addresses.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", note)
    return addresses


@pytest.mark.parametrize("ending", ["", "/", "/api"])
def test_the_page_is_opened(
    url: str, ending: str, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The address may be that of the API; it is printed, too."""
    open_page(url + ending)
    assert opened == [f"{url}/"]
    assert capsys.readouterr().out == f"{url}/\n"


def test_a_missing_browser_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address was printed before."""
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    with pytest.raises(MockServerError, match="no browser was found"):
        open_page(url)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://127.0.0.1:9", "start one with: mockserver serve --open"),
        ("127.0.0.1:4300", "expected one such as http://127.0.0.1:4300"),
        ("file:///etc", "expected one such as"),
        ("http://[", "is no address"),
    ],
)
def test_without_a_server_it_says_what_to_do(address: str, told: str, opened: list[str]) -> None:
    """No browser is opened."""
    with pytest.raises(UsageError, match=told):
        open_page(address)
    assert opened == []


def test_a_server_without_a_page_is_told(opened: list[str], tmp_path: Path) -> None:
    """One that was started with --no-page, or is no mockserver."""
    with (
        serve_in_process(tmp_path / "log", "--no-page") as url,
        pytest.raises(UsageError, match="without --no-page"),
    ):
        open_page(url)
    assert opened == []


def test_with_a_token_the_browser_asks(opened: list[str], tmp_path: Path) -> None:
    """401 is the page's answer to who has no token yet."""
    with serve_in_process(tmp_path / "log", "--control-token", "secret") as url:
        open_page(url)
    assert opened == [f"{url}/"]
