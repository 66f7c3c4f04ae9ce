"""The bodies of requests about objects, the records of `prefect.objects`: a file for each family.

Comes in: nothing; `requests` reads them. Goes out: pydantic models such as `VariableCreate`, which
an endpoint names as "objects.VariableCreate".
"""

from .deployments import (
    DeploymentBulkDelete,
    DeploymentCreate,
    DeploymentFlowRunCreate,
    DeploymentFlowRunsCreate,
    DeploymentPaginateRequest,
    DeploymentUpdate,
    ScheduledRunsRequest,
)
from .events import (
    EventAnyResourceFilter,
    EventCreate,
    EventFilter,
    EventFilterRequest,
    EventNameFilter,
    EventOrder,
    EventRelatedFilter,
    EventResourceFilter,
    Events,
)
from .logs import LogFilter, LogFilterRequest
from .schedules import (
    IntervalSchedule,
    RRuleSchedule,
    Schedule,
    ScheduleCreate,
    SchedulesCreate,
    ScheduleUpdate,
)
from .variables import (
    VariableCountRequest,
    VariableCreate,
    VariableFilterRequest,
    VariableUpdate,
)
from .work_pools import (
    ConcurrencyStatusRequest,
    PoolConcurrencyStatusRequest,
    QueueRunsRequest,
    ScheduledRunsRequest,
    WorkerFilterRequest,
    WorkerHeartbeat,
    WorkPoolCountRequest,
    WorkPoolCreate,
    WorkPoolFilterRequest,
    WorkPoolUpdate,
    WorkQueueCreate,
    WorkQueueFilterRequest,
    WorkQueueUpdate,
)
