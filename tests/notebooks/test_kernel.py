"""In a real kernel, as JupyterLab talks to it: Run All sends all cells at once, without waiting for their ends."""

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
