"""How soon a lab answers, and how smoothly a replay plays: a real JupyterLab in a real Chromium."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.support.lab import Lab, find_browser, open_browser, running_lab

from .measure import Row

LABS = {
    "rush_lab": "why_background_jobs",
    "life_of_a_job_lab": "job_queue",
    "polling_lab": "worker",
    "retry_storm_lab": "retries",
    "starvation_lab": "priorities",
    "full_queue_lab": "api_pattern",
}
"""The panels, and the module of each."""

INTERACT = """
import io
import ipywidgets
from matplotlib import pyplot as plt
from jobqueue_lesson.labs.retries import draw_storm, retry_storm

@ipywidgets.interact(base=(0.1, 5.0, 0.1))
def panel(base=1.0):
    figure, ax = plt.subplots(figsize=(8.6, 3.3))
    draw_storm(retry_storm(base=base), ax)
    plt.show()
"""

RECORD = """
import asyncio
import random
from jobqueue_lesson import History, JobQueue, Simulation, Worker
from jobqueue_lesson.show.replay import Replay

def record(jobs, workers):
    sim, rng = Simulation(), random.Random(1)
    queue = JobQueue("many", clock=sim.time)
    history = History(queue)

    async def work(data):
        await asyncio.sleep(rng.expovariate(2))
        if rng.random() < 0.2:
            raise TimeoutError("try again")

    for _ in range(jobs):
        queue.enqueue("work")
    sim.run(Worker(queue, {"work": work}, concurrency=workers).drain())
    return history
"""

# Press an arrow key, and wait until another picture has been decoded and a frame drawn; in milliseconds.
ANSWERS = """async ([handle, selector]) => {
    const times = [];
    for (let i = 0; i < 32; i++) {
        const before = document.querySelector(selector).src;
        const start = performance.now();
        const key = i % 4 < 2 ? 'ArrowRight' : 'ArrowLeft';
        handle.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        const gaveUp = start + 2000;
        let img = document.querySelector(selector);
        while ((!img || img.src === before) && performance.now() < gaveUp) {
            await new Promise(requestAnimationFrame);
            img = document.querySelector(selector);
        }
        await img.decode();
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - start);
        await new Promise(resolve => setTimeout(resolve, 60));
    }
    return times.slice(4);
}"""

FRAMES = """() => new Promise(resolve => {
    let frames = 0;
    const start = performance.now();
    const count = now => {
        frames += 1;
        if (now - start < 4000) requestAnimationFrame(count);
        else resolve(1000 * frames / (now - start));
    };
    requestAnimationFrame(count);
})"""

SCRUBS = """async ([slider, canvas]) => {
    const times = [];
    for (let i = 0; i < 40; i++) {
        const start = performance.now();
        slider.value = String((i * 3571) % 10000);
        slider.dispatchEvent(new Event('input'));
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - start);
    }
    return times;
}"""


@contextmanager
def page_of(lab: Lab, name: str, *cells: str) -> Iterator[Page]:
    """Open a notebook of these cells, and run it."""
    lab.write(name, *cells)
    with lab.open(name) as page:
        lab.run_all(page)
        yield page


def answer_ms(lab: Lab, name: str, code: str, picture: str) -> float:
    """Return the median time from a key on the first slider to the new picture, in milliseconds."""
    with page_of(lab, name, code) as page:
        page.locator(picture).first.wait_for()
        handle = page.locator(".noUi-handle").first
        handle.focus()
        page.wait_for_timeout(500)
        times: list[float] = page.evaluate(ANSWERS, [handle.element_handle(), picture])
    return statistics.median(times)


def rows() -> Iterator[Row]:
    """Measure everything of this module."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = find_browser(playwright)
        if path is None:
            yield Row("in the browser", "–", "–", None, 0, note="no Chromium here")
            return
        browser = open_browser(playwright, path)
        with running_lab(Path(folder)) as server:
            lab = Lab(server, browser)
            plain = answer_ms(lab, "interact", INTERACT, ".jp-RenderedImage img")
            each = {}
            for name, module in LABS.items():
                code = f"from jobqueue_lesson.labs.{module} import {name}\n{name}()"
                each[name] = answer_ms(lab, name, code, "img.widget-image")
            slowest = max(each, key=lambda name: each[name])
            said = f"{each[slowest]:.0f} ms ({slowest}; median of all: {statistics.median(each.values()):.0f})"
            peer = f"interact: {plain:.0f} ms"
            yield Row("a lab's slider to the new picture, median, slowest lab", said, peer, each[slowest], 100)

            with page_of(lab, "five-hundred", RECORD, "Replay(record(500, 10))") as page:
                idle: float = page.evaluate(FRAMES)
                page.get_by_role("button", name="Play").click()
                playing: float = page.evaluate(FRAMES)
            ours, peer = f"{playing:.0f} frames/s", f"page at rest: {idle:.0f} frames/s"
            yield Row("replay of 500 jobs, playing", ours, peer, playing, 50, at_least=True)

            with page_of(lab, "five-thousand", RECORD, "Replay(record(5000, 40))") as page:
                parts = [page.locator(f".jq-replay {part}").element_handle() for part in ("input", "canvas.jq-stage")]
                scrub = statistics.median(page.evaluate(SCRUBS, parts))
            yield Row("replay of 5,000 jobs: slider to the new picture", f"{scrub:.0f} ms", "–", scrub, 100)
        browser.close()
