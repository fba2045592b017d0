"""Settings for every test; ``--verify-profile`` loads another profile afterwards."""

from verify.strategies.profiles import load_profile

load_profile("ci")
