"""Checks for page 10."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ..worker import HEARTBEATS_PER_LEASE
from .check import NotYet, exercise, expect, gives


def my_send(mail, sent, send):  # type: ignore[no-untyped-def]
    send(mail["to"])


SEND_HINTS = [
    "The set sent outlives the worker. What belongs in it, and when?",
    "Two different e-mails may go to the same person. So go by the e-mail's key, not by the address.",
    "If send raises, nothing was sent: add the key only after it. Before it: if mail['key'] in sent: return",
]
THE_SET = "The worker may be a new process each time. Only `sent` is still there: nothing else can remember."


class _MailServer:
    """A mail server that can be down, with what it has sent, and what was in `sent` while it was sending."""

    def __init__(self, answer: Callable[..., Any], sent: set[str]) -> None:
        self.answer = answer
        self.sent = sent
        self.outbox: list[str] = []
        self.calls = 0
        self.sent_meanwhile: set[str] = set()
        self.trouble: BaseException | None = None

    def send(self, to: str) -> None:
        self.calls += 1
        self.sent_meanwhile = set(self.sent)
        if self.trouble is not None:
            raise self.trouble
        self.outbox.append(to)

    def attempt(self, to: str, key: str) -> int:
        """Call the answer once for an e-mail; return how many e-mails were sent."""
        before, keys = len(self.outbox), set(self.sent)
        self.answer({"to": to, "key": key}, self.sent, self.send)
        expect(
            key in keys or key not in self.sent_meanwhile,
            f"while send runs, {key!r} is in `sent` already",
            "a key that is added when send has returned",
            "A worker may be killed while it sends. Then nothing takes the key back, and the e-mail is never sent.",
        )
        new = self.outbox[before:]
        wrong = next((other for other in new if other != to), None)
        expect(wrong is None, f"send was called with {wrong!r}", f'with mail["to"], which is {to!r}')
        return len(new)


@exercise("10_durability", "once, however often", stub=my_send, hints=SEND_HINTS)
def check_send(answer: Any) -> None:
    """Send an e-mail once, however often this is called for it; if an attempt failed, send it at the next."""
    server = _MailServer(answer, {"welcome-dave"})
    times = sum(server.attempt("alice", "welcome-alice") for _ in range(3))
    expect(times == 1, f"called three times for one e-mail, {times} were sent", "one", SEND_HINTS[0])
    other = server.attempt("alice", "invoice-7")
    expect(other == 1, "another e-mail to alice was not sent", "two e-mails, with two keys: both", SEND_HINTS[1])
    expect(server.attempt("bob", "welcome-bob") == 1, "an e-mail to bob was not sent", "every e-mail is sent once")
    for trouble in (
        ConnectionError("the mail server is down"),
        RuntimeError("too many e-mails"),
        ValueError("bad address"),
        TimeoutError("no answer from the mail server"),
        asyncio.CancelledError("the worker was told to stop"),
    ):
        _after(trouble, server)
    expect(
        server.attempt("dave", "welcome-dave") == 0,
        "the key of dave's e-mail was in `sent` from the start, and it was sent again",
        "nothing: an earlier worker has sent it",
        THE_SET,
    )
    again = _MailServer(answer, server.sent).attempt("alice", "welcome-alice")
    expect(again == 0, "a new worker, with the same `sent`, sent alice's e-mail again", "nothing", THE_SET)
    new = _MailServer(answer, set()).attempt("alice", "welcome-alice")
    expect(new == 1, "with another, empty `sent`, alice's e-mail was not sent", "it is sent", THE_SET)


def _after(trouble: BaseException, server: _MailServer) -> None:
    """Let an attempt fail, and see what the next two do."""
    name = type(trouble).__name__
    key = f"welcome-carol-{name}"
    server.trouble = trouble
    calls = server.calls
    let_through = f"let the {name} through as it is, so that the job is retried"
    try:
        server.attempt("carol", key)
    except NotYet:
        raise
    except (Exception, type(trouble)) as error:
        if error is not trouble:
            raise NotYet(
                f"send raised {name}, and another one, {type(error).__name__}, came out",
                let_through,
                "The record of the job should say what send said. Nothing needs to be caught here.",
            ) from None
    else:
        raise NotYet(
            f"send raised {name}, and no exception came out",
            let_through,
            "An attempt that ends without an exception is completed, and nothing tries it again.",
        )
    expect(
        server.calls == calls + 1,
        f"send raised {name}, and was called again in the same attempt",
        "one call of send an attempt",
        "The queue calls again, after a backoff. Nothing needs to be caught here.",
    )
    server.trouble = None
    expect(
        server.attempt("carol", key) == 1,
        f"the first attempt failed with {name}, and the second did not send the e-mail",
        "the second attempt sends it",
        SEND_HINTS[2],
    )
    expect(server.attempt("carol", key) == 0, "after a failed first attempt, it was sent twice", "once", SEND_HINTS[0])


def my_lease(stall):  # type: ignore[no-untyped-def]
    return stall


LEASE_HINTS = [
    "When was the last heartbeat, if the stall begins just before the next one is due?",
    "The queue hears nothing for a third of the lease, and then for as long as the worker stalls.",
    "lease > lease / 3 + stall. Solve that for lease.",
]
SPARE = 1.1
"""A lease may be this many times as long as needed."""


@exercise("10_durability", "a lease that outlasts a stall", stub=my_lease, hints=LEASE_HINTS)
def check_lease(answer: Any) -> None:
    """Return a lease that a worker keeps through a stall that may begin at any moment; not much longer than needed."""
    for stall in (10, 4, 60, 0.5, 7.5, 300):
        lease = answer(stall)
        call = f"{answer.__name__}({stall})"
        number = isinstance(lease, (int, float)) and not isinstance(lease, bool)
        expect(number, f"{call} {gives(lease)}", "a number of seconds", "Return seconds, such as 12.5.")
        since = lease / HEARTBEATS_PER_LEASE
        expect(
            since + stall <= lease + 1e-9,
            f"{call} gives {lease:.4g} s. A stall begins {since:.4g} s after the last heartbeat, so the queue hears"
            f" nothing for {since + stall:.4g} s, and the job of a living worker is reclaimed",
            "a lease that is longer than that",
            "Heartbeats come once per third of a lease, so a longer lease also has longer pauses between two of them."
            if lease > stall
            else LEASE_HINTS[0],
        )
        enough = stall / (1 - 1 / HEARTBEATS_PER_LEASE)
        expect(
            lease <= SPARE * enough + 1e-9,
            f"{call} gives {lease:.4g} s, and a dead worker's job has to wait that long",
            f"at most {SPARE * enough:.4g} s, a tenth more than needed",
            "It is longer than it has to be: for how long does the queue hear nothing, at most?",
        )
