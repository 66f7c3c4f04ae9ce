"""Settings of hypothesis: no deadlines, because tests do not depend on the machine's speed.

`pytest --hypothesis-profile=thorough` draws twenty times as many examples. `fuzz` does, too, and
shows what fails at once, not made smaller: .ci/fuzz.py may stop it at any time.
"""

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
