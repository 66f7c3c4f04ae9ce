"""Settings of the tests: how fast a machine is, is not what they are about."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "mockserver", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("mockserver")

collect_ignore = ["example_project"]  # a user's, with settings of its own; see test_pytest_plugin
