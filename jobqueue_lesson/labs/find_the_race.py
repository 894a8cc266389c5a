"""Page 13: its panel, and the questions of its cards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from ..durable import SQLiteQueue
from ..explore import Finding, run_once
from ..faults import Crash, Fault, Pause, Surprise
from ..show.cards import Option, Question, predicting, remembering
from ..worker import Worker
from ..world import Scenario
from .panel import Choice, Controls, Lab, Slider

QUESTIONS = {
    "where-it-dies": Question(
        "Ann's worker dies while it runs this handler. Ben gets the job, and runs the handler again."
        " When must ann die for alice to get two e-mails?",
        (
            Option("Before the mail server gets the e-mail", "Nothing is out yet. Ben sends it, and it is the first."),
            Option(
                "After the e-mail is out, and before it is recorded",
                "Ben looks, and nothing is recorded. So he sends it again.",
                right=True,
            ),
            Option("After it is recorded, and before the queue knows", "Ben looks, finds it recorded, and stops."),
            Option(
                "At any step",
                "At most steps, nothing bad comes of it: ben looks and stops, or his e-mail is the only one.",
            ),
        ),
    ),
}

REMEMBER = {
    "silence": Question(
        "Page 10: the queue has had no heartbeat from ann for longer than her lease. What does it know?",
        (
            Option("Ann is dead.", "Perhaps. Or she is only slow, and comes back."),
            Option("Only that she is silent", "It has to guess, so the job may be run a second time.", right=True),
            Option("Her job has failed.", "Her job may even be done, with the report on its way."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)

Mail = dict[str, Any]


class MailServer:
    """A mail server, as on the page. It is outside of all workers: what it has sent, stays sent."""

    def __init__(self) -> None:
        self.outbox: list[str] = []
        """To whom it has sent an e-mail, one entry for each."""
        self.keys: set[Any] = set()

    async def send(self, to: str, key: object = None) -> None:
        """Send an e-mail; with a key that it has seen before, send nothing."""
        await asyncio.sleep(0.05)  # the request travels
        if key is None or key not in self.keys:
            self.outbox.append(to)
            self.keys.add(key)
        await asyncio.sleep(0.05)  # the answer travels


Handler = Callable[[Mail, MailServer, set[str]], Coroutine[Any, Any, object]]


async def look_send_record(mail: Mail, server: MailServer, sent: set[str]) -> None:
    """Send an e-mail unless it is recorded; then record it."""
    if mail["to"] in sent:
        return
    await server.send(mail["to"])
    sent.add(mail["to"])


async def look_record_send(mail: Mail, server: MailServer, sent: set[str]) -> None:
    """Record an e-mail unless it is recorded; then send it."""
    if mail["to"] in sent:
        return
    sent.add(mail["to"])
    await server.send(mail["to"])


async def send_with_key(mail: Mail, server: MailServer, sent: set[str]) -> None:
    """Send an e-mail with a key, so that the mail server looks."""
    await server.send(mail["to"], key=mail["to"])


HANDLERS: dict[str, Handler] = {
    "look, send, record": look_send_record,
    "look, record, send": look_record_send,
    "send with a key": send_with_key,
}
FAULTS: dict[str, Fault] = {"crashes": Crash(), "stands still for 10 s": Pause(10)}


def shop(handler: Handler, mails: list[Mail], *, workers: int = 2, lease: float = 5.0) -> Scenario:
    """Return a scenario: a few workers send e-mails. `world.server.outbox` says to whom.

    Args:
        handler: called with an e-mail, the mail server, and the set of those that are recorded.
        mails: the e-mails, each with a "to".
        workers: how many workers there are, up to three.
        lease: of the queue, in seconds.
    """

    async def scenario(world: Any) -> None:
        queue = world.queue(SQLiteQueue(":memory:", "mail", clock=world.clock, lease=lease, poll=None))
        world.server, world.sent = MailServer(), set()

        async def send_email(mail: Mail) -> None:
            await handler(mail, world.server, world.sent)

        async def worker(name: str) -> None:
            await Worker(queue, {"send-email": send_email}, name=name).run()

        for name in ("ann", "ben", "cleo")[:workers]:
            world.start(name, worker, name)
        for mail in mails:
            queue.enqueue("send-email", mail)
        await world.settled()

    return scenario


def worlds_of(scenario: Scenario, fault: Fault) -> Iterator[Any]:
    """Run a scenario plainly, and then once for each step at which a fault can happen; yield the world after each."""
    plain = _world_after(scenario)
    steps = plain.trouble.places[fault.where]
    yield plain
    for step in range(steps):
        yield _world_after(scenario, Surprise(fault, step))


def _world_after(scenario: Scenario, *surprises: Surprise) -> Any:
    worlds: list[Any] = []
    found = run_once(scenario, surprises, invariants=[worlds.append])
    return found.world if isinstance(found, Finding) else worlds[0]


class Struck(NamedTuple):
    """A run in which a fault strikes a worker once."""

    emails: int
    """How many e-mails alice gets."""
    what: str
    """Who is struck, and where."""


def every_step(
    handler: str = "look, send, record", a_worker: str = "stands still for 10 s", workers: int = 2, lease: float = 5.0
) -> list[Struck]:
    """Send one e-mail to alice, again and again, and let a worker be struck at another step each time.

    Args:
        handler: what the handler does, in which order; see `HANDLERS`.
        a_worker: what happens to a worker; see `FAULTS`.
        workers: how many workers there are.
        lease: of the queue, in seconds.
    """
    _, *struck = worlds_of(shop(HANDLERS[handler], [{"to": "alice"}], workers=workers, lease=lease), FAULTS[a_worker])
    return [Struck(len(world.server.outbox), who_is_struck(world)) for world in struck]


def who_is_struck(world: Any) -> str:
    """Say who crashed or stood still in a run, and where; empty if nobody did."""
    return next((f"{who} {what}" for _, who, what in world.story if what.startswith(("crashes", "stands still"))), "")


def every_step_lab() -> Lab:
    """Return a panel for `every_step`."""

    def draw(runs: list[Struck], ax: Axes) -> None:
        for emails, marker, colour in ((0, "s", "#0072b2"), (1, "o", "#009e73"), (2, "X", "#d55e00")):
            steps = [step for step, run in enumerate(runs, start=1) if run.emails == emails]
            ax.plot(steps, [emails] * len(steps), marker, ms=11, color=colour)
        ax.set(xlabel="step at which it happens", ylabel="e-mails to alice", xlim=(0, 20), ylim=(-0.5, 2.5))
        ax.set_yticks([0, 1, 2])
        ax.set_xticks(range(0, 21, 5))

    def say(runs: list[Struck]) -> str:
        twice, never = (sum(run.emails == emails for run in runs) for emails in (2, 0))
        counted = f"{len(runs)} runs, a different step each time. Alice gets two e-mails in {twice}, none in {never}."
        first = next((run.what for run in runs if run.emails != 1), None)
        return f"{counted}\n" + (f"First: {first}" if first else "She gets one in every run.")

    controls: Controls = {
        "handler": Choice("the handler", tuple(HANDLERS), "look, send, record"),
        "a_worker": Choice("a worker", tuple(FAULTS), "stands still for 10 s"),
        "workers": Slider("workers", 1, 3, 1, 2),
        "lease": Slider("lease (s)", 1.0, 20.0, 0.5, 5.0),
    }
    question = "With which handler does alice get one e-mail, whatever happens? Can a longer lease do it?"
    return Lab(question, every_step, draw, say, controls)
