import asyncio
import random

import matplotlib
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import PathCollection, PolyCollection

from jobqueue_lesson import History, JobQueue, plot_timeline, text_timeline
from jobqueue_lesson.show.style import LOOKS
from tests.support.histories import nap, record


@pytest.fixture
def two_naps():
    return record(("nap", 0.010, {}), ("nap", 0.030, {}))


@pytest.fixture
def trouble():
    """One job that fails twice, for good; one that is delayed; two that are long; and two workers."""

    async def explode(_):
        await asyncio.sleep(1)
        raise OSError("x")

    jobs = [("explode", None, {"max_attempts": 2}), ("nap", 2, {"delay": 2}), ("nap", 3, {}), ("nap", 9, {})]
    return record(*jobs, workers=2, handlers={"explode": explode, "nap": nap}, until=12)


def test_the_text_of_two_jobs_to_the_letter(two_naps):
    assert text_timeline(two_naps, width=20) == (
        "        · waiting  █ processing  ✓ completed\n"
        "#1 nap  █████✓                 completed\n"
        "#2 nap  ·····███████████████✓  completed\n"
        "        0 ms           40 ms"
    )


def test_the_text_of_a_worker_names_the_jobs(two_naps):
    assert text_timeline(two_naps, rows="workers", width=20) == (
        "          █ processing  ✓ completed\n"
        "worker-1  #1███#2█████████████✓  2 attempts\n"
        "          0 ms           40 ms"
    )


def test_the_text_shows_every_phase_and_every_attempt(trouble):
    assert text_timeline(trouble, width=24) == (
        "            : delayed  · waiting  ~ backing off  █ processing  x failed attempt  ✓ completed  ✗ failed\n"
        "#1 explode  ███x~~~·····███✗           failed, attempt 2\n"
        "#2 nap      ::::···█████✓              completed\n"
        "#3 nap      ████████✓                  completed\n"
        "#4 nap      ··██████████████████████✓  completed\n"
        "            0 ms                10 s"
    )


def test_a_released_job_was_running_until_it_was_released():
    clock = [0.0]
    queue = JobQueue(clock=lambda: clock[0])
    history = History(queue)
    queue.enqueue("nap")
    queue.dequeue()
    clock[0] = 1.0
    queue.release(1)
    clock[0] = 3.0
    axes = plot_timeline(history)
    assert bars(axes) == {"processing": [(0, 1, 0)], "waiting": [(1, 3, 0)]}
    assert marks(axes) == {"released": [[1, 0]]}
    assert "████↩··" in text_timeline(history, width=12)


def test_an_attempt_that_took_no_time_is_seen():
    async def at_once(_):
        return None

    text = text_timeline(record(("a", None, {}), ("nap", 1, {}), handlers={"a": at_once, "nap": nap}), width=20)
    assert "#1 a    █✓" in text


def test_nothing_recorded_says_so():
    assert text_timeline(History()) == "nothing has been recorded yet"
    axes = plot_timeline(History())
    assert [text.get_text() for text in axes.texts] == ["nothing has been recorded yet"]


def test_a_job_that_has_only_just_come_has_a_row():
    history = record(("nap", 1, {}), until=0)
    queue = JobQueue(clock=lambda: 5.0)
    history = History(queue)
    queue.enqueue("a")
    assert "#1 a" in text_timeline(history)
    assert "waiting" in text_timeline(history)
    plot_timeline(history)


def bars(axes):
    """Return the bars of each look: (left, right, row)."""
    return {
        c.get_label(): [
            (round(p.vertices[:, 0].min(), 6), round(p.vertices[:, 0].max(), 6), round(p.vertices[:, 1].mean()))
            for p in c.get_paths()
        ]
        for c in axes.collections
        if isinstance(c, PolyCollection)
    }


def marks(axes):
    return {c.get_label(): c.get_offsets().tolist() for c in axes.collections if isinstance(c, PathCollection)}


def test_the_plot_has_a_bar_for_each_span_and_a_mark_for_each_end(two_naps):
    axes = plot_timeline(two_naps)
    assert bars(axes) == {"waiting": [(0, 10, 1)], "processing": [(0, 10, 0), (10, 40, 1)]}
    assert marks(axes) == {"completed": [[10, 0], [40, 1]]}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["#1 nap", "#2 nap"]
    assert axes.get_xlabel() == "time in ms · one row is one job"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["waiting", "processing", "completed"]


def test_the_plot_shows_every_phase_and_every_attempt(trouble):
    axes = plot_timeline(trouble)
    assert set(bars(axes)) == {"delayed", "waiting", "backing off", "processing", "failed attempt"}
    assert bars(axes)["failed attempt"] == [(0, 1, 0), (5, 6, 0)]
    assert bars(axes)["backing off"] == [(1, 3, 0)]
    assert bars(axes)["delayed"] == [(0, 2, 1)]
    assert marks(axes)["failed"] == [[6, 0]]
    assert axes.get_xlabel() == "time in s · one row is one job"


def test_the_plot_of_workers_has_a_row_for_each_worker():
    axes = plot_timeline(record(*[("nap", 1, {})] * 4, workers=2), rows="workers")
    assert bars(axes) == {"processing": [(0, 1, 0), (0, 1, 1), (1, 2, 0), (1, 2, 1)]}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["worker-1", "worker-2"]
    assert axes.get_xlabel() == "time in s · one row is one worker"
    assert [text.get_text() for text in axes.texts] == ["#1", "#2", "#3", "#4"]


def test_every_bar_that_could_be_confused_has_a_hatch_and_the_plot_uses_it(trouble):
    axes = plot_timeline(trouble)
    for collection in axes.collections:
        if isinstance(collection, PolyCollection):
            assert (collection.get_hatch() or "") == LOOKS[collection.get_label()].hatch


def test_it_draws_where_it_is_told(two_naps):
    _, axes = plt.subplots()
    assert plot_timeline(two_naps, ax=axes) is axes
    assert plt.get_fignums() == [1]


def test_the_figure_grows_with_the_rows_and_leaves_the_style_alone(two_naps):
    before = dict(matplotlib.rcParams)
    small = plot_timeline(two_naps).figure.get_size_inches()
    large = plot_timeline(record(*[("nap", 1, {})] * 12)).figure.get_size_inches()
    assert small[0] == large[0] == 9
    assert small[1] < large[1] <= 9
    assert dict(matplotlib.rcParams) == before


@pytest.fixture(scope="module")
def many():
    draw = random.Random(1)
    return record(*[("nap", draw.expovariate(1), {"delay": draw.uniform(0, 3000)}) for _ in range(10_000)], workers=4)


@pytest.mark.slow
def test_ten_thousand_jobs_are_counted_exactly_and_the_plot_says_so(many):
    axes = plot_timeline(many)
    assert axes.get_ylabel() == "jobs"
    assert axes.get_title(loc="left") == (
        "10,000 jobs, too many for a row each: a band's height is how many jobs are in that state"
    )
    bands = {c.get_label(): c for c in axes.collections}
    assert set(bands) == {"completed", "processing", "delayed", "waiting"}
    times = [many.start + (many.end - many.start) * i / 1199 for i in range(1200)]
    counts = many.count(times)
    bottom = [0] * len(times)
    for band in ("completed", "processing", "delayed", "waiting"):
        top = [b + n for b, n in zip(bottom, counts[band], strict=True)]
        drawn = {(round(x, 4), round(y)) for x, y in bands[band].get_paths()[0].vertices}
        assert {(round(t, 4), y) for t, y in zip(times[1:-1], top[1:-1], strict=True)} <= drawn
        bottom = top
    assert set(bottom) == {10_000}


def test_ten_thousand_jobs_as_text_say_what_a_row_is(many):
    lines = text_timeline(many, width=30).splitlines()
    assert (
        lines[0] == "10,000 jobs, too many for a row each: how many jobs are in each state, each row up to its own peak"
    )
    assert lines[-2].startswith("completed  ")
    assert lines[-2].endswith("█  peak 10,000")
    assert all(len(line.split("  peak")[0]) == 13 + 30 for line in lines[1:-1])


def test_sixty_rows_are_drawn_one_by_one():
    history = record(*[("nap", 1, {})] * 60)
    axes = plot_timeline(history)
    assert len(bars(axes)["processing"]) == 60
    assert len(plot_timeline(history, max_rows=59).get_title(loc="left")) > 0
