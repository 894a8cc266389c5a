"""Exploring a scenario finds the run that breaks it, always the same one, and all that it takes to understand it."""

import asyncio
import logging
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import hypothesis.internal.conjecture.providers as providers
import pytest

from jobqueue_lesson import JobQueue, Worker
from jobqueue_lesson import explore as module
from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.explore import NothingFound, explore, run_once
from jobqueue_lesson.faults import ClockJump, Crash, FullDisk, LostAnswer, Pause
from jobqueue_lesson.show.replay import Replay
from jobqueue_lesson.world import World
from tests.support.scenarios import in_order, once, repaired, two_workers

FOUND = """\
Broken: Nobody gets an e-mail twice: alice got 2

 0 ms       mails: ['alice']
 0 ms       enqueue('send-email', {'to': 'alice'}) → job 1
 0 ms  ann  dequeue() → job 1, attempt 1
 0 ms  ann  crashes in send_email, at: await asyncio.sleep(0.1)
  1 s  ann  starts again
  5 s  ben  dequeue() → job 1, attempt 2
5.1 s  ben  complete(1, None, attempt=2) → completed

     █ processing  x failed attempt  ✓ completed
ann  #1█████████████████████████████████████████████████████x   1 attempt
ben                                                        ██✓  1 attempt
     0 ms                                               5.1 s"""


@pytest.mark.slow
def test_the_smallest_run_that_breaks_page_13_is_the_same_for_every_seed():
    texts = {str(explore(two_workers, invariants=[once], faults=[Crash()], seed=seed)) for seed in range(20)}
    assert texts == {FOUND}


def test_a_finding_has_all_that_it_takes_to_look_at_it_and_to_have_it_again():
    found = explore(two_workers, invariants=[once], seed=7)
    assert found
    assert (found.seed, found.broken) == (7, "Nobody gets an e-mail twice: alice got 2")
    assert found.world.mails == ["alice", "alice"]
    assert isinstance(found.error, AssertionError)
    assert [event.move.value for event in found.history.events] == [
        "enqueue",
        "dequeue",
        "retry",
        "dequeue",
        "complete",
    ]
    assert "Nobody" not in Replay(found.history).record  # it plays
    assert len(found.surprises) == 1
    again = run_once(two_workers, found.surprises, invariants=[once])
    assert str(again) == str(found) == repr(found)
    assert again.seed is None
    assert not run_once(repaired, found.surprises, invariants=[once])


@pytest.mark.slow
def test_after_the_repair_nothing_is_found():
    before = time.process_time()
    nothing = explore(repaired, invariants=[once])
    assert time.process_time() - before < 10  # seconds for 1,000 runs, as page 13 promises
    assert str(nothing) == repr(nothing) == "1,000 runs, nothing found"
    assert not nothing
    assert nothing.runs == 1000
    assert str(NothingFound(1)) == "1 run, nothing found"


# --- the same everywhere ---


def tried(monkeypatch, constants):
    """Return all that a search tries if the modules that are loaded have these constants."""
    monkeypatch.setattr(providers, "_get_local_constants", lambda: constants)
    providers.CONSTANTS_CACHE.cache.clear()
    seen = []
    monkeypatch.setattr(module._Rules, "run", lambda self, surprises, **_: seen.append(list(surprises)) or plain)
    explore(repaired, faults=[Crash(), Pause(), LostAnswer(), ClockJump(), FullDisk()], runs=300)
    return seen


plain = World()
plain.trouble.places.update(step=300, call=120, answer=120, choice=2, order=200)
plain.most_options = 5


def test_what_is_tried_does_not_depend_on_how_the_package_is_installed(monkeypatch):
    some, none = providers.Constants(), providers.Constants()
    for number in [*range(100, 700), *range(-700, -100)]:  # what Hypothesis takes from modules
        some.add(number)
    with_source, without = tried(monkeypatch, some), tried(monkeypatch, none)
    assert with_source == without
    assert len(without) == 300
    assert any(surprise.at > 300 for surprises in without for surprise in surprises)


def test_a_search_leaves_no_folder_behind(tmp_path):
    code = "from tests.support.scenarios import *; from jobqueue_lesson.explore import explore; "
    code += "print(explore(two_workers, invariants=[once]).broken)"
    root = Path(__file__).parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root), "TMPDIR": str(tmp_path / "tmp")}
    environment.pop("HYPOTHESIS_STORAGE_DIRECTORY", None)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "here").mkdir()
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=tmp_path / "here", env=environment, capture_output=True, text=True)
    assert ran.stdout == "Nobody gets an e-mail twice: alice got 2\n", ran.stderr
    assert ran.stderr == ""
    assert list((tmp_path / "here").iterdir()) == list((tmp_path / "tmp").iterdir()) == []


def test_it_also_works_in_a_running_loop_as_in_a_notebook():
    async def cell():
        found = explore(two_workers, invariants=[once])
        await asyncio.sleep(0)
        return found

    assert str(asyncio.run(cell())) == FOUND


def test_what_runs_print_and_log_is_not_seen_and_random_numbers_are_left_alone(capsys, caplog):
    async def scenario(world):
        print("hello")
        logging.getLogger("jobqueue_lesson").error("hello")
        world.numbers = random.random()
        await asyncio.sleep(random.random())
        assert world.choose("how many", 1, 2) == 1

    random.seed(1)
    expected = random.random()
    random.seed(1)
    found = explore(scenario)
    assert random.random() == expected
    assert capsys.readouterr() == ("", "")
    assert not caplog.records
    assert not logging.root.manager.disable
    assert found.world.numbers == run_once(scenario, found.surprises).world.numbers


# --- what is found ---


def test_order_alone_can_be_what_breaks_it():
    texts = {str(explore(in_order, faults=(), seed=seed)) for seed in range(20)}
    assert texts == {'Broken: assert log == ["ann", "ben"]\n\n0 ms  ann  its timer for 1 s goes off after the others'}


def test_a_queue_that_is_given_twice_is_watched_once():
    async def scenario(world):
        queue = world.queue(JobQueue(clock=world.clock))
        assert world.queue(queue) is queue
        queue.enqueue("work")
        assert len(world.histories) == len(world.history.events) == 1

    assert not explore(scenario)


def test_the_smallest_workload_is_the_one_that_is_needed():
    async def scenario(world):
        many = world.choose("jobs", *range(1, 8))
        assert world.choose("of", "a", "b", "c") != "c" or many < 4

    found = explore(scenario)
    assert [line.what for line in found.story] == ["jobs: 4", "of: 'c'"]


def test_it_may_take_two_faults():
    async def scenario(world):
        queue = world.queue(SQLiteQueue(":memory:", clock=world.clock, lease=5, poll=None))

        async def work(data):
            await asyncio.sleep(1)

        async def worker(name):
            await Worker(queue, {"work": work}, name=name).run()

        world.start("ann", worker, "ann")
        queue.enqueue("work", max_attempts=2)
        await world.settled()
        assert queue.stats()["failed"] == 0

    texts = {str(explore(scenario, faults=[Crash()], seed=seed)) for seed in range(2)}
    assert len(texts) == 1
    assert texts.pop().count("crashes") == 2


def test_what_must_always_hold_is_checked_at_every_step():
    async def scenario(world):
        queue = world.queue(JobQueue(clock=world.clock))
        world.sending = set()

        async def send(data):
            world.sending.add(data)
            await asyncio.sleep(1)
            world.sending.discard(data)

        async def worker(name):
            await Worker(queue, {"send": send}, name=name).run()

        world.start("ann", worker, "ann")
        world.start("ben", worker, "ben")
        queue.enqueue("send", "alice")
        queue.enqueue("send", "bob")
        await world.settled()

    def one_at_a_time(world):
        return len(world.sending) <= 1

    assert not explore(scenario, invariants=[one_at_a_time], runs=1)
    found = explore(scenario, always=[one_at_a_time], runs=1)
    assert found.broken == "one at a time"
    assert [event.job_id for event in found.history.events] == [1, 2, 1, 2]  # nothing after that counts


@pytest.mark.parametrize(
    ("answer", "broken"), [(False, "It holds"), ("it does not", "It holds: it does not"), (None, ""), (True, "")]
)
def test_an_invariant_may_answer(answer, broken):
    def holds(world):
        """It holds.

        And more.
        """
        return answer

    async def scenario(world):
        pass

    found = explore(scenario, invariants=[holds])
    assert found.broken == broken if broken else not found


def test_a_job_that_stays_claimed_is_a_run_that_never_ends():
    async def scenario(world):
        queue = world.queue(JobQueue(clock=world.clock))

        async def work(data):
            await asyncio.sleep(1)

        async def worker(name):
            await Worker(queue, {"work": work}, name=name).run()

        world.start("ann", worker, "ann")
        queue.enqueue("work")
        await world.settled()

    assert explore(scenario).broken == "it never ends: job 1 is still processing, claimed by ann"
    assert not explore(scenario, faults=[Pause()], runs=100)


def test_a_run_that_spins_sleeps_forever_or_waits_for_each_other_never_ends():
    async def spins(world):
        while True:
            await asyncio.sleep(0)

    async def sleeps(world):
        while True:
            await asyncio.sleep(10)

    async def waits(world):
        await asyncio.Event().wait()

    async def asks(world):
        queue = world.queue(JobQueue(clock=world.clock))

        async def worker():
            while queue.dequeue() is None:
                pass

        world.start("ann", worker)
        await world.settled()
        await asyncio.sleep(1)

    broken = [explore(scenario).broken for scenario in (spins, sleeps, waits, asks)]
    assert all(words.startswith("it never ends: ") for words in broken)
    assert [
        word in words
        for word, words in zip(
            ("time stands still", "at 310 s, the scenario is still running", "waits > Event.wait", "2,000 steps"),
            broken,
            strict=True,
        )
    ] == [True] * 4


def test_an_exception_that_ends_a_process_in_some_runs_only_is_found():
    async def scenario(world):
        sent = {}

        async def send():
            await asyncio.sleep(1)
            sent["alice"] = True

        async def look():
            await asyncio.sleep(1)
            assert sent["alice"]

        world.start("ann", send)
        world.start("ben", look)
        await asyncio.sleep(2)

    found = explore(scenario, faults=())
    assert found.broken == "ben failed: KeyError: 'alice'"
    assert isinstance(found.error, KeyError)


def test_an_exception_that_asyncio_would_only_log_is_found():
    async def scenario(world):
        async def process():
            world.task = asyncio.create_task(renewing())
            await asyncio.sleep(5)

        async def renewing():
            await asyncio.sleep(1)
            if world.choose("it", "works", "fails") == "fails":
                raise ValueError("no")

        world.start("ann", process)
        await asyncio.sleep(10)

    assert explore(scenario).broken == "a task of ann, which nobody awaits, failed: ValueError: no"


def test_ctrl_c_ends_it(sim):
    runs = iter(range(1000))

    async def scenario(world):
        queue = world.queue(JobQueue(clock=world.clock))

        async def process():
            queue.enqueue("work")
            if next(runs) == 30:
                raise KeyboardInterrupt

        world.start("ann", process)
        await asyncio.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        explore(scenario)
    assert not logging.root.manager.disable
    assert sim.run(asyncio.sleep(1, "it goes on")) == "it goes on"


def test_an_error_of_a_queue_after_a_fault_ends_a_process_which_is_started_again():
    async def scenario(world):
        queue = world.queue(SQLiteQueue(":memory:", clock=world.clock, lease=5, poll=None))

        async def worker(name):
            while True:
                while (job := queue.dequeue(name)) is not None:
                    await asyncio.sleep(1)
                    queue.complete(job.id, attempt=job.attempts)
                await queue.wait()

        world.start("ann", worker, "ann")
        world.start("ben", worker, "ben")
        queue.enqueue("work")
        await world.settled()
        assert world.history.events[-2].attempt == 1

    found = explore(scenario, faults=[Pause(20)], runs=200)
    lost = "LeaseLost: attempt 1 of job #1 has lost its lease: the job is completed, at attempt 2"
    assert [tuple(line) for line in found.story if line.who == "ann"] == [
        (0, "ann", "dequeue('ann') → job 1, attempt 1"),
        (0, "ann", "stands still for 20 s, after dequeue('ann')"),
        (20, "ann", "goes on"),
        (21, "ann", f"complete(1, attempt=1) → {lost}"),
        (21, "ann", f"ends with {lost}"),
        (22, "ann", "starts again"),
    ]
