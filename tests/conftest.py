"""Settings of the tests: how long an example takes is not what they are about."""

from hypothesis import settings

settings.register_profile("mockserver", settings(), deadline=None)
settings.load_profile("mockserver")
