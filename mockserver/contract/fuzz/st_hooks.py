"""Hooks for a project that runs `st run openapi.yaml` itself: this kit's rules, on its server.

Copy this file and schemathesis.toml, which lies beside it, into a folder with openapi.yaml,
and run, in that folder and on a server that may lose what it holds:

    st run openapi.yaml --url http://127.0.0.1:4300/api

Two variables say what is known: MOCKSERVER_DIALECT, one of spec (as it is without it),
prefect-sqlite and prefect-postgresql, is what the server is expected to be, so that its
deviations are no failures; MOCKSERVER_FLAKY=1 asks again after the 503 of a busy SQLite.

What it creates on the server, and what schemathesis creates, stays there.
"""

from __future__ import annotations

import atexit
import os
from typing import Any

import schemathesis

from mockserver.contract.fuzz import (
    CHECK_ID_BY_NAME,
    STILL_READABLE,
    Explainer,
    MockPool,
    Observer,
    RequestInterceptor,
    RunPool,
    is_documented_refusal,
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
LIST_CHECK = next(name for name, id_ in CHECK_ID_BY_NAME.items() if id_ == STILL_READABLE.id)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Learn where the server is, and send every request through the gate."""
    target.url = case.operation.base_url.rstrip("/")
    target.headers = dict(kwargs.get("headers") or {})
    target.flaky = os.environ.get("MOCKSERVER_FLAKY") == "1"
    interceptor.before_call(context, case, kwargs)


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Drop what a known deviation explains, or the document's own words."""
    sent = interceptor.to_sent_request(case.operation.label, response.request)
    answer = to_answer(response)
    if failure.code == "ST202" and is_documented_refusal(sent, answer):
        return False
    if failure.title.startswith("Custom check failed"):
        # Schemathesis puts the name of the check into the title, and only there.
        return LIST_CHECK not in failure.title or explainer.explain_by_table(sent, answer) is None
    return explainer.explain(sent, answer) is None


for name, check_id in CHECK_ID_BY_NAME.items():
    schemathesis.check(make_schemathesis_check(interceptor, name, check_id))
