"""Searching for the smallest input that breaks something, with Hypothesis (page 13).

Hypothesis makes inputs at random, simple ones first. When one breaks the program, it makes that one smaller, for as
long as a smaller one still breaks it. This module is all that the course asks of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as with_seed
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

Input = TypeVar("Input")


class NotRepeatable(RuntimeError):
    """The same input has broken something once, and once it has not: it is not all that matters."""


class _Broken(Exception):
    """Tells Hypothesis that an input broke something."""


def smallest(
    inputs: SearchStrategy[Input], breaks: Callable[[Input], bool], *, runs: int = 1000, seed: int = 0
) -> Input | None:
    """Search for an input that breaks something, and return the smallest one that was found; None if none was.

    Args:
        inputs: what Hypothesis draws from.
        breaks: tries an input, and returns whether it broke something. It must depend on its input alone.
        runs: how many inputs are tried; more if one breaks something, to make it smaller.
        seed: where the search begins. Another seed tries other inputs.

    Raises:
        NotRepeatable: if it does not depend on its input alone.
        Whatever `breaks` raises.
    """
    found: Input | None = None

    @with_seed(seed)
    @settings(
        max_examples=runs,
        database=None,  # what was found on this machine before must not change what is found now
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(inputs)
    def try_one(input: Input) -> None:
        nonlocal found
        if breaks(input):
            found = input  # the last one that is tried is the smallest
            raise _Broken

    try:
        with _no_folder():
            try_one()
    except _Broken:
        return found
    except Flaky as error:
        raise NotRepeatable(
            "the same input broke something once, and once it did not: it depends on something else as well"
        ) from error
    return None


@contextmanager
def _no_folder() -> Iterator[None]:
    """Keep Hypothesis from making a folder `.hypothesis`, where it keeps what it has read, in the learner's folder."""
    with TemporaryDirectory() as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)  # what it is by default
