"""Checks for page 9."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise
from typing import Any

from ..simulation import Simulation
from .check import exercise, expect


async def my_import(rows, progress, clock, seconds=0.5):  # type: ignore[no-untyped-def]
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        progress(done / rows)  # far too often


ROW = 0.002
"""Seconds that a row takes."""
TODAY = 1_780_000_000.0
"""What the clock shows at first: seconds since 1970, as `time.time` gives them."""
A_FEW = 5
"""By how many rows a report may be early or late."""
AT_THE_END = "The last row is special: report after it, no matter when the last report was."
A_SHARE = "After `done` of `rows` rows, report done / rows: from 0 to 1, and 1 only at the end."
KEEP_THE_SLEEP = "Keep `await asyncio.sleep(0.002)`, once per row: it stands for the work on that row."


@exercise(
    "09_progress",
    "now and then is enough",
    stub=my_import,
    hints=[
        "Look at the clock, not at the row: clock() gives the time.",
        "Keep the time of the last report. Was that `seconds` ago or more?",
        "if clock() - last >= seconds or done == rows: report, and last = clock()",
    ],
)
def check_import(answer: Any) -> None:
    """Import rows of 2 ms each; report every `seconds` seconds, a few rows early or late, and after the last row."""
    for rows, seconds in ((5000, 0.5), (5000, 2.0), (100, 0.5), (1, 0.5), (1234, 0.1)):
        sim, reports = Simulation(), []  # type: ignore[var-annotated]

        def report(fraction: float, reports: list[Any] = reports, sim: Simulation = sim) -> None:
            reports.append((sim.time(), fraction))

        async def for_an_hour(work: Any) -> bool:
            importing = asyncio.ensure_future(work)
            done, _ = await asyncio.wait([importing], timeout=3600)
            return bool(done) and importing.result() is None

        what = f"{rows} rows, seconds={seconds:g}"
        in_time = sim.run(for_an_hour(answer(rows, report, lambda sim=sim: TODAY + sim.time(), seconds)))
        right = f"{ROW * rows:g} s: 2 ms per row"
        expect(in_time, f"{what}: not done after an hour", right, KEEP_THE_SLEEP)
        took = sim.time()
        expect(abs(took - ROW * rows) < ROW / 2, f"{what}: done after {took:.4g} s", right, KEEP_THE_SLEEP)
        expect(reports, f"{what}: no report at all", "one at the end, whatever happens", AT_THE_END)
        _expect_shares(what, rows, reports)
        _expect_times(what, seconds, took, [at for at, _ in reports])
    _expect_the_clock_is_asked(answer)
    _expect_one_report_after_a_pause(answer)


def _expect_the_clock_is_asked(answer: Any) -> None:
    """Expect the time between two reports to be the clock's: here, it says that a row takes three times as long."""
    sim, reports = Simulation(), []  # type: ignore[var-annotated]
    sim.run(answer(1000, reports.append, lambda: TODAY + 3 * sim.time(), 0.5))
    expect(
        10 <= len(reports) <= 14,
        f"1000 slow rows, 6 ms each by clock(): {len(reports)} reports in 6 s",
        "about 12, one every 0.5 s, and one at the end",
        "Ask clock(). Counting rows is right only as long as every row takes 2 ms.",
    )


def _expect_one_report_after_a_pause(answer: Any) -> None:
    """Expect no reports to be made up for: here, the clock says that one row takes ten seconds more."""
    sim, reports = Simulation(), []  # type: ignore[var-annotated]
    sim.run(answer(1000, reports.append, lambda: TODAY + sim.time() + 10 * (sim.time() > 1.0005), 0.5))
    expect(
        len(reports) <= 7,
        f"1000 rows, one of which takes 10 s: {len(reports)} reports, most of them at once",
        "about 5: one every 0.5 s, but only one after the long row",
        "After a report, the next one is due `seconds` later, by the clock of now.",
    )


def _expect_shares(what: str, rows: int, reports: list[tuple[float, Any]]) -> None:
    """Expect each report to say the share of rows that are done."""
    for at, share in reports:
        number = isinstance(share, (int, float))
        expect(number and 0 <= share <= 1, f"{what}: a report of {share!r}", "a fraction from 0 to 1", A_SHARE)
        done = at / ROW
        expect(
            abs(share * rows - done) < 0.5,
            f"{what}: {share:.4g} is reported after {at:.4g} s",
            f"{done / rows:.4g}: by then, {done:.0f} of {rows} rows are done",
            A_SHARE,
        )


def _expect_times(what: str, seconds: float, took: float, times: list[float]) -> None:
    """Expect a report every `seconds` seconds, a few rows early or late, and one at the end."""
    compare = f"Compare the time since the last report with `seconds`. Here, that is {seconds:g}."
    most = int(took / seconds) + 2
    expect(
        len(times) <= most,
        f"{what}: {len(times)} reports",
        f"at most {most}: one every {seconds:g} s, and one at the end",
        f"After each report, keep its time. The next one is due `seconds` later: here, {seconds:g} s.",
    )
    expect(took - times[-1] < ROW / 2, f"{what}: the last report is after {times[-1]:.4g} s", f"{took:g} s", AT_THE_END)
    for earlier, later in pairwise([0.0, *times]):
        expect(
            later - earlier < seconds + (A_FEW + 0.5) * ROW,
            f"{what}: silent for {later - earlier:.3g} s",
            f"{seconds:g} s, or a few rows more",
            compare,
        )
    for earlier, later in pairwise(times[:-1]):
        expect(
            later - earlier > seconds - (A_FEW + 0.5) * ROW,
            f"{what}: reports after {earlier:.4g} s and {later:.4g} s",
            f"{seconds:g} s between them, or a few rows less",
            compare,
        )


def my_fraction(steps_done, weights):  # type: ignore[no-untyped-def]
    return steps_done / len(weights)


@exercise(
    "09_progress",
    "steps of different length",
    stub=my_fraction,
    hints=[
        "Think in seconds, not in steps. How many have passed, out of how many?",
        "After steps_done steps, the seconds in weights[:steps_done] have passed.",
        "sum(weights[:steps_done]) / sum(weights)",
    ],
)
def check_fraction(answer: Any) -> None:
    """Return how far a job is after some of its steps, if step n takes weights[n] seconds. Rounding to 0.01 is fine."""
    rng = random.Random(9)
    others: list[list[float]] = [[rng.randint(1, 40) / 4 for _ in range(rng.randint(2, 6))] for _ in range(10)]
    tried: list[list[float]] = [[1, 7, 2], [1, 1], [60, 1], [0.5, 0.25, 0.25], [3], list(range(1, 30)), *others]
    for weights in tried:
        for done in range(len(weights) + 1):
            given = list(weights)
            seen = answer(done, given)
            call = f"{answer.__name__}({done}, {weights}) gives {seen!r}"
            number = isinstance(seen, (int, float))
            expect(number, call, "a fraction from 0 to 1", "Return a number: is a return missing?")
            share = "A fraction, not seconds or per cent: the seconds that have passed, divided by those of all steps."
            expect(0 <= seen <= 1, call, "a fraction from 0 to 1", share)
            passed, total = sum(weights[:done]), sum(weights)
            hint = ""
            if done == len(weights):
                hint = "When all steps are done, it is 1."
            elif seen in (round(passed / total), round(passed / total, 1)):
                hint = "Do not round that much: to 0.01 at most."
            elif abs(seen - sum(weights[: done + 1]) / total) < 1e-6:
                hint = f"That is one step too many: only {done} of {len(weights)} are done."
            elif seen == passed:
                hint = share
            exact = 1e-9 if done in (0, len(weights)) else 0.005 + 1e-9
            expect(
                abs(seen - passed / total) <= exact,
                call,
                f"{passed / total:.4g}: {passed:g} s of {total:g} s have passed",
                hint,
            )
            expect(
                given == weights,
                f"after {answer.__name__}({done}, {weights}), weights is {given}",
                "the list as it was: the next call needs it, too",
                "Don't change `weights`: read it.",
            )
