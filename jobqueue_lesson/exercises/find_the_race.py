"""Checks for page 13."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from itertools import count
from types import FunctionType, SimpleNamespace
from typing import Any

from ..faults import Crash
from ..guarded import Endless
from ..labs.find_the_race import Mail, MailServer, shop, who_is_struck, worlds_of
from .check import NotYet, exercise, expect, gives


def my_invariant(world):  # type: ignore[no-untyped-def]
    """Everybody gets what they ordered."""
    assert len(world.server.outbox) <= len(world.ordered)


INVARIANT_HINTS = [
    "Which outboxes would make a customer write to you? Does your invariant fail for each of them?",
    "Two lists have to agree: who ordered, and who was sent something. How often each name is in them counts.",
    "The order does not count: sorted(world.server.outbox) == sorted(world.ordered)",
]


@exercise("13_find_the_race", "an invariant", stub=my_invariant, hints=INVARIANT_HINTS)
def check_invariant(answer: Any) -> None:
    """Fail if somebody gets more e-mails than they ordered, or fewer, or one they have not ordered."""
    for ordered, outbox, why in (
        (["alice"], ["alice"], ""),
        (["alice"], ["alice", "alice"], "Alice gets two e-mails for one order."),
        (["alice"], [], "Alice has ordered an e-mail, and gets none."),
        (["alice", "bob"], ["alice", "alice"], "The numbers agree, but bob gets nothing, and alice two."),
        (["alice", "bob"], ["bob", "alice"], ""),
        (["bob", "alice"], ["alice", "bob"], ""),
        (["alice", "alice"], ["alice", "alice"], ""),
        (["alice", "alice"], ["alice"], "Alice has ordered two e-mails, and gets one."),
        (["alice", "alice", "bob"], ["alice", "bob", "bob"], "Alice has ordered two e-mails, and gets one."),
        (["alice"], ["carol"], "Carol gets an e-mail that she has not ordered."),
        (["alice"], ["alice", "carol"], "Carol gets an e-mail that she has not ordered."),
        ([], [], ""),
    ):
        world = SimpleNamespace(ordered=list(ordered), server=MailServer(), sent=set(ordered))
        world.server.outbox = list(outbox)
        holds = _holds(answer, world)
        about = f"ordered = {ordered}, outbox = {outbox}"
        if why:
            expect(not holds, f"{about}: the invariant holds", "it fails", why)
        else:
            expect(
                holds,
                f"{about}: the invariant fails",
                "it holds",
                "Everybody gets what they ordered. In which order the e-mails go out does not matter.",
            )
        expect(
            (sorted(world.ordered), sorted(world.server.outbox)) == (sorted(ordered), sorted(outbox)),
            f"{about}: afterwards, ordered = {world.ordered}, outbox = {world.server.outbox}",
            "a world that is as it was",
            "An invariant only looks. With `always=[…]`, it is called again at the next step.",
        )


def _holds(answer: Any, world: Any) -> bool:
    """Call an invariant as `explore` does."""
    try:
        said = answer(world)
    except AssertionError:
        return False
    expect(
        said is None or isinstance(said, (bool, str)),
        f"{answer.__name__}(world) {gives(said)}",
        "an assert; or return True, False, or a sentence about what is wrong",
        "Put assert before what must be true.",
    )
    return said is None or said is True


async def my_keyed(mail, server, sent):  # type: ignore[no-untyped-def]
    if mail["to"] in sent:
        return
    await server.send(mail["to"])
    sent.add(mail["to"])


MAILS: list[Mail] = [
    {"to": "alice", "order": 7, "kind": "confirmation"},
    {"to": "alice", "order": 7, "kind": "invoice"},
    {"to": "alice", "order": 8, "kind": "confirmation"},
    {"to": "alice", "order": 8, "kind": "cancellation"},
    {"to": "bob", "order": 9, "kind": "confirmation"},
]
KEYED_HINTS = [
    "Two attempts at the same e-mail need the same key. Two different e-mails need two.",
    "Which of the three values in an e-mail tell it from all others?",
    'await server.send(mail["to"], key=(mail["order"], mail["kind"]))',
]


WHY_TWICE = "Between sending and recording, a worker can die: then only the mail server knows. Give it a key."
WHY_NEVER = "A worker can die between recording and sending, too. Then `sent` says that it is out, and it is not."
WHY_FORGOTTEN = (
    f"{KEYED_HINTS[0]} The next attempt is in another process: what the first had in its memory is gone there, and "
    "hash() gives another number."
)


class _Calls:
    """How `send` of a mail server was called."""

    def __init__(self) -> None:
        self.keys: dict[str, list[object]] = {}
        """By e-mail: the key of each call."""
        self.unsent: set[str] = set()
        """E-mails whose last call nobody has awaited."""


class _Attempt:
    """The mail server, as one attempt at an e-mail sees it."""

    def __init__(self, server: MailServer, mail: Mail, calls: _Calls) -> None:
        self._server = server
        self._mail = mail
        self._calls = calls

    def send(self, to: str, key: object = None) -> Any:
        """Send an e-mail; in the outbox is which one it is."""
        wanted, name = self._mail["to"], _name(self._mail)
        expect(to == wanted, f"send was called with {to!r}", f'with mail["to"], which is {wanted!r}')
        self._calls.keys.setdefault(name, []).append(key)
        self._calls.unsent.add(name)
        return self._send(name, key)

    async def _send(self, name: str, key: object) -> None:
        self._calls.unsent.discard(name)
        await self._server.send(name, key)


def _processes(answer: Any) -> Callable[[], Any]:
    """Return a function that gives the answer as a new process has it: with the memory of none before it."""
    if not isinstance(answer, FunctionType):
        return lambda: answer
    names = answer.__globals__
    memory = {name: names[name] for name in answer.__code__.co_names if isinstance(names.get(name), (dict, list, set))}
    salts = count()

    def start() -> Any:
        salt = next(salts)
        own = {**names, **deepcopy(memory), "hash": lambda value: hash((salt, value))}
        return FunctionType(answer.__code__, own, answer.__name__, answer.__defaults__, answer.__closure__)

    return start


def _name(mail: Mail) -> str:
    return f"{mail['to']}'s {mail['kind']} of order {mail['order']}"


@exercise("13_find_the_race", "one e-mail, whatever crashes", stub=my_keyed, hints=KEYED_HINTS)
def check_keyed(answer: Any) -> None:
    """Send each e-mail once: when nobody crashes, and when a worker crashes, at each step in turn."""
    errors: list[BaseException] = []
    calls: defaultdict[MailServer, _Calls] = defaultdict(_Calls)  # each run has a mail server of its own
    start = _processes(answer)

    async def handler(mail: Mail, server: MailServer, sent: set[str]) -> None:
        try:
            await start()(dict(mail), _Attempt(server, mail, calls[server]), sent)
        except (Exception, Endless) as error:
            errors.append(error)
            raise

    try:
        for world in worlds_of(shop(handler, MAILS), Crash()):
            if errors:
                raise errors[0]
            _compare(world, calls[world.server])
    except Endless as again:  # it was stopped where it is, and once more on its way out
        raise (errors or [again])[0] from None


def _compare(world: Any, calls: _Calls) -> None:
    """Compare what was sent in a run with what should have been."""
    crash = who_is_struck(world)
    where = crash or "nobody crashes"
    expect(world.outcome is None, f"{where}: {world.outcome and world.outcome.broken}", "a run that ends")
    for mail in MAILS:
        times = world.server.outbox.count(_name(mail))
        if not times:
            why = WHY_NEVER if crash else KEYED_HINTS[1]
            if _name(mail) in calls.unsent:
                why = "send was called, but nobody awaits it: put await before it."
            raise NotYet(f"{where}: {_name(mail)} is not sent", "every e-mail is sent", why)
        with_key = None not in calls.keys[_name(mail)]
        why = WHY_FORGOTTEN if with_key else WHY_TWICE
        expect(times == 1, f"{where}: {_name(mail)} is sent {times} times", "once", why)
