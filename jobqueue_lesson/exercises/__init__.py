"""Exercises that answer back: one module per page, with the page's name, and the checks of that page.

A check tries an answer on many inputs, in simulated time, and replies ✓, or what it saw, what it expected, and a hint.
"""

from ..show.kept import start_over
from .map import course_map, solved_here

__all__ = ["course_map", "solved_here", "start_over"]
