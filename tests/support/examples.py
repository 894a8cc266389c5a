"""How many examples a generated test draws."""

import random

from hypothesis import settings

MORE = 20 if settings.get_current_profile_name() == "search" else 1
"""How many times the examples that a test has otherwise, where it says how many."""
SEED = 0 if MORE == 1 else random.randrange(1_000_000)
"""The seed of what is explored: new ones in a search."""
