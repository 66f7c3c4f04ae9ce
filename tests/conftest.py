"""Settings of hypothesis: no deadlines, because tests do not depend on the machine's speed.

`pytest --hypothesis-profile=thorough` draws twenty times as many examples.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "mockserver", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("mockserver")
settings.register_profile("thorough", settings(), max_examples=20 * settings().max_examples)

collect_ignore = ["example_project"]  # has its own settings; run by test_pytest_plugin.py
