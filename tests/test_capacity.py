"""Formulas against published values, and against simulations."""

import asyncio
import inspect
import math
import random
from statistics import fmean

import nbformat
import pytest

from jobqueue_lesson import JobQueue, Simulation, Worker, capacity
from jobqueue_lesson.capacity import (
    QueueOutcome,
    autoscale,
    erlang_b,
    erlang_c,
    fewest_workers,
    mean_in_system,
    mean_wait,
    simulate,
    utilization,
    wait_quantile,
)
from jobqueue_lesson.labs.how_many_workers import QUESTIONS
from tools.paths import NOTEBOOKS

PAGE = NOTEBOOKS / "12_how_many_workers.ipynb"


@pytest.mark.parametrize(
    ("load", "workers", "published"),
    # Erlang B, as in every published table: the load that blocks 1 % of calls on so many lines.
    [(0.0101, 1, 0.01), (0.869, 4, 0.01), (4.46, 10, 0.01), (12.03, 20, 0.01), (84.06, 100, 0.01)],
)
def test_erlang_b_agrees_with_published_tables(load, workers, published):
    assert erlang_b(load, workers) == pytest.approx(published, rel=0.01)


def test_erlang_c_agrees_with_its_closed_forms_and_published_values():
    for load in (0.1, 0.5, 0.9):
        assert erlang_c(load, 1) == pytest.approx(load)  # M/M/1: it waits if the worker is busy
        both = 2 * load
        assert erlang_c(both, 2) == pytest.approx(2 * load**2 / (1 + load))
    assert erlang_c(10, 12) == pytest.approx(0.4494, abs=5e-5)
    assert erlang_c(8, 10) == pytest.approx(0.4092, abs=5e-5)


def test_erlang_c_agrees_with_the_sum_that_defines_it():
    for load, workers in ((3.5, 4), (7.2, 9), (0.3, 2), (18, 20)):
        last = load**workers / math.factorial(workers) * workers / (workers - load)
        whole = sum(load**n / math.factorial(n) for n in range(workers)) + last
        assert erlang_c(load, workers) == pytest.approx(last / whole)


def test_it_does_not_overflow_for_a_fleet():
    assert 0 < erlang_c(9_900, 10_000) < 1


@pytest.mark.parametrize(("arrivals", "workers"), [(0.5, 1), (0.8, 1), (2.0, 4), (3.2, 4), (8.0, 10)])
def test_simulation_and_formula_agree_within_the_confidence_interval(arrivals, workers):
    found = simulate(arrivals, 1.0, workers, jobs=100_000)
    low, high = found.interval()
    assert low <= mean_wait(arrivals, 1.0, workers) <= high
    assert high - low < 0.4 * mean_wait(arrivals, 1.0, workers)
    assert found.busy == pytest.approx(utilization(arrivals, 1.0, workers), rel=0.02)
    assert found.quantile(0.95) == pytest.approx(wait_quantile(arrivals, 1.0, workers), rel=0.12, abs=0.02)


def test_jobs_are_counted_over_time():
    # One from 0 to 4, one from 1 to 2, one from 3 to 4: 1, 2, 1 and 2 of them, for a second each.
    assert QueueOutcome([0, 0, 0], 0.5, 4, arrived=[0, 1, 3], done=[4, 2, 4]).mean_in_system() == 1.5


def test_the_count_is_what_somebody_sees_who_looks_again_and_again():
    found = simulate(6, 0.5, 4, jobs=500)
    looks = [n * found.seconds / 2_000 for n in range(2_000)]
    stays = [*zip(found.arrived, found.done, strict=True)]
    seen = [sum(came <= look < done for came, done in stays) for look in looks]
    assert found.mean_in_system() == pytest.approx(fmean(seen), rel=0.01)


def test_the_record_of_comings_and_goings_is_that_of_the_waits():
    found = simulate(6, 0.5, 4, jobs=1_000)
    works = [done - came - wait for came, done, wait in zip(found.arrived, found.done, found.waits, strict=True)]
    assert min(works) > 0
    assert fmean(works) == pytest.approx(0.5, rel=0.1)
    assert max(found.done) == found.seconds


@pytest.mark.parametrize(("arrivals", "service", "workers"), [(3.0, 1.0, 4), (6, 0.5, 4), (0.8, 1.0, 1)])
def test_littles_law_holds_in_the_simulation(arrivals, service, workers):
    found = simulate(arrivals, service, workers)
    stay = fmean(done - came for came, done in zip(found.arrived, found.done, strict=True))
    assert found.mean_in_system() == pytest.approx(len(found.arrived) / found.seconds * stay)
    assert found.mean_in_system() == pytest.approx(mean_in_system(arrivals, service, workers), rel=0.05)


def test_the_bare_simulation_does_what_the_queue_and_the_worker_do():
    rng, sim = random.Random(12), Simulation()
    queue = JobQueue(clock=sim.time)

    async def handler(work):
        await asyncio.sleep(work)

    async def come():
        for _ in range(500):
            await asyncio.sleep(rng.expovariate(3.0))
            queue.enqueue("job", rng.expovariate(1.0))
        await queue.join()

    sim.create_task(Worker(queue, {"job": handler}, concurrency=4).run())
    sim.run(come())
    waits = [job.started_at - job.created_at for job in map(queue.get, range(1, 501))]
    assert waits == pytest.approx(simulate(3.0, 1.0, 4, jobs=500, seed=12).waits, abs=1e-6)


def test_too_few_workers_never_catch_up():
    assert mean_wait(4, 1, 4) == wait_quantile(4, 1, 4) == math.inf
    assert erlang_c(5, 4) == 1
    assert utilization(5, 1, 4) == 1.25


def test_the_fewest_workers_meet_the_target_and_one_fewer_does_not():
    for arrivals, service, target in ((6, 0.5, 0.5), (1, 0.1, 0.01), (20, 1, 0.2), (0.1, 1, 100)):
        workers = fewest_workers(arrivals, service, target)
        assert wait_quantile(arrivals, service, workers) <= target
        if workers > 1:
            assert wait_quantile(arrivals, service, workers - 1) > target


def line_of(found):
    """Return how many jobs wait in a simulated line on average, and how many leave it in a second while it is there."""
    begun = [came + wait for came, wait in zip(found.arrived, found.waits, strict=True)]
    changes = sorted([(second, 1) for second in found.arrived] + [(second, -1) for second in begun])
    waiting, since, weighed, there = 0, 0.0, 0.0, 0.0
    for second, change in changes:
        weighed += waiting * (second - since)
        there += (second - since) * (waiting > 0)
        waiting, since = waiting + change, second
    return weighed / found.seconds, sum(wait > 0 for wait in found.waits) / there


def test_one_line_for_ten_moves_twice_as_fast_as_one_for_five_and_is_no_longer():
    one, other = simulate(8, 1, 10), simulate(4, 1, 5)
    (short, fast), (long, slow) = line_of(one), line_of(other)
    assert fast / slow == pytest.approx(10 / 5, rel=0.01)
    reasons = " ".join(option.reason for option in QUESTIONS["pooled"].options)
    assert f"{8 * mean_wait(8, 1, 10):.1f} jobs wait in it, against {4 * mean_wait(4, 1, 5):.1f} in each" in reasons
    assert short < long
    assert short == pytest.approx(8 * mean_wait(8, 1, 10), rel=0.05)  # as page 12 prints it
    assert long == pytest.approx(4 * mean_wait(4, 1, 5), rel=0.05)
    assert one.mean < other.mean / 2


def test_the_rules_of_both_signals_are_on_the_page():
    page = nbformat.read(PAGE, as_version=4)
    (rules,) = (cell.source for cell in page.cells if cell.id == "scale-rules")
    for rule in (
        f"one worker for every {capacity.WAITING_PER_WORKER} jobs that are waiting",
        f"over {capacity.TOO_OLD:g} second",
        f"{capacity.QUIET:g} seconds",
        f"at most {inspect.signature(autoscale).parameters['most'].default}",
    ):
        assert rule in rules


def test_depth_misleads_an_autoscaler_and_latency_does_not():
    at_once, slowly, latency = autoscale("depth", quiet=0), autoscale("depth"), autoscale("latency")
    assert len(at_once.waits) == len(slowly.waits) == len(latency.waits)
    assert at_once.p95(600) > 3 * latency.p95(600), "by depth, ten big jobs get one worker"
    assert slowly.mean_team(0, 600) > 3 * latency.mean_team(0, 600), "by depth, 300 tiny jobs get all there are"
    assert max(workers for _, workers in at_once.team + slowly.team + latency.team) <= 12
    assert min(workers for _, workers in at_once.team + slowly.team + latency.team) >= 1


def test_an_autoscaled_team_is_measured_between_two_seconds():
    outcome = autoscale("latency")
    tiny = sorted(wait for came, wait in outcome.waits if came < 600)
    assert outcome.p95(0, 600) == tiny[math.ceil(0.95 * len(tiny)) - 1]
    assert outcome.mean_team(0, 600) == pytest.approx(sum(workers for _, workers in outcome.team[:600]) / 600)
    assert outcome.p95() >= min(outcome.p95(0, 600), outcome.p95(600))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mean_wait(0, 1, 1), "arrivals must be a finite number, above 0, got 0"),
        (lambda: mean_wait(1, -1, 1), "service must be a finite number, above 0, got -1"),
        (lambda: mean_wait(1, 1, 0), "workers must be 1 or more, got 0"),
        (lambda: wait_quantile(1, 1, 2, 95), "share must be below 1, such as 0.95, got 95"),
        (lambda: erlang_c(-1, 2), "load must be"),
        (lambda: simulate(1, 1, 1, jobs=0), "jobs must be 1 or more"),
        (lambda: fewest_workers(1, 1, -1), "target must be"),
    ],
)
def test_what_makes_no_sense_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
