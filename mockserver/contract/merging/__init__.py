"""Merging reports: those of shards to the report of a whole run, those of several servers to one.

Comes in: files or folders of reports, as `--report` of each run wrote them. Goes out: one report of
the same form. What a run has covered is added up, a finding counts once however many runs have it,
and a shard whose report is missing is a finding.
Invariant: a file that is no report is refused; the texts of one are sanitized again.
"""

from .reading import read_reports
from .servers import merge_reports
