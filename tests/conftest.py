"""Settings of hypothesis: no deadlines, because tests do not depend on the machine's speed.

`pytest --hypothesis-profile=thorough` draws twenty times as many examples. `fuzz` does, too, and
shows what fails at once, not made smaller: .ci/fuzz.py may stop it at any time.

Coverage leaves out the kit (pyproject.toml) and is not measured while the kit is tested: the tests
would take more than twice as long, since the mocks that the kit asks would be traced. The tests of
the kit come last, in each process of xdist, too: what happens once in a process (an import, a value
that is kept) happens in a test that is measured.
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

KIT = Path(__file__).parent / "contract"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the kit last, and pause coverage for them."""
    items.sort(key=_is_of_the_kit)
    for item in filter(_is_of_the_kit, items):
        item.add_marker(pytest.mark.no_cover)


def _is_of_the_kit(item: pytest.Item) -> bool:
    return item.path.is_relative_to(KIT)
