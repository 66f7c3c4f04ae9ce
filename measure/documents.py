"""What a server says about itself: its versions, its health, and its OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from measure.servers import PrefectServer
from mockserver.contract.drift import compare_document
from mockserver.contract.findings import Verdict
from tests.support import published_documents

Json = Any
_TIMEOUT = 120  # the first document is made when it is asked for, which takes a while
RELEASE = "<release>"
"""In answers, the release that was asked."""


def describe_server(server: PrefectServer) -> dict[str, Json]:
    """The answers to requests about the server, and a digest of its document.

    The digest changes with anything at all in the document but the release's name.
    """
    release = str(json.loads(get(f"{server.url}/admin/version")))
    answers: dict[str, Json] = {
        path: json.loads(get(f"{server.url}{path}").replace(release, RELEASE))
        for path in ("/version", "/admin/version", "/health", "/ready", "/hello")
    }
    return {**answers, "document": document_digest(fetch_document(server), release)}


def keep_document(server: PrefectServer, release: str) -> None:
    """Add the document of a release to those that the tests have, unless it is there."""
    if not is_kept(release):
        with NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(fetch_document(server), file)
            file.flush()
            published_documents.main([file.name])


def is_kept(release: str) -> bool:
    """Whether the tests have the document of a release."""
    try:
        published_documents.published_document(release)
    except KeyError:
        return False
    return True


def describe_document(release: str) -> Iterator[str]:
    """What `mockserver drift` finds in the document of a release, for a reader."""
    if not is_kept(release):
        return
    findings = document_findings(published_documents.published_document(release), release)
    if findings:
        yield f"The document of {release} differs from openapi.yaml in what is not known:"
        yield from (f"  {found}" for found in findings)
    else:
        yield f"The document of {release} says what openapi.yaml and its overlays say."


def get(url: str) -> str:
    """The body of a reply to GET, whatever its status is."""
    try:
        with urlopen(url, timeout=_TIMEOUT) as reply:
            return str(reply.read().decode())
    except HTTPError as error:
        return json.dumps(f"status {error.code}")


def fetch_document(server: PrefectServer) -> Json:
    """The OpenAPI document that a server publishes."""
    return json.loads(get(f"{server.url.removesuffix('/api')}/openapi.json"))


def document_findings(document: Json, release: str) -> list[str]:
    """What `mockserver drift` finds that is not known for the release, a line each."""
    outcome = compare_document(document, "/openapi.json", release)
    return sorted(
        f"{found.subject}: {found.sentence}"
        for found in outcome.findings
        if found.verdict is not Verdict.KNOWN
    )


def document_digest(document: Json, release: str) -> str:
    """A digest of a document that is the same for equal ones, whatever the release is called."""
    text = json.dumps(document, sort_keys=True).replace(f'"{release}"', f'"{RELEASE}"')
    return sha256(text.encode()).hexdigest()[:16]
