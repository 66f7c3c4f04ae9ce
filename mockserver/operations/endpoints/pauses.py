"""The endpoints of pauses: resuming flow runs, and their inputs."""

from __future__ import annotations

from .endpoint import TEXT_SEGMENT, UUID_SEGMENT, Endpoint

_INPUT = f"/flow_runs/{UUID_SEGMENT}/input"

PAUSES = (
    Endpoint(
        "POST",
        f"/flow_runs/{UUID_SEGMENT}/resume",
        "pauses.resuming.resume_flow_run",
        "objects.ResumeRequest",
    ),
    Endpoint(
        "POST", _INPUT, "pauses.inputs.create_input", "objects.InputCreateRequest", status=201
    ),
    Endpoint(
        "POST", f"{_INPUT}/filter", "pauses.inputs.filter_inputs", "objects.InputFilterRequest"
    ),
    Endpoint("GET", f"{_INPUT}/{{key:{TEXT_SEGMENT}}}", "pauses.inputs.read_input"),
    Endpoint(
        "DELETE", f"{_INPUT}/{{key:{TEXT_SEGMENT}}}", "pauses.inputs.delete_input", status=204
    ),
)
