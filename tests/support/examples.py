"""How many examples a generated test draws."""

from hypothesis import settings

MORE = 20 if settings.get_current_profile_name() == "search" else 1
"""How many times the examples that a test has otherwise, where it says how many."""
