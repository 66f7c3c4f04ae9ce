"""Schedules of deployments: the instants at which each wants a run.

Prefect's schemas/schedules.py is followed as it is on Python 3.11 and 3.12. Where the clock is put
forward or back, the three kinds of schedules do three things.
"""

from .cron_dates import CronDates
from .cron_expression import CronExpression, is_cron, parse_cron
from .effort import Effort
from .interval_dates import IntervalDates
from .rule_dates import RuleDates
from .wanted import Wanted
