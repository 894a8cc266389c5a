"""When to retry: after which errors, and how long afterwards (page 4).

Two pure functions compute a delay. `exponential` says how long to wait after the n-th attempt, and `jittered`
spreads that wait, so that clients that failed together do not all come back together.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from .arguments import shown, validate_count, validate_number, validate_rng, validate_seconds

DAY = 86_400.0

Jitter = Literal["none", "full", "equal", "decorrelated"]
JITTERS: tuple[Jitter, ...] = ("none", "full", "equal", "decorrelated")


class DoNotRetry(Exception):
    """Raise it in a handler when a retry cannot help: the job fails at once, however many attempts are left."""


def exponential(attempt: int, base: float = 1.0, factor: float = 2.0, cap: float = DAY) -> float:
    """Return the seconds to wait after the `attempt`-th attempt failed: base × factor^attempt, at most `cap`.

    With the defaults: 2, 4, 8, 16, … seconds.

    Args:
        attempt: 1 for the first attempt.
        base: seconds.
        factor: how many times longer each wait is than the one before.
        cap: the longest wait, in seconds.
    """
    try:
        return min(cap, base * factor**attempt)
    except OverflowError:  # beyond 10^308, where floats end; the cap is far below
        return cap


def jittered(
    delay: float, jitter: Jitter, rng: random.Random, *, base: float, cap: float, previous: float | None
) -> float:
    """Return `delay` with jitter; all times are in seconds.

    - none: the delay itself
    - full: uniform between 0 and the delay
    - equal: half the delay, plus uniform between 0 and the other half
    - decorrelated: uniform between base and three times the previous wait, at most the cap

    Source of the three formulas: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    match jitter:
        case "full":
            return rng.uniform(0.0, delay)
        case "equal":
            return delay / 2 + rng.uniform(0.0, delay / 2)
        case "decorrelated":
            return min(cap, rng.uniform(base, max(base, 3 * (base if previous is None else previous))))
    return delay


@dataclass(frozen=True)
class RetryPolicy:
    """Which errors are retried, and after how many seconds.

    Args:
        base, factor, cap: see `exponential`; base and cap in seconds.
        jitter: "none", "full", "equal" or "decorrelated"; see `jittered`.
        retry_on: exception classes that are worth another attempt. `DoNotRetry` never is.
        rng: the random generator for jitter; with a seeded one, every run has the same delays.

    Raises:
        TypeError, ValueError: for a number that is negative, NaN or infinite, for a factor below 1, for an
            unknown jitter, and for anything of another type.
    """

    base: float = 1.0
    factor: float = 2.0
    cap: float = DAY
    jitter: Jitter = "none"
    retry_on: tuple[type[BaseException], ...] = (Exception,)
    rng: random.Random | None = None

    def __post_init__(self) -> None:
        validate_seconds("base", self.base)
        validate_seconds("cap", self.cap)
        validate_number("factor", self.factor, least=1)
        if self.jitter not in JITTERS:
            raise ValueError(f"jitter must be one of {', '.join(JITTERS)}, got {self.jitter!r}")
        if not isinstance(self.retry_on, tuple) or not all(
            isinstance(kind, type) and issubclass(kind, BaseException) for kind in self.retry_on
        ):
            raise TypeError(f"retry_on must be a tuple of exception classes, got {self.retry_on!r}")
        validate_rng("rng", self.rng, "uniform")

    def worth_retrying(self, error: BaseException | str) -> bool:
        """Whether another attempt may help. For an error given as a string, it always may."""
        if isinstance(error, str):
            return True
        return isinstance(error, self.retry_on) and not isinstance(error, DoNotRetry)

    def delay(self, attempt: int, previous: float | None = None) -> float:
        """Return the seconds to wait after the `attempt`-th attempt failed.

        Args:
            attempt: 1 for the first since the job was enqueued or last revived.
            previous: the wait before this attempt, in seconds; None before the second attempt. Only
                decorrelated jitter uses it.
        """
        validate_count("attempt", attempt)
        return jittered(
            exponential(attempt, self.base, self.factor, self.cap),
            self.jitter,
            self.rng or _shared,
            base=self.base,
            cap=self.cap,
            previous=previous,
        )


_shared = random.Random()


def validate_retry(retry: RetryPolicy | None) -> RetryPolicy:
    """Return a retry policy; for None, the default one.

    Raises:
        TypeError: if it is not a `RetryPolicy` or None.
    """
    if retry is not None and not isinstance(retry, RetryPolicy):
        raise TypeError(f"retry must be a RetryPolicy or None, got {shown(retry)}")
    return retry or RetryPolicy()
