"""The stages of a judge, in order: what is tried, in which setting, and what a queue needs for it (page 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import workloads, workloads_asleep, workloads_long
from .calls import Call
from .model import Model
from .play import Setting
from .promises import Promise

LEASE = 10.0
"""Seconds: the lease in the stage about leases."""


@dataclass(frozen=True)
class Workload:
    """Calls that are tried in every order, up to a number of them.

    Args:
        calls: returns the calls that may come next, from the state that a right queue would be in.
        depth: how many calls a history has; those that change nothing are tried in between.
        setting: what is looked at after each call, and how long after it the next one comes.
        needs: the attributes and methods of a queue that it is about, each method with the arguments it is called with.
        takes: an argument of the queue's constructor without which there is nothing to try.
        kill: whether the process is killed inside each call.
        meets: whether another process makes a call inside each call.
        random: whether histories are drawn at random, with so many calls: there are too many to try them all.
        share: one history in so many is played of those that are drawn at random.
    """

    calls: Callable[[Model], Iterator[Call]]
    depth: int
    setting: Setting
    needs: tuple[str, ...] = ()
    takes: str = ""
    kill: bool = False
    meets: bool = False
    random: bool = False
    share: int = 1

    @property
    def interrupts(self) -> bool:
        """Whether something happens inside each call."""
        return self.kill or self.meets


@dataclass(frozen=True)
class Stage:
    """One stage: a part of the contract.

    Args:
        name: what it is about, in a word or three.
        about: what is tried in it, in a sentence.
        promise: its own sentence of the contract.
        workloads: what is tried, in this order.
        lease: whether it needs a queue with leases.
        path: whether it needs a queue that keeps its jobs in a file.
    """

    name: str
    about: str
    promise: Promise
    workloads: tuple[Workload, ...]
    lease: bool = False
    path: bool = False


GET = frozenset({"get", "stats"})
DEAD = GET | {"dead"}
ALL = DEAD | {"events"}

STAGES = (
    Stage(
        "hands out once",
        "two workers claim and complete jobs, and no job goes to both, or is completed twice.",
        Promise.ONE_WORKER,
        (
            Workload(workloads.another_queue, 2, Setting(1), ("enqueue(type, data)", "dequeue(worker=)")),
            Workload(workloads.claims, 5, Setting(1), ("complete(job_id, result)",)),
        ),
    ),
    Stage(
        "order",
        "jobs come with priorities and delays, and the right one is next.",
        Promise.NEXT,
        (
            Workload(workloads.at_once, 4, Setting(2, tick=0.0), ("enqueue(type, data, priority=)",)),
            Workload(workloads.delayed, 4, Setting(2), ("enqueue(type, data, priority=, delay=)",)),
            Workload(workloads.many, 2 * workloads.MANY, Setting(2, tick=0.0)),
            Workload(workloads.bad_order, 1, Setting(2)),
        ),
    ),
    Stage(
        "retries",
        "attempts fail, are retried, released, and too late; dead letters are listed, revived and discarded.",
        Promise.FAIL,
        (
            Workload(
                workloads.failing,
                7,
                Setting(3, GET),
                ("enqueue(type, data, max_attempts=)", "fail(job_id, error)", "get(job_id)", "stats()"),
            ),
            Workload(workloads.releasing, 5, Setting(3, GET), ("release(job_id)",)),
            Workload(
                workloads.dead_letters,
                7,
                Setting(3, DEAD),
                ("dead(type=, after=, limit=)", "revive(job_id)", "discard(job_id)"),
            ),
            Workload(workloads.second_lives, 10, Setting(3, DEAD)),
            Workload(workloads.ties, 6, Setting(3, GET, tick=0.0)),
            Workload(
                workloads.late_reports,
                6,
                Setting(3, GET),
                ("complete(job_id, result, attempt=)", "fail(job_id, error, attempt=)", "release(job_id, attempt=)"),
            ),
            Workload(workloads.finishing, 6, Setting(3, frozenset({"stats"}), keep_finished=1), takes="keep_finished"),
            Workload(workloads.bad_attempts, 1, Setting(3, GET)),
        ),
    ),
    Stage(
        "keys",
        "the same idempotency key comes again, in every state of its job; and a queue may be full.",
        Promise.KEY,
        (
            Workload(workloads.keys, 5, Setting(4, DEAD), ("enqueue(type, data, key=)",)),
            Workload(workloads.other_keys, 3, Setting(4, GET)),
            Workload(workloads.full, 4, Setting(4, GET, max_pending=1), takes="max_pending"),
            Workload(workloads.bad_keys, 1, Setting(4, GET)),
        ),
    ),
    Stage(
        "listeners",
        "listeners hear of every move and of `progress`; workers sleep in `wait` "
        "until there is a job or `wake`, and others in `join`.",
        Promise.SUBSCRIBE,
        (
            Workload(workloads_asleep.moving, 7, Setting(5, ALL), ("name", "clock", "subscribe(listener)")),
            Workload(workloads_asleep.leaving, 4, Setting(5, ALL)),
            Workload(workloads_asleep.reporting, 6, Setting(5, ALL), ("progress(job_id, fraction, note, attempt=)",)),
            Workload(workloads_asleep.sleeping, 4, Setting(5, ALL, tick=2.0), ("wait(or_finished=)", "wake()")),
            Workload(workloads_asleep.cancelling, 4, Setting(5, ALL, tick=2.0)),
            Workload(workloads_asleep.timers, 6, Setting(5, ALL, tick=2.0)),
            Workload(workloads_asleep.coming_back, 6, Setting(5, ALL, tick=2.0)),
            Workload(workloads_asleep.draining, 5, Setting(5, ALL, tick=2.0), ("join()",)),
        ),
    ),
    Stage(
        "leases",
        "a worker sends no heartbeat, and another one gets its job.",
        Promise.LEASE,
        (
            Workload(
                workloads_asleep.leasing, 6, Setting(6, ALL, lease=LEASE), ("lease", "heartbeat(job_id, attempt=)")
            ),
            Workload(workloads_asleep.two_leases, 6, Setting(6, ALL, lease=LEASE)),
            Workload(workloads_asleep.too_late, 7, Setting(6, ALL, lease=LEASE)),
            Workload(workloads_asleep.rescuing, 5, Setting(6, ALL, tick=2.0, lease=LEASE)),
        ),
        lease=True,
    ),
    Stage(
        "crashes",
        "the process dies between two calls and before each of your lines, and another one opens the file.",
        Promise.NEVER_LOST,
        (
            Workload(workloads_long.crashing, 5, Setting(7, DEAD)),
            Workload(workloads_long.restarting, 5, Setting(7, DEAD, lease=LEASE)),
            Workload(workloads_long.writing, 4, Setting(7, DEAD), kill=True),
            Workload(workloads_long.two_processes, 3, Setting(7, DEAD, processes=2)),
            Workload(workloads_long.meeting, 4, Setting(7, DEAD, lease=LEASE), meets=True),
        ),
        path=True,
    ),
    Stage(
        "a storm of all of it",
        "long histories of everything above, drawn at random.",
        Promise.MOVES,
        (
            Workload(
                workloads_long.storm, 40, Setting(8, ALL, lease=LEASE), ("heartbeat(job_id, attempt=)",), random=True
            ),
            Workload(workloads_long.crowd, 30, Setting(8, ALL, tick=2.0, lease=LEASE), random=True),
            Workload(workloads_long.backlog, 2 * workloads_long.LOTS + 5, Setting(8, tick=0.5), random=True, share=10),
        ),
    ),
)
"""The stages, in order. The last one is tried at random, the others completely."""
