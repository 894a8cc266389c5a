"""The engine over a network: workers in two network namespaces of Linux, as if on two machines. It needs root."""

import os
import shutil
import stat
import subprocess
import sys
from contextlib import ExitStack

import pytest

from jobqueue_lesson.engine import EngineQueue, EngineWorker, server
from tests.support.waiting import DEADLINE, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("ip") is None,
        reason="makes network namespaces: needs Linux, root and iproute2",
    ),
]

HANDLERS = """
import asyncio
import os

from jobqueue_lesson.progress import current_job


async def waits(gate):
    current_job().progress(0.5)
    while not os.path.exists(gate):
        await asyncio.sleep(0.01)
    current_job().progress(0.9, f"attempt {current_job().attempt}")
    return current_job().attempt


HANDLERS = {"waits": waits}
"""


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=DEADLINE)


class Machine:
    """A network namespace, with a cable to the server's machine, which is this one."""

    def __init__(self, stack, name, number):
        self.name = name
        self.cable = f"{name}i"
        here, there = f"198.18.{number // 64}.{number % 64 * 4 + 1}", f"198.18.{number // 64}.{number % 64 * 4 + 2}"
        ip("netns", "add", name)
        stack.callback(ip, "netns", "delete", name)  # and with it both ends of its cable
        ip("link", "add", f"{name}o", "type", "veth", "peer", "name", self.cable, "netns", name)
        ip("address", "add", f"{here}/30", "dev", f"{name}o")
        ip("link", "set", f"{name}o", "up")
        ip("-n", name, "address", "add", f"{there}/30", "dev", self.cable)
        self.here = here
        self.plug_in()

    def plug_in(self):
        ip("-n", self.name, "link", "set", self.cable, "up")
        ip("-n", self.name, "route", "replace", "default", "via", self.here)

    def unplug(self):
        ip("-n", self.name, "link", "set", self.cable, "down")

    def python(self, folder):
        """Make a command that runs Python there."""
        path = folder / f"python-{self.name}"
        path.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} "{sys.executable}" "$@"\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    def reaches(self, address, port):
        code = f"import socket; socket.create_connection(({address!r}, {port}), 5)"
        command = ["ip", "netns", "exec", self.name, sys.executable, "-c", code]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.fixture
def machines():
    """Two machines, unplugged and thrown away at the end."""
    number = os.getpid() % 8000 * 2
    with ExitStack() as stack:
        try:
            yield [Machine(stack, f"jq{os.getpid() % 100000}{letter}", number + n) for n, letter in enumerate("ab")]
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces here: {error.stderr}")


def test_a_job_of_a_worker_that_is_cut_off_is_reclaimed_and_its_late_report_does_not_count(
    machines, monkeypatch, tmp_path
):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    handlers = tmp_path / "handlers.py"
    handlers.write_text(HANDLERS)
    with ExitStack() as stack:
        url = stack.enter_context(server(listen=machines[0].here))
        address, _, port = url.rpartition("@")[2].partition("/")[0].partition(":")
        if not all(machine.reaches(address, port) for machine in machines):
            pytest.skip("a firewall is between the namespaces")
        queue = EngineQueue(url)
        stack.callback(queue.close)
        workers = {}
        for machine in machines:
            with monkeypatch.context() as patch:
                patch.setattr(sys, "executable", machine.python(tmp_path))
                workers[machine.name] = stack.enter_context(EngineWorker(queue, handlers, name=machine.name, lease=3))

        # Both do jobs.
        first = [queue.enqueue("waits", str(tmp_path / "first")) for _ in machines]
        wait_until(lambda: {queue.get(job.id).worker for job in first} == set(workers))
        (tmp_path / "first").touch()
        wait_until(lambda: queue.stats()["completed"] == 2)

        # One is cut off in the middle of a job for longer than its lease: the other gets it.
        job = queue.enqueue("waits", str(tmp_path / "second"))
        wait_until(lambda: queue.get(job.id).progress)
        cut_off = next(machine for machine in machines if machine.name == queue.get(job.id).worker)
        (other,) = set(workers) - {cut_off.name}
        cut_off.unplug()
        wait_until(lambda: queue.get(job.id).worker == other)
        assert queue.get(job.id).attempts == 2
        assert queue.get(job.id).error == f"LeaseExpired: {cut_off.name} sent no heartbeat before its lease expired"
        (tmp_path / "second").touch()  # both attempts see that; only one can say so
        wait_until(lambda: queue.get(job.id).status == "completed")
        assert workers[cut_off.name].alive

        # The cable is back: what it says late does not count, and it goes on working.
        cut_off.plug_in()
        workers[other].kill()
        after = queue.enqueue("waits", str(tmp_path / "second"))
        wait_until(lambda: queue.get(after.id).status == "completed")
        assert queue.get(after.id).worker == cut_off.name
        done = queue.get(job.id)
        assert (done.result, done.attempts, done.worker, done.note) == (2, 2, other, "attempt 2")
        assert [event.move for event in queue.events() if event.job_id == job.id] == [
            "enqueue",
            "dequeue",
            "retry",
            "dequeue",
            "complete",
        ]
