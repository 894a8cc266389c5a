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


RIGHT["import"] = [by_the_clock, by_the_next_time, at_once_then_by_the_clock]
WRONG["import"] = [
    (every_hundred_rows, "50 reports"),
    (without_an_end, "the last report is"),
    (at_the_end_only, "silent for"),
    (forgets_the_last_time, "reports"),
    (in_percent, "from 0 to 1"),
    (skips_the_work, "each row takes 2 ms"),
    (sleeps_between_reports, "not done after an hour"),
]


def by_a_loop(steps_done, weights):
    over = 0
    for step in range(steps_done):
        over += weights[step]
    return over / sum(weights)


RIGHT["fraction"] = [lambda steps_done, weights: sum(weights[:steps_done]) / sum(weights), by_a_loop]
WRONG["fraction"] = [
    (lambda steps_done, weights: sum(weights[:steps_done]), "gives 1"),
    (lambda steps_done, weights: weights[steps_done] / sum(weights), "gives 0.5"),
    (lambda steps_done, weights: sum(weights[: steps_done + 1]) / sum(weights), "gives 0.5"),
    (lambda steps_done, weights: sum(weights[steps_done:]) / sum(weights), "gives 1.0"),
    (lambda steps_done, weights: 100 * sum(weights[:steps_done]) / sum(weights), "gives 50"),
    (lambda steps_done, weights: sum(weights[:steps_done]) // sum(weights), "gives 0"),
]
