"""Checks for page 10."""

from __future__ import annotations

from typing import Any

from ..labs.durability import leases
from .check import exercise, expect


def my_send(mail, seen, send):  # type: ignore[no-untyped-def]
    send(mail["to"])


@exercise(
    "10_durability",
    "once, however often",
    stub=my_send,
    hints=[
        "`seen` is a set that outlives the worker. What belongs in it, and when?",
        "Two different e-mails may go to the same person. So go by the e-mail's key, not by the address.",
        "If send fails, nothing was sent: add the key only after it. if mail['key'] in seen: return",
    ],
)
def check_send(answer: Any) -> None:
    """Send an e-mail once, however often this is called for it; if the first attempt failed, send it at the next."""
    outbox: list[str] = []
    away = 0

    def send(to: str) -> None:
        nonlocal away
        if away:
            away -= 1
            raise ConnectionError("the mail server is down")
        outbox.append(to)

    seen: set[Any] = set()
    welcome = {"to": "alice", "key": "welcome-alice"}
    for _ in range(3):
        answer(welcome, seen, send)
    for to in outbox:
        expect(to == "alice", f"send was called with {to!r}", 'with mail["to"], which is "alice"')
    expect(outbox == ["alice"], f"called three times for one e-mail, {len(outbox)} were sent", "one")
    answer({"to": "alice", "key": "invoice-7"}, seen, send)
    expect(
        outbox == ["alice", "alice"],
        "another e-mail to alice was not sent",
        "two e-mails, with two keys: both are sent",
    )
    answer({"to": "bob", "key": "welcome-bob"}, seen, send)
    expect(outbox[2:] == ["bob"], "an e-mail to bob was not sent", "every e-mail is sent once")
    away = 1
    carol = {"to": "carol", "key": "welcome-carol"}
    try:
        answer(carol, seen, send)
    except ConnectionError:
        pass
    else:
        expect(
            False,
            "the mail server was down, and its error was swallowed",
            "let the ConnectionError through, so that the job is retried",
        )
    answer(carol, seen, send)
    expect(
        outbox[3:] == ["carol"],
        "the first try failed, and the second did not send the e-mail",
        "the second try sends it",
    )
    answer(carol, seen, send)
    expect(outbox[3:] == ["carol"], "after a failed first try, it was sent twice", "once")


my_lease = 5.0


@exercise(
    "10_durability",
    "a lease that fits",
    stub=my_lease,
    hints=[
        "A worker may be silent for 10 seconds and still be working. What does a shorter lease do to its job? And what"
        " waits for a much longer lease to expire?",
        "Longer than the longest silence, and not much longer.",
    ],
)
def check_lease(answer: Any) -> None:
    """Choose a lease: no job is done twice needlessly, and a dead worker's job starts again within 16 s on average."""
    expect(isinstance(answer, (int, float)) and not isinstance(answer, bool), f"{answer!r}", "a number of seconds")
    expect(1 <= answer <= 120, f"a lease of {answer!r} s", "from 1 to 120 seconds")
    found = leases(lease=answer, stall=10.0)
    twice = len(found.needless)
    expect(twice == 0, f"with {answer:g} s, {twice} jobs were done twice though their worker was alive", "none")
    waits = [wait for _, wait in found.recovered]
    mean = sum(waits) / len(waits)
    expect(mean <= 16, f"with {answer:g} s, a dead worker's job waits for {mean:.1f} s on average", "at most 16 s")
