"""In a real kernel, as JupyterLab talks to it: Run All sends all cells at once, without waiting for their ends."""

import nbformat
import nbval.kernel
import pytest
from jupyter_client.manager import start_new_kernel

SETUP = """
import asyncio
from jobqueue_lesson import Simulation
sim = Simulation()
async def ticks():
    while True:
        await asyncio.sleep(1)
        print("tick", sim.time())
task = sim.create_task(ticks())
"""


@pytest.fixture(scope="module")
def started():
    manager, client = start_new_kernel(kernel_name="python3")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


HOLD = """
import time
from pathlib import Path
while not Path({!r}).exists():
    time.sleep(0.01)
time.sleep(0.2)
"""


@pytest.fixture
def run_all(started, tmp_path):
    """Send all cells at once; return what each has under it, and how it ended."""
    manager, client = started
    client.execute("%reset -f", silent=True, reply=True, timeout=30)

    def send(*cells, interrupt_after=None):
        # On a busy machine, the first cells might end before the last is sent. So the kernel is held until all are.
        all_sent = tmp_path / "all-sent"
        all_sent.unlink(missing_ok=True)
        held = client.execute(HOLD.format(str(all_sent)), silent=True)
        requests = [client.execute(code) for code in cells]
        all_sent.touch()
        assert client.get_shell_msg(timeout=30)["parent_header"]["msg_id"] == held
        under, busy = dict.fromkeys(requests, ""), set(requests)
        while busy:
            message = client.get_iopub_msg(timeout=30)
            request, content = message["parent_header"].get("msg_id"), message["content"]
            if request not in under:
                continue
            if message["msg_type"] == "stream":
                under[request] += content["text"]
                if interrupt_after and interrupt_after in content["text"]:
                    manager.interrupt_kernel()
            elif message["msg_type"] in {"display_data", "execute_result"}:
                under[request] += content["data"]["text/plain"] + "\n"
            elif content.get("execution_state") == "idle":
                busy.remove(request)
        replies = [client.get_shell_msg(timeout=30) for _ in requests]
        assert [reply["parent_header"]["msg_id"] for reply in replies] == requests, "in order, and none twice"
        ended = [reply["content"].get("ename") or reply["content"]["status"] for reply in replies]
        return list(zip(under.values(), ended, strict=True))

    return send


def test_prints_land_where_they_belong_time_is_kept_and_interrupt_stops_it(run_all):
    endless = "async def endless():\n    print('on', flush=True)\n    while True: await asyncio.sleep(1)\n"
    assert run_all(SETUP) == [("", "ok")]
    assert run_all("sim.run(asyncio.sleep(1.5))") == [("tick 1.0\n", "ok")]
    assert run_all("sim.run(asyncio.sleep(1))") == [("tick 2.0\n", "ok")]
    assert run_all("await asyncio.sleep(0); print(sim.time())") == [("2.5\n", "ok")]
    assert run_all("task.cancel(); sim.run(asyncio.sleep(0))") == [("", "ok")]
    assert run_all(endless + "sim.run(endless())", interrupt_after="on") == [("on\n", "KeyboardInterrupt")]
    assert run_all("now = sim.time(); sim.run(asyncio.sleep(2)); print(sim.time() - now)") == [("2.0\n", "ok")]


def test_a_cell_queued_behind_one_in_simulated_time_runs_after_it(run_all):
    # Long enough in real time for the second cell to have arrived while the first is in its loop.
    slow = "import time\nasync def slow():\n    await asyncio.sleep(1.5); time.sleep(0.3); print('slept')\n"
    first, second = run_all(SETUP + slow + "sim.run(slow())", "print('second', sim.time())")
    assert first == ("tick 1.0\nslept\n", "ok")
    assert second == ("second 1.5\n", "ok")


def test_all_cells_run_in_order_each_with_its_own_output_in_simulated_and_in_real_time(run_all):
    assert run_all(
        SETUP,
        "sim.run(asyncio.sleep(1.5))",
        "await asyncio.sleep(0.1); print('live', sim.time())",
        "sim.run(asyncio.sleep(1)); sim.time()",
        "live = asyncio.create_task(asyncio.sleep(0.1, 'done')); sim.run(asyncio.sleep(1))\n"
        "async with asyncio.timeout(30): print(await live)",  # a timeout asks which task is running
        "from IPython.display import display\nasync def show(): display(sim.time())\nsim.run(show())",
    ) == [
        ("", "ok"),
        ("tick 1.0\n", "ok"),
        ("live 1.5\n", "ok"),
        ("tick 2.0\n2.5\n", "ok"),
        ("tick 3.0\ndone\n", "ok"),
        ("3.5\n", "ok"),
    ]


@pytest.mark.parametrize("fails", ["sim.run(wrong())", "await wrong()"])
def test_an_error_in_either_time_ends_run_all_and_nothing_else(run_all, fails):
    wrong = "async def wrong():\n    await asyncio.sleep(0.01)\n    raise LookupError('no such page')\n"
    *done, failed, never_run = run_all(SETUP + wrong, "sim.run(asyncio.sleep(1.5))", fails, "print('never')")
    assert done == [("", "ok"), ("tick 1.0\n", "ok")]
    assert (failed, never_run) == (("", "LookupError"), ("", "aborted"))
    assert run_all("sim.run(asyncio.sleep(1))", "print(sim.time() > 2)") == [("tick 2.0\n", "ok"), ("True\n", "ok")]


LINES = """
from jobqueue_lesson import History, JobQueue, Simulation, Worker
sim = Simulation()
queue = JobQueue(clock=sim.time)
history = History(queue, lines=True)
def order(type="a"):
    return queue.enqueue(type)
def told():
    here = len(In) - 1  # the number of this cell
    for line in history.lines:
        cell = int(line.place.removeprefix("cell ")) if line and line.place.startswith("cell ") else None
        print(line if cell is None else str(line).replace(line.place, f"{here - cell} before"))
    history.events.clear()
"""


@pytest.fixture
def lines_of(run_all):
    """Run cells, the last of which calls told(); return what that prints: how many cells before it, and which line."""

    def lines_of(*cells):
        assert run_all(LINES) == [("", "ok")]
        *_, (printed, ended) = run_all(*cells, "told()")
        assert ended == "ok"
        return printed.splitlines()

    return lines_of


def test_an_event_knows_its_cell_by_the_number_at_its_prompt_and_the_line_in_it(lines_of):
    work = "async def nap(data): await asyncio.sleep(0)\n\nsim.run(Worker(queue, {'a': nap}).drain())"
    assert lines_of("import asyncio\nqueue.enqueue('a')\n\n", work) == [
        "2 before, line 2: queue.enqueue('a')",
        *["1 before, line 3: sim.run(Worker(queue, {'a': nap}).drain())"] * 2,
    ]


def test_a_function_has_its_own_cell_wherever_it_is_called(lines_of):
    assert lines_of("order()", "def twice():\n    order()\n    queue.enqueue('b')", "twice()") == [
        *["4 before, line 6: return queue.enqueue(type)"] * 2,
        "2 before, line 3: queue.enqueue('b')",
    ]


def test_a_cell_that_runs_again_has_another_number(lines_of):
    assert lines_of("queue.enqueue('a')", "queue.enqueue('a')", "1 + 1") == [
        "3 before, line 1: queue.enqueue('a')",
        "2 before, line 1: queue.enqueue('a')",
    ]


def test_under_a_magic_the_line_is_in_the_cell_that_has_it(lines_of):
    assert lines_of(
        "%%time\nx = 1\nqueue.enqueue('a')",
        "%time queue.enqueue('a')",
        "x = 2\n%timeit -n1 -r1 queue.enqueue('a')",
        "%%capture\nqueue.enqueue('a')",  # it runs this as if it was a cell, with the number of the next one
        "%%capture\n%%time\nqueue.enqueue('a')",
        "%%time\norder()",
    ) == [
        "6 before, line 3",
        "5 before, line 1",
        "4 before, line 2",
        "3 before, line 1",
        "2 before, line 1",
        "7 before, line 6: return queue.enqueue(type)",
    ]


def test_a_function_that_a_magic_defined_is_in_no_cell_whatever_number_it_has(lines_of):
    defines = "%%capture\ndef from_a_magic():\n    queue.enqueue('a')"
    assert lines_of(defines, "1 + 1  # this has that number", "from_a_magic()") == ["1 before, line 1: from_a_magic()"]


def test_code_that_a_cell_runs_has_the_line_that_runs_it(lines_of, tmp_path):
    (tmp_path / "shop.py").write_text("\nqueue.enqueue('a')")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("queue.enqueue('from another notebook')")])
    nbformat.write(book, tmp_path / "shop.ipynb")
    assert lines_of(
        "\nexec('\\n\\nqueue.enqueue(\"a\")')",
        "eval('queue.enqueue(\"a\")')",
        f"%run -i {tmp_path / 'shop.py'}",
        f"x = 1\n%run {tmp_path / 'shop.ipynb'}",
    ) == [
        "4 before, line 1: exec('\\n\\nqueue.enqueue(\"a\")')",
        "3 before, line 1: eval('queue.enqueue(\"a\")')",
        "shop.py, line 2: queue.enqueue('a')",
        "1 before, line 2",
    ]


def test_a_worker_in_the_kernels_own_loop_has_the_cell_that_awaits_it_or_none(lines_of):
    start = "import asyncio\nlive = JobQueue()\nhistory = History(live, lines=True)\nlive.enqueue('a')"
    nap = "worker = Worker(live, {'a': lambda data: asyncio.sleep(0)})"
    assert lines_of(start, f"{nap}\nawait worker.drain()") == [
        "2 before, line 4: live.enqueue('a')",
        *["1 before, line 2: await worker.drain()"] * 2,
    ]
    assert lines_of(start, f"{nap}\nawait asyncio.create_task(worker.drain())") == [
        "2 before, line 4: live.enqueue('a')",
        *["None"] * 2,
    ]


# --- nbval's own kernels: see conftest.py ---


def starting(*results):
    """Return what starts a kernel, and raises or returns these, in turn."""
    left = list(results)

    def start(**options):
        result = left.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    return start


DIED = RuntimeError("Kernel died before replying to kernel_info")


def test_a_kernel_that_finds_a_port_taken_is_started_once_more():
    assert nbval.kernel.start_new_kernel(start=starting(DIED, "a kernel")) == "a kernel"
    with pytest.raises(RuntimeError, match="died"):
        nbval.kernel.start_new_kernel(start=starting(DIED, DIED, "a kernel"))


def test_a_kernel_that_does_not_start_for_another_reason_is_not_started_again():
    with pytest.raises(RuntimeError, match="60 seconds"):
        nbval.kernel.start_new_kernel(start=starting(RuntimeError("no answer in 60 seconds"), "a kernel"))
