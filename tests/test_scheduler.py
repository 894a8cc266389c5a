"""A scheduler in one process: its ticks, its policies, a clock that jumps, the calendar."""

import asyncio
import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobqueue_lesson import JobQueue, Simulation, Worker
from jobqueue_lesson.scheduler import Scheduler, cron, every
from tests.support.waiting import pass_time


class Shop:
    """A queue, a worker whose jobs take a while, and a scheduler, in simulated time."""

    def __init__(self, work=0.0, start=0.0, **options):
        self.sim = Simulation(start)
        self.offset = 0.0
        self.queue = JobQueue(clock=self.clock, **options)
        self.work = work
        self.scheduler = Scheduler(self.queue)
        self.started = []
        self.sim.create_task(Worker(self.queue, {"job": self.handle}, concurrency=2).run())

    def clock(self):
        return self.sim.time() + self.offset

    async def handle(self, data):
        self.started.append(self.clock())
        await asyncio.sleep(self.work)

    def open(self):
        self.running = self.sim.create_task(self.scheduler.run())

    def wait(self, seconds):
        self.sim.run(asyncio.sleep(seconds))

    def keys(self):
        return [job.key for job in map(self.queue.get, range(1, 1000)) if job is not None]


@pytest.mark.parametrize("work", [0.0, 0.3, 0.99])
def test_the_nth_tick_is_at_start_plus_n_intervals_however_long_the_work_takes(work):
    shop = Shop(work, start=5.0)
    shop.scheduler.add("tick", every(1.0, start=5.0), "job")
    shop.open()
    shop.wait(100.5)
    assert shop.started == [5.0 + n for n in range(1, 101)]


@given(
    seconds=st.floats(0.001, 1e6, allow_nan=False),
    start=st.floats(0, 2e9, allow_nan=False),
    share=st.floats(0, 1e4, allow_nan=False),
)
def test_a_grid_has_its_ticks_where_they_belong(seconds, start, share):
    schedule, time = every(seconds, start=start), start + share * seconds
    after, until = schedule.after(time), schedule.until(time)
    number = round((after.at - start) / seconds)
    assert after.at == start + number * seconds
    assert until.at <= time < after.at or number == 1
    assert until.at == start + (number - 1) * seconds or number == 1
    assert after.name != until.name


def test_a_job_that_takes_longer_than_its_interval_never_overlaps():
    for overlap, expected in {
        "skip": [1, 4, 7, 10],
        "queue one": [1, 3.5, 6, 8.5],
        "coalesce": [1, 3.5, 6, 8.5],
    }.items():
        shop = Shop(work=2.5)
        shop.scheduler.add("slow", every(1), "job", overlap=overlap)
        shop.open()
        shop.wait(10.9)
        assert shop.started == expected, overlap
        assert all(b - a >= 2.5 for a, b in itertools.pairwise(shop.started))


def test_queue_one_keeps_the_first_tick_that_was_missed_and_coalesce_the_last():
    names = {}
    for overlap in ("queue one", "coalesce"):
        shop = Shop(work=3.5)
        shop.scheduler.add("slow", every(1), "job", overlap=overlap)
        shop.open()
        shop.wait(5)
        names[overlap] = shop.keys()
    assert names == {"queue one": ["slow@1", "slow@2"], "coalesce": ["slow@1", "slow@4"]}


@pytest.mark.parametrize(("catch_up", "expected"), [("one", [533, 540, 550]), ("none", [540, 550])])
def test_after_a_jump_of_the_clock_there_is_one_catch_up_or_none_and_never_a_burst(catch_up, expected):
    shop = Shop()
    shop.scheduler.add("tick", every(10), "job", catch_up=catch_up)
    shop.open()
    shop.wait(25)
    shop.offset = 503.0  # the scheduler notices when it wakes for second 30
    shop.wait(30)
    assert shop.started == [10, 20, *expected]


def test_a_clock_that_is_set_back_repeats_no_tick_and_stops_nothing():
    shop = Shop(start=1000.0)
    shop.scheduler.add("tick", every(10), "job")
    shop.open()
    shop.wait(35)
    assert shop.started == [1010, 1020, 1030]
    shop.offset = -20.0
    shop.wait(120)
    assert len(shop.keys()) == len(set(shop.keys()))
    assert shop.started[3:] == [1040, 1050, 1060, 1070, 1080, 1090, 1100, 1110, 1120, 1130]


def test_a_timer_that_ends_a_rounding_error_before_a_tick_does_not_make_time_stand_still():
    sim = Simulation()
    sim.callback_limit = 1000
    queue = JobQueue(clock=lambda: max(0.0, sim.time() - 1 / 3))
    scheduler = Scheduler(queue)
    scheduler.add("tick", every(3), "job")
    pass_time(sim, 1.1)
    sim.create_task(scheduler.run())
    pass_time(sim, 20)
    assert queue.stats()["pending"] == 1  # it overlaps


def test_a_clock_that_was_ahead_for_a_while_stops_nothing():
    shop = Shop(start=1000.0)
    shop.scheduler.add("tick", every(10), "job")
    shop.open()
    shop.wait(15)
    shop.offset = 7200.0
    shop.wait(10)
    shop.offset = 0.0
    shop.wait(50)
    assert shop.started == [1010, 8220, 1040, 1050, 1060, 1070]


def test_two_schedulers_make_one_job_per_tick():
    shop = Shop()
    other = Scheduler(shop.queue)
    for scheduler in (shop.scheduler, other):
        scheduler.add("tick", every(1), "job")
    shop.open()
    shop.sim.create_task(other.run())
    shop.wait(10.5)
    assert shop.keys() == [f"tick@{n}" for n in range(1, 11)]


def test_a_scheduler_that_was_frozen_repeats_no_tick_whose_job_was_evicted():
    shop = Shop(keep_finished=0)
    other, its_time = Scheduler(shop.queue), Simulation()
    for scheduler in (shop.scheduler, other):
        scheduler.add("tick", every(10), "job")
    shop.open()
    its_time.create_task(other.run())
    its_time.run(asyncio.sleep(5))
    shop.wait(12)
    its_time.run(asyncio.sleep(6))  # it wakes for its tick at second 10, and the clock shows 12
    assert shop.started == [10]


def test_a_tick_that_a_full_queue_rejects_does_not_stop_the_next(caplog):
    shop = Shop(work=0.0, max_pending=1)
    shop.queue.enqueue("blocker", delay=2.5)
    shop.scheduler.add("tick", every(1), "job")
    shop.open()
    shop.wait(5.5)
    assert shop.started == [3, 4, 5]
    assert "recurring job 'tick' could not be enqueued at 1.0: queue 'jobs' is full" in caplog.text


def test_a_dead_job_does_not_stop_the_schedule():
    shop = Shop()
    shop.scheduler.add("tick", every(1), "no-handler", max_attempts=1)
    shop.open()
    shop.wait(3.5)
    assert shop.queue.stats()["failed"] == 3


def test_it_can_be_stopped_changed_while_it_runs_and_run_again():
    shop = Shop()
    shop.open()
    shop.wait(0.5)
    shop.scheduler.add("a", every(1), "job", priority=5)
    shop.wait(2)
    shop.scheduler.remove("a")
    shop.wait(2)
    assert shop.started == [1.5, 2.5]
    assert shop.queue.get(1).priority == 5
    shop.scheduler.stop()
    shop.wait(0)
    assert shop.running.done()
    assert len(shop.queue._listeners) == 0
    shop.scheduler.add("b", every(1), "job")
    shop.open()
    shop.wait(1.9)
    assert shop.started == [1.5, 2.5, 5.5]


def test_it_runs_once_at_a_time():
    shop = Shop()
    shop.open()
    shop.wait(0)
    with pytest.raises(RuntimeError, match="already running"):
        shop.sim.run(shop.scheduler.run())


def test_a_tick_that_was_rejected_is_retried_before_the_next():
    shop = Shop(max_pending=1)
    shop.scheduler.add("tick", every(300), "job")
    shop.open()
    shop.wait(299)
    shop.queue.enqueue("job", delay=10)
    shop.wait(400)
    assert shop.started == [309, 360, 600]


# --- a job that ends in the moment of a tick ---


@pytest.mark.parametrize("first", ["the tick", "the end"])
@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        ("skip", [("slow@1", 1), ("slow@4", 4)]),
        ("queue one", [("slow@1", 1), ("slow@2", 3)]),
        ("coalesce", [("slow@1", 1), ("slow@3", 3)]),
    ],
)
def test_a_job_that_ends_at_the_very_moment_of_a_tick_was_still_running_at_that_tick(overlap, expected, first):
    sim = Simulation()
    queue = JobQueue(clock=sim.time)
    scheduler = Scheduler(queue)
    scheduler.add("slow", every(1), "job", overlap=overlap)
    sim.create_task(scheduler.run())
    sim.run(asyncio.sleep(1.5))
    queue.dequeue()
    if first == "the tick":
        sim.run(asyncio.sleep(1))  # the scheduler has set its timer for second 3
    sim.call_at(3, queue.complete, 1)
    sim.run(asyncio.sleep(4.5 - sim.time()))
    assert [(job.key, job.created_at) for job in map(queue.get, (1, 2))] == expected


# --- by the calendar ---


def at(text, zone="Europe/Berlin"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def dates(schedule, start, count):
    time, found = start, []
    for _ in range(count):
        tick = schedule.after(time)
        found.append(tick.name)
        time = tick.at
        assert schedule.until(time) == tick
        assert schedule.until(time - 0.5) != tick
    return found


def test_every_monday_at_six():
    monday = cron("0 6 * * MON", zone="Europe/Berlin")
    assert dates(monday, at("2026-11-23 12:00"), 2) == ["2026-11-30T06:00:00+01:00", "2026-12-07T06:00:00+01:00"]


def test_a_tick_in_the_hour_that_summer_time_skips_comes_right_after_it():
    half_past_two = cron("30 2 * * *", zone="Europe/Berlin")
    assert dates(half_past_two, at("2026-03-28 00:00"), 3) == [
        "2026-03-28T02:30:00+01:00",
        "2026-03-29T03:00:00+02:00",
        "2026-03-30T02:30:00+02:00",
    ]


def test_a_tick_in_the_hour_that_comes_twice_comes_once_and_an_interval_continues():
    half_past_two = cron("30 2 * * *", zone="Europe/Berlin")
    assert dates(half_past_two, at("2026-10-25 00:00"), 2) == ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]
    half_hours = dates(cron("*/30 * * * *", zone="Europe/Berlin"), at("2026-10-25 01:45"), 5)
    assert [name[11:] for name in half_hours] == [
        "02:00:00+02:00",
        "02:30:00+02:00",
        "02:00:00+01:00",
        "02:30:00+01:00",
        "03:00:00+01:00",
    ]


def test_a_scheduler_ticks_by_the_calendar():
    start = datetime(2026, 11, 23, 5, 59, tzinfo=UTC).timestamp()
    shop = Shop(start=start)
    shop.scheduler.add("report", cron("0 6 * * *"), "job")
    shop.open()
    shop.wait(86400 + 120)
    assert shop.started == [start + 60, start + 60 + 86400]


# --- bad input ---


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_an_invalid_interval_is_rejected(seconds):
    with pytest.raises(ValueError, match="seconds must be a finite number of seconds, above 0"):
        every(seconds)


@pytest.mark.parametrize("expression", ["", "* * * *", "61 * * * *", "hello", "0 0 30 2 *"])
def test_an_invalid_cron_expression_is_rejected_by_name(expression):
    with pytest.raises(ValueError, match="invalid cron expression "):
        cron(expression)


def test_an_unknown_time_zone_is_rejected_by_name():
    with pytest.raises(ValueError, match="unknown time zone 'Europe/Atlantis'"):
        cron("* * * * *", zone="Europe/Atlantis")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"overlap": "perhaps"}, "overlap must be one of 'skip', 'coalesce', 'queue one', got 'perhaps'"),
        ({"catch_up": "two"}, "catch_up must be one of 'one', 'none', got 'two'"),
        ({"delay": 5}, "a recurring job has no option 'delay'; there are: priority, max_attempts"),
    ],
)
def test_an_unknown_policy_or_option_is_rejected_by_name(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Scheduler(JobQueue()).add("a", every(1), "job", **options)


def test_a_name_can_be_used_only_once():
    scheduler = Scheduler(JobQueue())
    scheduler.add("a", every(1), "job")
    with pytest.raises(ValueError, match="there already is a recurring job 'a'"):
        scheduler.add("a", every(1), "job")
    with pytest.raises(ValueError, match="name must be a string"):
        scheduler.add("", every(1), "job")
    with pytest.raises(KeyError, match="no recurring job 'b'; there are: a"):
        scheduler.remove("b")


def test_a_queue_without_memory_is_rejected():
    with pytest.raises(TypeError, match="queue must have memory"):
        Scheduler(object())
