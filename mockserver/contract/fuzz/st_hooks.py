"""Hooks for a project that runs `st run openapi.yaml` itself: they add the checks of mockserver.

`mockserver fuzz --copy-hooks FOLDER` copies this file, schemathesis.toml and openapi.yaml into a
folder. Run in that folder, against a server whose data may be lost:

    st run openapi.yaml --url http://127.0.0.1:4300/api

Two environment variables describe the server. MOCKSERVER_DIALECT is spec (the default),
prefect-sqlite or prefect-postgresql: what the known deviations of that dialect explain is no
failure. With MOCKSERVER_FLAKY=1 a request is sent again after a 503, which a busy SQLite causes.

What the hooks and schemathesis create on the server is not deleted.
"""

from __future__ import annotations

import atexit
import os
from typing import Any

import schemathesis

from mockserver.contract.exchanges import STILL_READABLE, Observer, RunPool
from mockserver.contract.explanations import Explainer, MockPool
from mockserver.contract.fuzz import (
    CHECK_ID_BY_NAME,
    RequestInterceptor,
    make_schemathesis_check,
    to_answer,
)
from mockserver.contract.server import Ownership, Target
from mockserver.prefect import DIALECTS

DIALECT = DIALECTS[os.environ.get("MOCKSERVER_DIALECT", "spec")]
mocks = MockPool().__enter__()
atexit.register(mocks.__exit__, None, None, None)
explainer = Explainer(DIALECT, mocks)
target = Target("http://127.0.0.1", ownership=Ownership.DISPOSABLE)
interceptor = RequestInterceptor(Observer(target, RunPool(target)), seed=1)
LIST_CHECK = next(
    name for name, check_id in CHECK_ID_BY_NAME.items() if check_id == STILL_READABLE.id
)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Take the server's address from the case, and have it sent through the interceptor."""
    target.url = case.operation.base_url.rstrip("/")
    target.headers = dict(kwargs.get("headers") or {})
    target.flaky = os.environ.get("MOCKSERVER_FLAKY") == "1"
    interceptor.before_call(context, case, kwargs)


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Drop a failure (return False) that a known deviation or the document's text explains."""
    sent = interceptor.to_sent_request(case.operation.label, response.request)
    answer = to_answer(response)
    # ST202 is positive_data_acceptance: valid data was refused.
    if failure.code == "ST202" and explainer.is_documented_refusal(sent, answer):
        return False
    if failure.title.startswith("Custom check failed"):
        # Schemathesis puts the name of the check into the title, and only there.
        return LIST_CHECK not in failure.title or explainer.explain_by_table(sent, answer) is None
    return explainer.explain(sent, answer) is None


for name, check_id in CHECK_ID_BY_NAME.items():
    schemathesis.check(make_schemathesis_check(interceptor, name, check_id))
