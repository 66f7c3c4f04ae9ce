"""The bodies of requests about objects, the records of `prefect.objects`: a file for each family.

Comes in: nothing; `requests` reads them. Goes out: pydantic models such as `VariableCreate`, which
an endpoint names as "objects.VariableCreate".
"""

from .absent import (
    AutomationCountRequest,
    AutomationFilterRequest,
    SavedSearchFilterRequest,
)
from .artifacts import (
    ArtifactCountRequest,
    ArtifactCreate,
    ArtifactFilterRequest,
    ArtifactUpdate,
    LatestArtifactCountRequest,
    LatestArtifactFilterRequest,
)
from .blocks import (
    BlockDocumentCountRequest,
    BlockDocumentCreate,
    BlockDocumentFilterRequest,
    BlockDocumentSort,
    BlockDocumentUpdate,
    BlockSchemaCreate,
    BlockSchemaFilterRequest,
    BlockTypeCreate,
    BlockTypeFilterRequest,
    BlockTypeUpdate,
)
from .deployments import (
    DeploymentCreate,
    DeploymentFlowRunCreate,
    DeploymentFlowRunsCreate,
    DeploymentPaginateRequest,
    DeploymentPollRequest,
    DeploymentScheduleRequest,
    DeploymentUpdate,
)
from .events import (
    Countable,
    CountedEvents,
    DocumentedEvent,
    EventAnyResourceFilter,
    EventCountRequest,
    EventCreate,
    EventFilter,
    EventFilterRequest,
    EventNameFilter,
    EventOrder,
    EventRelatedFilter,
    EventResourceFilter,
    Events,
    TimeUnit,
)
from .limits import (
    ConcurrencyLimitCreate,
    ConcurrencyLimitV2Create,
    ConcurrencyLimitV2Update,
    LimitPageRequest,
    SlotsDecrement,
    SlotsIncrement,
    TagReset,
    TagSlots,
)
from .logs import LogFilter, LogFilterRequest
from .run_inputs import InputCreateRequest, InputFilterRequest, ResumeRequest
from .schedules import (
    IntervalSchedule,
    RRuleSchedule,
    Schedule,
    ScheduleCreate,
    SchedulesCreate,
    ScheduleUpdate,
)
from .server import ObservedStateSort, ObservedStatesQuery, ResultStorageUpdate
from .task_runs import TaskRunCountsRequest, TaskRunUpdate, TaskWorkerFilterRequest
from .validation import TemplateToValidate, ValuesToValidate
from .variables import (
    VariableCountRequest,
    VariableCreate,
    VariableFilterRequest,
    VariableUpdate,
)
from .work_pools import (
    ConcurrencyStatusRequest,
    PolledRunsRequest,
    PoolConcurrencyStatusRequest,
    PoolQueueFilterRequest,
    QueueRunsRequest,
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
