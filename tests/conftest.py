"""Settings of hypothesis: no deadlines, because tests do not depend on the machine's speed.

`pytest --hypothesis-profile=thorough` draws twenty times as many examples. `fuzz` does, too, and
shows what fails at once, not made smaller: .ci/fuzz.py may stop it at any time.

Coverage is not measured while a test runs that takes long and reaches nothing that others do not:
it would take more than twice as long.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "mockserver", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("mockserver")
settings.register_profile("thorough", settings(), max_examples=20 * settings().max_examples)
settings.register_profile(
    "fuzz", settings.get_profile("thorough"), phases=[Phase.explicit, Phase.generate]
)

collect_ignore = ["example_project"]  # has its own settings; run by test_pytest_plugin.py

TESTS = Path(__file__).parent
NOT_MEASURED = (
    "contract",  # the kit, which coverage leaves out (pyproject.toml)
    "http/test_recorded_lists.py",
    "http/test_recorded_objects.py",
    "orchestration/test_recorded_transitions.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pause coverage for the tests in the files and folders of NOT_MEASURED."""
    for item in items:
        if any(item.path.is_relative_to(TESTS / place) for place in NOT_MEASURED):
            item.add_marker(pytest.mark.no_cover)
