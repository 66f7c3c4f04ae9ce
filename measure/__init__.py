"""Ask real releases of Prefect everything, and keep what differs from release to release.

In: the names of releases, and pip or uv to get them.
Out: `tests/data/releases/`, which the tests replay against the mock, and a report of what changed.
"""
