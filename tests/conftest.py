"""Settings for every test."""

from hypothesis import settings

# Machines differ and are shared: no test fails for being slow.
settings.register_profile("relu-verify", deadline=None)
settings.load_profile("relu-verify")
