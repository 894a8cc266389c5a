"""What test_pyodide.py runs in Pyodide, and, to compare, in this Python."""

import ast
import asyncio
import contextlib
import inspect
import io
import json
import linecache
import logging
import random
import time
import traceback

from jobqueue_lesson import History, JobQueue, Simulation, Worker, text_timeline


def timelines():
    """Run workers with retries and delays in simulated time, plainly and in an order; return what is told of it."""
    return [told for order in (None, random.Random(7)) for told in timelines_of(Simulation(order=order))]


def timelines_of(sim):
    queue = JobQueue("tasks", clock=sim.time)
    history = History(queue)

    async def send_email(data):
        await asyncio.sleep(0.3)
        if sim.time() < 5:
            raise ConnectionError("the mail server is away")
        return {"at": sim.time()}

    async def resize_image(data):
        await asyncio.gather(asyncio.sleep(1.25), asyncio.sleep(data))

    for n in range(4):
        queue.enqueue("send-email", max_attempts=n + 1)
        queue.enqueue("resize-image", n / 2, priority=n, delay=n)
    workers = [
        Worker(queue, {"send-email": send_email, "resize-image": resize_image}, name=name) for name in ("ann", "ben")
    ]

    async def both():
        await asyncio.gather(*(worker.drain() for worker in workers))

    sim.run(both())
    return [text_timeline(history), text_timeline(history, rows="workers"), repr(sim.time()), repr(queue.stats())]


def found():
    """Explore two workers of whom one may crash, and return what is found: the smallest run, and its story."""
    from jobqueue_lesson.durable import SQLiteQueue
    from jobqueue_lesson.explore import explore
    from jobqueue_lesson.faults import Crash, Pause

    async def two_workers(world):
        queue = world.queue(SQLiteQueue(":memory:", clock=world.clock, lease=5, poll=None))
        mails, sent = [], set()

        async def send_email(data):
            if data in sent:
                return
            mails.append(data)
            await asyncio.sleep(0.1)
            sent.add(data)

        async def worker(name):
            await Worker(queue, {"send-email": send_email}, name=name).run()

        world.start("ann", worker, "ann")
        world.start("ben", worker, "ben")
        queue.enqueue("send-email", "alice")
        await world.settled()
        if len(mails) > 1:
            raise AssertionError(f"mails: {mails}")

    return [str(explore(two_workers, faults=[fault])) for fault in (Crash(), Pause())]


def in_words(value):
    """Say what a notebook would show of a value as text."""
    from IPython.lib.pretty import pretty

    if hasattr(value, "_repr_mimebundle_"):
        bundle = value._repr_mimebundle_()
        bundle = bundle[0] if isinstance(bundle, tuple) else bundle
        if "text/plain" in bundle:
            return bundle["text/plain"]
    return pretty(value)


async def run_page(cells):
    """Run code cells as a notebook does; return for each what it printed, what it showed, and its error."""
    names, told = {"__name__": "__main__"}, []
    for number, source in enumerate(cells, start=1):
        file = f"/tmp/{time.monotonic_ns()}/cell {number}"  # lines are named as in a notebook: "cell 5, line 2"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        tree = compile(source, file, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        printed, shown, error = io.StringIO(), None, ""
        with contextlib.redirect_stdout(printed):
            try:
                for part, mode in ((tree, "exec"), (last and ast.Expression(last.value), "eval")):
                    if part is not None:
                        value = eval(compile(part, file, mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
                        value = await value if inspect.iscoroutine(value) else value
                        shown = None if value is None else in_words(value)
            except BaseException:
                error = traceback.format_exc()
        told.append([printed.getvalue(), shown, error])
        if error:
            break
    return told


def answers():
    """Give checks answers that never end, one that raises, and a right one; return the replies."""
    from jobqueue_lesson.exercises import course_map
    from jobqueue_lesson.exercises.start_here import check_next
    from jobqueue_lesson.exercises.why_background_jobs import check_handler

    def endless(waiting):
        n = 0
        while True:
            n += 1

    async def endless_in_simulated_time(request, to_do):  # the check calls it several times
        while True:
            pass

    def broken(waiting):
        return waiting + "2"

    def right(waiting):
        return max(waiting, key=lambda job: job["priority"])

    replies = [check_handler(endless_in_simulated_time), *map(check_next, (endless, broken, right))]
    return [repr(reply) for reply in (*replies, course_map())]


def verdicts():
    """Judge a queue that keeps the contract, and one that never ends; return what is said of them."""
    from jobqueue_lesson.judge import judge

    class Spins(JobQueue):
        def dequeue(self, worker="worker-1"):
            while not self._ready:
                pass
            return super().dequeue(worker)

    right, endless = (judge(queue, progress=None) for queue in (JobQueue, Spins))
    return [f"{right}, {right.histories} histories", f"{endless.finding.calls[-1]}: {endless.finding.seen}"]


def logged():
    """Have matplotlib say what it says when it looks for fonts, and something else; return what is printed of it."""
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed):
        log = logging.getLogger("matplotlib.font_manager")
        log.warning("Matplotlib is building the font cache; this may take a moment.")
        log.warning("findfont: Font family 'Nowhere' not found.")
    return printed.getvalue()


async def everything(pages):
    """Do all of it in the loop that runs here; return it as JSON."""
    loop = asyncio.get_running_loop()
    told = {
        "loop": type(loop).__name__,
        "timelines": timelines(),
        "same loop after": asyncio.get_running_loop() is loop,
        "sleeps after": await asyncio.sleep(0.001, "slept"),
        "logged": logged(),
        "verdicts": verdicts(),
        "pages": {name: await run_page(cells) for name, cells in pages.items()},
        "found": found(),
        "answers": answers(),  # last: it solves an exercise, and the pages show what is solved
    }
    return json.dumps(told)
