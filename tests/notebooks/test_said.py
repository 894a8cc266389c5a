"""What the pages say in passing, of the course and of other people's software, is so."""

import ast
import asyncio
from types import SimpleNamespace

import httpx
import nbformat
import pytest
from fastapi import BackgroundTasks, FastAPI

from jobqueue_lesson.explore import explore, run_once
from jobqueue_lesson.faults import Crash, Surprise
from jobqueue_lesson.job import Move, Status
from jobqueue_lesson.labs.priorities import starvation
from tools.paths import NOTEBOOKS, ROOT


def cells_of(page):
    return {cell.id: cell for cell in nbformat.read(NOTEBOOKS / f"{page}.ipynb", as_version=4).cells}


def test_servers_and_processes_are_real_on_the_pages_that_the_first_ones_name():
    tagged = {
        int(path.stem[:2])
        for path in NOTEBOOKS.glob("*.ipynb")
        for cell in cells_of(path.stem).values()
        if {"needs-sockets", "needs-processes"} & set(cell.metadata.get("tags", []))
    }
    first, last = min(tagged), max(tagged)
    assert tagged == set(range(first, last + 1))
    words = f"servers and processes of pages {first} to {last}"
    assert words in cells_of("00_start_here")["time-head"].source
    assert words in (ROOT / "README.md").read_text(encoding="utf-8")


def test_three_moves_lead_back_to_pending():
    back = {move for move in Move if move.source and move.target is Status.PENDING}
    assert back == {"retry", "release", "revive"}
    assert "Three moves lead back to pending" in cells_of("02_job_queue")["moves-read"].source


def test_a_background_task_that_raises_takes_the_rest_of_its_answer_with_it():
    app, done = FastAPI(), []

    @app.post("/", status_code=202)
    async def order(tasks: BackgroundTasks):
        tasks.add_task(done.append, 1)
        tasks.add_task(int, "nonsense")
        tasks.add_task(done.append, 3)

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            await client.post("/")

    with pytest.raises(ValueError, match="nonsense"):
        asyncio.run(ask())
    assert done == [1]


# --- page 13, over many seeds ---


@pytest.fixture(scope="module")
def race():
    """Return what page 13 defines."""
    names, cells = {}, cells_of("13_find_the_race")
    for cell_id in ("imports", "handler", "scenario", "demo", "fix", "wrong", "right"):
        tree = ast.parse(cells[cell_id].source)
        tree.body = [node for node in tree.body if not isinstance(node, (ast.Assign, ast.Expr))]
        exec(compile(tree, cell_id, "exec"), names)
    return SimpleNamespace(**names)


@pytest.mark.parametrize("seed", range(8))
def test_each_seed_finds_the_same_race(race, seed):
    twice = explore(race.shop(race.send_email), invariants=[race.nobody_gets_two], faults=[Crash()], seed=seed)
    assert [surprise.at for surprise in twice.surprises] == [8]
    both = [race.nobody_gets_two, race.alice_gets_hers]
    never = explore(race.shop(race.record_first), invariants=both, faults=[Crash()], seed=seed)
    assert [surprise.at for surprise in never.surprises] == [6]
    assert not explore(race.shop(race.record_first), invariants=both[:1], faults=[Crash()], seed=seed, runs=50)


def test_with_a_key_every_single_crash_is_harmless_and_three_make_a_dead_letter(race):
    both = [race.nobody_gets_two, race.alice_gets_hers]
    scenario = race.shop(race.send_with_key)
    assert not any(run_once(scenario, [Surprise(Crash(), step)], invariants=both) for step in range(30))
    three = run_once(scenario, [Surprise(Crash(), step) for step in (2, 11, 20)], invariants=both)  # after each claim
    assert three.broken == "Alice gets her e-mail"
    assert three.history.events[-1].status is Status.FAILED


# --- page 5, over many seeds ---


def left_over(urgent_per_second, seeds=40):
    return [starvation(urgent_per_second=urgent_per_second, seed=seed).unserved for seed in range(seeds)]


def test_with_five_or_six_urgent_jobs_all_normal_ones_get_a_turn_but_one_or_two_at_the_very_end():
    for urgent in (5, 6):
        left = left_over(urgent)
        assert max(left) <= 2
        assert 0 < sum(left) < 40
    # What is left over is not starved: it has just come. Half a second more, and it has had its turn.
    assert max(left_over(5, seeds=10)) == 1
    assert [starvation(urgent_per_second=5, seconds=60.9, seed=seed).unserved for seed in range(10)] == [0] * 10


def test_at_seven_and_eight_there_is_room_and_at_nine_there_is_none():
    means = [sum(left := left_over(urgent, seeds=20)) / len(left) for urgent in (6, 7, 8, 9)]
    assert means == sorted(means)
    assert means[2] < 4 < means[3]


def test_the_seed_of_the_page_is_near_the_average_of_many():
    left = left_over(9.5)
    assert starvation().unserved == 30
    assert abs(sum(left) / 40 - 30) < 5
    assert f"one leaves a single job and another leaves {max(left)}" in (
        cells_of("05_priorities")["play-plain-read"].source
    )
    assert min(left) == 1
