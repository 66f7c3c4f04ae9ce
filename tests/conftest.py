"""Settings of the tests: how fast a machine is, is not what they are about.

`pytest --hypothesis-profile=thorough` draws twenty times as many examples.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "mockserver", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("mockserver")
settings.register_profile("thorough", settings(), max_examples=20 * settings().max_examples)

collect_ignore = ["example_project"]  # a user's, with settings of its own; see test_pytest_plugin
