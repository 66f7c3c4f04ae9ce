"""Lists of accepted findings: files that a user reviews, so that a run does not fail for them.

Comes in: the paths of `--accept` and `--write-accepted`, then the report of a run. Goes out: the
report with the findings that the list accepts, with remarks on entries that were not seen or expire
soon; and the list, brought up to date.
Invariant: a file that is no such list is neither believed nor overwritten, and what a user wrote
into one stays as it is for as long as the entry is needed.
"""

from .files import AcceptedFiles, open_accepted
