"""Answers to the exercises of page 9."""

import asyncio

RIGHT = {}
WRONG = {}


async def by_the_clock(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - last >= seconds or done == rows:
            last = clock()
            progress(done / rows)


async def by_the_next_time(rows, progress, clock, seconds=0.5):
    following = clock() + seconds
    for done in range(1, rows):
        await asyncio.sleep(0.002)
        if clock() >= following:
            progress(done / rows)
            following = clock() + seconds
    await asyncio.sleep(0.002)
    progress(1)


async def by_the_clock_of_a_simulation(rows, progress, clock, seconds=0.5):
    due = seconds
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() >= due or done == rows:
            progress(done / rows)
            due += seconds


async def makes_up_for_a_pause(rows, progress, clock, seconds=0.5):
    due = clock() + seconds
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() >= due or done == rows:
            progress(done / rows)
            due += seconds


async def every_hundred_rows(rows, progress, clock, seconds=0.5):
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if done % 100 == 0:
            progress(done / rows)


async def without_an_end(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - last >= seconds:
            last = clock()
            progress(done / rows)


async def at_the_end_only(rows, progress, clock, seconds=0.5):
    for _ in range(rows):
        await asyncio.sleep(0.002)
    progress(1)


async def forgets_the_last_time(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - last >= seconds or done == rows:
            progress(done / rows)


async def in_percent(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - last >= seconds or done == rows:
            last = clock()
            progress(100 * done / rows)


async def skips_the_work(rows, progress, clock, seconds=0.5):
    progress(1)


async def sleeps_between_reports(rows, progress, clock, seconds=0.5):
    done = 0
    while done < rows:
        await asyncio.sleep(seconds)
        done += 1
        progress(done / rows)


async def at_once_then_by_the_clock(rows, progress, clock, seconds=0.5):
    last = None
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if last is None or clock() - last >= seconds or done == rows:
            last = clock()
            progress(done / rows)


async def one_row_behind(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(rows):
        await asyncio.sleep(0.002)
        if clock() - last >= seconds:
            last = clock()
            progress(done / rows)
    progress(1)


async def always_half_a_second(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - last >= 0.5 or done == rows:
            last = clock()
            progress(done / rows)


async def a_little_late(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - last >= seconds + 0.09 or done == rows:
            last = clock()
            progress(done / rows)


async def once_in_between(rows, progress, clock, seconds=0.5):
    start, waits = clock(), [seconds / 2]
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - start >= sum(waits) or done == rows:
            progress(done / rows)
            waits.append(seconds / 2 if len(waits) == 1 else seconds)


async def half_the_share(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - last >= seconds or done == rows:
            last = clock()
            progress(done / rows / (1 if done == rows else 2))


async def extra_work(rows, progress, clock, seconds=0.5):
    await by_the_clock(rows, progress, clock, seconds)
    await asyncio.sleep(0.05)


async def on_a_grid(rows, progress, clock, seconds=0.5):
    said = 0
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() // seconds > said or done == rows:
            said = clock() // seconds
            progress(done / rows)


RIGHT["import"] = [by_the_clock, by_the_next_time, at_once_then_by_the_clock, on_a_grid]


async def counts_rows(rows, progress, clock, seconds=0.5):
    every = round(seconds / 0.002)
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if done % every == 0 or done == rows:
            progress(done / rows)


WRONG["import"] = [
    (counts_rows, "Ask clock()"),
    (by_the_clock_of_a_simulation, "After each report, keep its time"),
    (makes_up_for_a_pause, "only one after the long row"),
    (every_hundred_rows, "50 reports"),
    (without_an_end, "The last row is special"),
    (at_the_end_only, "silent for"),
    (forgets_the_last_time, "After each report, keep its time"),
    (in_percent, "After `done` of `rows` rows, report done / rows"),
    (skips_the_work, "Keep `await asyncio.sleep(0.002)`, once per row"),
    (sleeps_between_reports, "done after 2500 s"),
    (one_row_behind, "0.0498 is reported after 0.5 s"),
    (always_half_a_second, "here, 2 s."),
    (a_little_late, "silent for 0.59"),
    (once_in_between, "reports after 0.25 s and 0.5 s"),
    (half_the_share, "0.05: by then, 250 of 5000 rows are done"),
    (extra_work, "done after 10.05 s"),
]


def by_a_loop(steps_done, weights):
    over = 0
    for step in range(steps_done):
        over += weights[step]
    return over / sum(weights)


def eats_the_weights(steps_done, weights):
    whole = sum(weights)
    return sum(weights.pop(0) for _ in range(steps_done)) / whole


def the_example_only(steps_done, weights):
    return {0: 0, 1: 0.1, 2: 0.8}.get(steps_done, 1) if weights == [1, 7, 2] else steps_done / len(weights)


RIGHT["fraction"] = [
    lambda steps_done, weights: sum(weights[:steps_done]) / sum(weights),
    by_a_loop,
    lambda steps_done, weights: round(sum(weights[:steps_done]) / sum(weights), 2),
    lambda steps_done, weights: sum(weight / sum(weights) for weight in weights[:steps_done]),
]
WRONG["fraction"] = [
    (lambda done, weights: round(sum(weights[:done]) / sum(weights), 1), "Do not round that much"),
    (lambda done, weights: round(sum(weights[:done]) / sum(weights)), "Do not round that much"),
    (lambda steps_done, weights: sum(weights[:steps_done]), "A fraction, not seconds"),
    (lambda steps_done, weights: weights[steps_done] / sum(weights), "gives 0.1"),
    (lambda steps_done, weights: sum(weights[: steps_done + 1]) / sum(weights), "That is one step too many"),
    (lambda steps_done, weights: sum(weights[steps_done:]) / sum(weights), "gives 1.0"),
    (lambda steps_done, weights: 100 * sum(weights[:steps_done]) / sum(weights), "or per cent"),
    (
        lambda steps_done, weights: min(0.99, sum(weights[:steps_done]) / sum(weights)),
        "When all steps are done, it is 1.",
    ),
    (lambda steps_done, weights: sum(weights[:steps_done]) / 10, "gives 0.1"),
    (eats_the_weights, "Don't change `weights`"),
    (the_example_only, "s have passed"),
    (lambda steps_done, weights: sum(weights[:steps_done]) // sum(weights), "gives 0"),
]
