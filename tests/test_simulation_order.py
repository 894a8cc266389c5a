"""A simulation with an order: what asyncio leaves open is drawn, and nothing else."""

import asyncio
import itertools
import math
import random

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from jobqueue_lesson import JobQueue, Simulation, Worker
from jobqueue_lesson.simulation import EndlessWait


class Numbers:
    """Gives these numbers, then zeros, and counts how many were drawn."""

    def __init__(self, *numbers):
        self.numbers = iter(numbers)
        self.drawn = 0

    def random(self):
        self.drawn += 1
        return next(self.numbers, 0.0)


SEEDS = range(100)
LATE = 0.99  # the latest: a sleep that draws it lasts a millisecond longer


def simulations():
    return (Simulation(order=random.Random(seed)) for seed in SEEDS)


# --- the same numbers, the same run ---


def trace(sim):
    """Say who did what when, in a program with all kinds of timers."""
    lines, mails, opened = [], asyncio.Queue(), asyncio.Event()

    def say(who, what):
        lines.append(f"{sim.time():.4f} {who} {what}")

    async def write(who, pause):
        for number in (1, 2):
            await asyncio.sleep(pause)
            mails.put_nowait(f"{who}'s mail {number}")
            say(who, "writes")

    async def read(who):
        await opened.wait()
        while True:
            try:
                async with asyncio.timeout(0.2):
                    say(who, "reads " + await mails.get())
            except TimeoutError:
                return say(who, "goes home")

    sim.call_later(0.3, opened.set)
    sim.call_at(0.3, say, "the clock", "strikes")
    people = [write("ann", 0.1), write("ben", 0.1), write("eve", 0.2), read("joe"), read("kim")]
    sim.run(asyncio.wait([sim.create_task(person) for person in people]))
    return lines


def test_the_same_seed_makes_the_same_run_on_every_python():
    assert trace(Simulation(order=random.Random(7))) == [
        "0.1000 ben writes",
        "0.1000 ann writes",
        "0.2000 ben writes",
        "0.2001 ann writes",
        "0.2004 eve writes",
        "0.3000 the clock strikes",
        "0.3000 joe reads ben's mail 1",
        "0.3000 joe reads ann's mail 1",
        "0.3000 joe reads ben's mail 2",
        "0.3000 joe reads ann's mail 2",
        "0.3000 joe reads eve's mail 1",
        "0.4005 eve writes",
        "0.4005 joe reads eve's mail 2",
        "0.5000 kim goes home",
        "0.6005 joe goes home",
    ]


def test_another_seed_makes_another_run():
    assert len({tuple(trace(sim)) for sim in simulations()}) > 90


def test_the_numbers_go_on_from_one_run_to_the_next():
    def clocks(seed):
        sim = Simulation(order=random.Random(seed))
        for _ in range(20):
            sim.run(asyncio.sleep(1))
            yield sim.time()

    assert [*clocks(7)] == [*clocks(7)]
    assert len({round(after - before, 4) for before, after in itertools.pairwise(clocks(7))}) > 3


PROGRAMS = st.lists(st.lists(st.sampled_from([0, 1e-9, 0.1, 0.1005, 0.2, 0.3, 1.0, 1e6]), max_size=5), max_size=5)


def sleeps(program, order, start=0.0):
    """Let each of some tasks sleep several times; return who slept from when to when, and how long it had asked for."""
    sim, told = Simulation(start, order=order), []

    async def person(number, pauses):
        for pause in pauses:
            before = sim.time()
            await asyncio.sleep(pause)
            told.append((number, before, pause, sim.time()))

    async def everybody():
        async with asyncio.TaskGroup() as group:
            for number, pauses in enumerate(program):
                group.create_task(person(number, pauses))

    sim.run(everybody())
    return told


@given(PROGRAMS)
def test_zeros_make_the_run_without_an_order(program):
    assert sleeps(program, Numbers()) == sleeps(program, None)


def test_zeros_make_the_run_without_an_order_with_timeouts_and_workers_too():
    assert trace(Simulation(order=Numbers())) == trace(Simulation())
    assert mails_sent(Numbers()) == mails_sent(None)


# --- what is drawn ---


@given(PROGRAMS, st.randoms(), st.sampled_from([0.0, 1_700_000_000.0]))
def test_a_sleep_is_never_shorter_than_asked_and_longer_by_a_millisecond_at_most(program, order, start):
    for _, before, pause, after in sleeps(program, order, start):
        assert before + pause <= after
        assert after - (before + pause) <= 0.001 + math.ulp(after)
        assert pause or after == before


def test_half_of_all_sleeps_end_on_time_and_the_others_at_tenths_of_a_millisecond():
    longer = [round((after - before - 1) * 10_000, 3) for _, before, _, after in sleeps([[1] * 1000], random.Random(7))]
    assert set(longer) == set(range(11))
    assert 450 < longer.count(0) < 550


def test_a_simulation_can_have_another_slack():
    sim = Simulation(order=Numbers(LATE, LATE))
    sim.timer_slack = 0.5
    sim.run(asyncio.sleep(1))
    assert sim.time() == 1.5
    sim.timer_slack = 0
    sim.run(asyncio.sleep(1))
    assert sim.time() == 2.5


@pytest.mark.parametrize("start", ["call_at", "call_later"])
def test_equal_deadlines_run_in_every_order(start):
    seen = set()
    for sim in simulations():
        ran = []
        for name in "abc":
            getattr(sim, start)(1, ran.append, name)
        sim.run(asyncio.sleep(2))
        seen.add("".join(ran))
    assert seen == {"abc", "acb", "bac", "bca", "cab", "cba"}


def test_what_is_set_for_an_instant_runs_at_that_instant_in_one_turn():
    for sim in simulations():
        ran = []

        def note(when, sim=sim, ran=ran):
            ran.append((when, sim.time()))

        for when in (2, 1, 1.0005, 1):
            timer = sim.call_at(when, note, when)
            sim.call_at(1, sim.call_soon, ran.append, "soon")
            assert timer.when() == when
        sim.run(asyncio.sleep(3))
        assert ran == [(1, 1), (1, 1), *["soon"] * 4, (1.0005, 1.0005), (2, 2)]


def test_a_timeout_comes_before_or_after_a_sleep_of_the_same_length():
    seen = set()
    for sim in simulations():
        ran = []

        async def nap(ran=ran):
            await asyncio.sleep(1)
            ran.append("slept")

        async def wait(ran=ran):
            try:
                async with asyncio.timeout(1):
                    await asyncio.Event().wait()
            except TimeoutError:
                ran.append("timeout")

        async def main(nap=nap, wait=wait):
            await asyncio.gather(nap(), wait())

        sim.run(main())
        seen.add(tuple(ran))
    assert seen == {("slept", "timeout"), ("timeout", "slept")}


# --- what is not ---


def test_call_soon_and_what_it_wakes_stay_first_come_first_served():
    for sim in simulations():
        ran, future, queue, lock = [], sim.create_future(), asyncio.Queue(), asyncio.Lock()

        async def getter(number, ran=ran, queue=queue):
            ran.append(("got", number, await queue.get()))

        async def holder(number, ran=ran, lock=lock):
            async with lock:
                await asyncio.sleep(1)
                ran.append(("held", number))

        async def main(sim=sim, ran=ran, future=future, queue=queue, getter=getter, holder=holder):
            for number in range(5):
                sim.call_soon(ran.append, ("soon", number))
                sim.call_later(0, ran.append, ("no delay", number))
                sim.call_at(sim.time() - number, ran.append, ("past", number))
                future.add_done_callback(lambda _, number=number: ran.append(("done", number)))
                sim.create_task(getter(number))
                sim.create_task(holder(number))
            future.set_result(None)
            await asyncio.sleep(0)
            for number in range(5):
                queue.put_nowait(number)
            await asyncio.sleep(10)

        sim.run(main())
        for kind in ("soon", "no delay", "past", "done", "held"):
            assert [n for name, n, *_ in ran if name == kind] == [*range(5)], kind
        assert [entry[1:] for entry in ran if entry[0] == "got"] == [(n, n) for n in range(5)]


def test_a_run_without_timers_draws_nothing():
    order = Numbers()
    sim = Simulation(order=order)

    async def main():
        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(asyncio.sleep(0))
        await asyncio.to_thread(sim.time)

    sim.run(main())
    assert order.drawn == 0


def test_a_timer_draws_when_it_comes_due_and_not_at_all_if_it_was_cancelled_before():
    order = Numbers()
    sim = Simulation(order=order)
    timers = [sim.call_later(1, print) for _ in range(5)] + [sim.call_at(1, print) for _ in range(5)]
    sim.run(asyncio.sleep(0.5))
    assert order.drawn == 1
    for timer in timers:
        timer.cancel()
    sim.run(asyncio.sleep(1))
    assert order.drawn == 2


def test_a_timer_that_is_late_can_be_cancelled_and_then_does_not_move_the_clock():
    sim = Simulation(order=Numbers(LATE))
    ran = []
    late = sim.call_later(1, ran.append, "late")
    sim.call_at(1, lambda: late.cancel())
    sim.run(asyncio.sleep(1))
    with pytest.raises(EndlessWait, match="at t=1 s"):
        sim.run(asyncio.Event().wait())
    assert ran == []


def test_a_timer_set_while_another_is_late_can_come_first():
    sim = Simulation(order=Numbers(LATE))
    ran = []
    sim.call_later(1, ran.append, "late")
    sim.call_at(1, sim.call_later, 0.0005, ran.append, "early")
    sim.run(asyncio.sleep(2))
    assert ran == ["early", "late"]


def test_a_sleep_without_end_is_an_endless_wait():
    sim = Simulation(order=Numbers(LATE, LATE))
    with pytest.raises(EndlessWait):
        sim.run(asyncio.sleep(math.inf))
    assert sim.time() == 0
    sim.run(asyncio.sleep(1))
    assert sim.time() == 1.001


@pytest.mark.parametrize("pause", [1e-300, 1e15, 1e17, 1e300])
def test_tiny_and_huge_sleeps(pause):
    for order in (Numbers(), Numbers(LATE)):
        sim = Simulation(order=order)
        sim.run(asyncio.sleep(pause))
        assert pause <= sim.time() <= max(pause + 0.001, math.nextafter(pause, math.inf))


# --- a race ---


def mails_sent(order):
    """Enqueue a mail twice, for two workers with a handler that looks first whether it is sent; return what is sent."""
    sim = Simulation(order=order)
    queue, outbox = JobQueue("tasks", clock=sim.time), []

    async def send_email(data):
        if data["to"] not in outbox:
            await asyncio.sleep(0.2)  # the mail server
            outbox.append(data["to"])

    queue.enqueue("send-email", {"to": "carol"})
    queue.enqueue("send-email", {"to": "carol"}, delay=0.2)
    workers = [Worker(queue, {"send-email": send_email}, name=name) for name in ("ann", "ben")]

    async def drain():
        await asyncio.gather(*(worker.drain() for worker in workers))

    sim.run(drain())
    return outbox


def test_a_race_that_the_plain_run_hides_is_found():
    assert mails_sent(None) == ["carol"]
    sent = [mails_sent(random.Random(seed)) for seed in SEEDS]
    assert sent.count(["carol", "carol"]) > 10
    assert sent.count(["carol"]) > 10


def test_hypothesis_shrinks_a_race_to_one_number_that_is_not_zero():
    races = []

    class Recorded:
        def __init__(self, order):
            self.order, self.numbers = order, []

        def random(self):
            self.numbers.append(self.order.random())
            return self.numbers[-1]

    def race(order):
        recorded = Recorded(order)
        if found := mails_sent(recorded) == ["carol", "carol"]:
            races.append(recorded.numbers)
        return found

    find(st.randoms(), race)
    assert len([*filter(None, races[-1])]) == 1


# --- what is no order ---


@pytest.mark.parametrize("order", [7, "random", random.Random, random.random, object(), [0.5], True])
def test_what_is_not_a_random_generator_is_refused(order):
    with pytest.raises(TypeError, match=r"order must be a random generator such as random.Random\(7\), or None, got"):
        Simulation(order=order)


def test_anything_with_random_is_one():
    for order in (random.Random(7), random, random.SystemRandom(), Numbers()):
        Simulation(order=order).run(asyncio.sleep(1))


@pytest.mark.parametrize("number", [None, "0.5", -0.1, 1.1, math.nan])
def test_a_number_that_is_not_from_0_to_1_is_refused(number):
    with pytest.raises((TypeError, ValueError), match=r"^order.random\(\) must be "):
        Simulation(order=Numbers(number)).run(asyncio.sleep(1))


def test_an_error_of_the_generator_ends_the_run_and_is_not_raised_in_a_task():
    class Exhausted(Exception):
        pass

    class Order:
        def random(self):
            raise Exhausted

    caught = []

    async def sleep():
        try:
            await asyncio.sleep(1)
        except BaseException as error:
            caught.append(type(error))
            raise

    with pytest.raises(Exhausted):
        Simulation(order=Order()).run(sleep())
    assert caught == [asyncio.CancelledError]


def test_a_generator_that_fails_once_loses_no_timer():
    class Order(Numbers):
        def random(self):
            if self.drawn == 0:
                self.drawn += 1
                raise OSError("no entropy")
            return super().random()

    sim, ran = Simulation(order=Order()), []
    sim.call_later(1, ran.append, "ran")
    with pytest.raises(OSError, match="no entropy"):
        sim.run(asyncio.sleep(2))
    sim.run(asyncio.sleep(2))
    assert ran == ["ran"]
