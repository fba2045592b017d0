"""How thorough a run is: Hypothesis settings by name."""

from __future__ import annotations

from hypothesis import settings

from verify.errors import InputError

# Examples of each test: while editing, on every push, and for a night.
PROFILES = {"quick": 20, "ci": 100, "campaign": 5000}


def load_profile(name: str) -> None:
    """Make the profile of that name the default of every Hypothesis test that follows.

    Its name for Hypothesis is ``verify-NAME``. No test fails for being slow: machines differ and are shared. The
    examples of ``ci`` are the same in every run: a push is judged by what it changes; the others look further.
    """
    if name not in PROFILES:
        raise InputError(f"unknown profile {name!r}; known: {', '.join(PROFILES)}")
    chosen = settings(deadline=None, max_examples=PROFILES[name], derandomize=name == "ci")
    settings.register_profile(f"verify-{name}", chosen)
    settings.load_profile(f"verify-{name}")
