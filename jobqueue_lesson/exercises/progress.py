"""Checks for page 9."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from ..simulation import Simulation
from .check import exercise, expect


async def my_import(rows, progress, clock, seconds=0.5):  # type: ignore[no-untyped-def]
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        progress(done / rows)  # far too often


AT_THE_END = "The last row is special: report after it, no matter when the last report was."


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
    """Import rows of 2 ms each, and report at most once every `seconds` seconds, and always at the end."""
    for rows, seconds in ((5000, 0.5), (5000, 2.0), (100, 0.5), (1, 0.5), (1234, 0.1)):
        sim, reports = Simulation(), []  # type: ignore[var-annotated]

        def report(fraction: float, reports: list[Any] = reports, sim: Simulation = sim) -> None:
            reports.append((sim.time(), fraction))

        what = f"{rows} rows, seconds={seconds:g}"

        async def for_an_hour(work: Any) -> bool:
            importing = asyncio.ensure_future(work)
            done, _ = await asyncio.wait([importing], timeout=3600)
            return bool(done) and importing.result() is None

        work = answer(rows, report, sim.time, seconds)
        in_time = sim.run(for_an_hour(work))
        expect(in_time, f"{what}: not done after an hour", f"{0.002 * rows:g} s: each row takes 2 ms")
        took = sim.time()
        expect(took > 0.0019 * rows, f"{what}: done after {took:.3g} s", f"{0.002 * rows:g} s: each row takes 2 ms")
        expect(reports, f"{what}: no report at all", "one at the end, whatever happens", AT_THE_END)
        shares = [fraction for _, fraction in reports]
        expect(all(0 <= share <= 1 for share in shares), f"{what}: a report of {max(shares):g}", "from 0 to 1")
        expect(shares == sorted(shares), f"{what}: progress goes back", "never less than before")
        most = int(took / seconds) + 2
        expect(
            len(reports) <= most,
            f"{what}: {len(reports)} reports",
            f"at most {most}: one every {seconds:g} s, and one at the end",
        )
        expect(
            shares[-1] == 1, f"{what}: the last report is {shares[-1]:g}", "1, when the last row is done", AT_THE_END
        )
        times = [0.0, *(at for at, _ in reports)]
        silent = max(later - earlier for earlier, later in pairwise(times))
        expect(silent < seconds + 0.1, f"{what}: silent for {silent:.3g} s", f"about {seconds:g} s at most")
        wrong = [share for at, share in reports if abs(share - at / took) > 0.05]
        expect(not wrong, f"{what}: a report of {wrong[:1]} at the wrong time", "the share of rows that are done")


def my_fraction(steps_done, weights):  # type: ignore[no-untyped-def]
    return steps_done / len(weights)


@exercise(
    "09_progress",
    "steps of different length",
    stub=my_fraction,
    hints=[
        "One step of three is done. Has a third of the *time* passed?",
        "The weights say how many seconds each step takes. How many seconds have passed, out of how many?",
        "sum(weights[:steps_done]) / sum(weights)",
    ],
)
def check_fraction(answer: Any) -> None:
    """Return how far a job is after some of its steps, if step n takes weights[n] seconds."""
    for weights in ([1, 1], [1, 7, 2], [60, 1], [0.5, 0.25, 0.25], [3], list(range(1, 30))):
        shown = []
        for done in range(len(weights) + 1):
            seen = answer(done, list(weights))
            right = sum(weights[:done]) / sum(weights)
            call = f"{answer.__name__}({done}, {weights}) gives {seen!r}"
            expect(isinstance(seen, (int, float)), call, "a fraction from 0 to 1")
            expect(0 <= seen <= 1, call, "a fraction from 0 to 1")
            expect(
                abs(seen - right) < 1e-6,
                call,
                f"{right:.4g}: {sum(weights[:done]):g} s of {sum(weights):g} s have passed",
            )
            shown.append(seen)
        expect(shown[-1] == 1, f"at the end of {weights} it is {shown[-1]!r}", "1")
