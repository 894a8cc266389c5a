"""The referee: compares what a queue answered with what the model says, and names the sentence that was broken."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from ..job import DEQUEUE, IllegalMove, Job, JobEvent, JobNotFound, KeyReused, LeaseLost, QueueFull, Status
from . import compare
from .calls import Call, Outcome, Raised, Returned, id_of
from .compare import METHOD, Broken
from .model import Model
from .promises import Promise
from .words import MISSING, attribute, brief, event_in_words, plain, shown_job

REFUSAL: dict[type[BaseException], Promise] = {
    IllegalMove: Promise.MOVES,
    JobNotFound: Promise.MOVES,
    LeaseLost: Promise.LEASE_LOST,
    KeyReused: Promise.REUSED,
    QueueFull: Promise.FULL,
}
"""The sentence that is broken if an error is not raised."""
DAY = 86400.0


class Referee:
    """Compares the queue with the model, call by call; raises `Broken` where they differ.

    Args:
        model: what a right queue would be like.
        ask: calls a method of the queue, without any other effect on the history.
        stage: fields of a job that later stages are about are not compared.
        sees: what is looked at after each call: "get", "stats", "dead", "events".
        own_backoff: whether the queue has a rule of its own for how long it waits before a retry.
    """

    def __init__(
        self, model: Model, ask: Callable[..., Outcome], *, stage: int, sees: Collection[str], own_backoff: bool
    ) -> None:
        self.model = model
        self.ask = ask
        self.stage = stage
        self.sees = sees
        self.own_backoff = own_backoff
        self.heard: list[Any] = []
        """What the queue has called its listener with, and is not compared yet."""
        self.also_heard: list[Any] = []
        """The same for the second listener."""
        self._early: tuple[str, str] | None = None
        self._while_heard: dict[int, tuple[Any, Any]] = {}
        """The last move of each job that the listener has heard of, and the fields of the job meanwhile."""
        self._was_refused = False
        self.expired: set[int] = set()
        """The ids of jobs whose leases the queue has found to be expired since this was last emptied."""

    # --- what a call returned or raised ---

    def compare(self, call: Call, outcome: Outcome) -> None:
        """Compare the outcome of a call with what the model says, and make the same call there."""
        model, method = self.model, call.method
        self._was_refused = isinstance(outcome, Raised)
        target = None if call.job is None else id_of(call.job, model.ids)
        expired = target in {job.id for job in model.overdue()}
        reclaimed = self.follow_leases(but=target)
        if method == "dequeue":
            return self.compare_claim(outcome, call.given("worker"), reclaimed)
        if expired and isinstance(outcome, Raised) and isinstance(outcome.error, (LeaseLost, IllegalMove)):
            return None  # whether a report still counts, until another worker claims the job, is left open
        by_position, by_name = call.arguments_for(model.ids)
        if method == "enqueue":
            by_name["follow_id"] = self._new_id(outcome)
        if method == "fail" and self.own_backoff:
            by_name["follow_backoff"] = self._backoff(outcome)
        expected = self._ask_model(method, by_position, by_name)
        if isinstance(expected, Raised):
            return self._compare_refusal(call, expected.error, outcome, target)
        if isinstance(outcome, Raised):
            promised = "it returns" if expected.value is None else f"it returns {expected}"
            raise Broken(self._refused(call), promised, str(outcome))
        if method == "dead":
            return self._compare_ids("it", expected.value, outcome.value)
        if expected.value is not None:
            return self._compare_job(call, expected.value, outcome.value)
        return None

    def _ask_model(self, method: str, by_position: Sequence[Any], by_name: dict[str, Any]) -> Outcome:
        try:
            return Returned(getattr(self.model, method)(*by_position, **by_name))
        except Exception as error:
            return Raised(error)

    def _new_id(self, outcome: Outcome) -> int:
        """Return the id that the queue has given a new job; if that is none, one that no job has."""
        number = attribute(outcome.value, "id") if isinstance(outcome, Returned) else None
        return number if type(number) is int and number not in self.model.ids else max(self.model.ids, default=0) + 1

    def _backoff(self, outcome: Outcome) -> float | None:
        """Return the seconds of backoff that the queue has chosen; None if they are none."""
        due = attribute(outcome.value, "scheduled_for") if isinstance(outcome, Returned) else None
        seconds = due - self.model.now if isinstance(due, (int, float)) else 0.0
        return seconds if 0 < seconds <= DAY else None

    def _refused(self, call: Call) -> Promise:
        """Return the sentence that is broken if a call is refused that should not be."""
        if call.method == "enqueue" and (not self.model.events or call.given("key") is not None):
            return Promise.KEY
        return METHOD[call.method] if call.given("attempt") is None else Promise.REPORTING

    def _compare_refusal(self, call: Call, right: BaseException, outcome: Outcome, target: int | None) -> None:
        """Compare an outcome with the error that should be raised."""
        if isinstance(right, (IllegalMove, JobNotFound, LeaseLost)):
            kinds: tuple[type[BaseException], ...] = self.model.refusals(target or 0, call.given("attempt"))
            promise = REFUSAL[kinds[0]]
        elif isinstance(right, (TypeError, ValueError)):
            kinds = (TypeError, ValueError)
            promise = Promise.FRACTION if call.method == "progress" else Promise.ARGUMENTS
        else:
            kinds, promise = (type(right),), REFUSAL[type(right)]
        names = " or ".join(kind.__name__ for kind in kinds)
        if isinstance(outcome, Returned) or not isinstance(outcome.error, kinds):
            raise Broken(promise, f"{names}: {right}", str(outcome))
        argument = str(right).split()[0]
        if TypeError in kinds and argument not in str(outcome.error):
            raise Broken(promise, f"{names}, with a message that names {argument}", str(outcome))

    def _compare_job(self, call: Call, right: Job, seen: Any, *, lost: bool = False) -> None:
        """Compare the job that a method returned with what it should be.

        Args:
            call: the call.
            right: the job as it should be.
            seen: what was returned.
            lost: whether the attempt before this one has lost its lease.
        """
        method, number = call.method, attribute(seen, "id")
        if number is MISSING:
            raise Broken(METHOD[method], f"it returns job #{right.id}, as a `Job`", brief(seen))
        if type(number) is not int or number != right.id:
            if method != "enqueue":
                raise Broken(METHOD[method], f"it returns job #{right.id}", shown_job(seen))
            if not self.model.events:
                raise Broken(Promise.KEY, f"job #{right.id}, which has this key", shown_job(seen))
            if call.given("key") is not None:
                raise Broken(Promise.KEY, "a new job: no job with this key is kept", shown_job(seen))
            promise = Promise.NEW_ID if type(number) is int else Promise.ADD
            raise Broken(promise, "a new job, whose id is a new whole number", f"id {brief(number)}")
        field = None if method == "discard" else compare.wrong_field(right, seen, self.stage)
        if field is None:
            return
        promise = compare.promise_of(method, field, right, seen, call.given("fraction"))
        if lost and promise in (Promise.NEXT, Promise.ATTEMPTS):
            promise = Promise.LOST
        promised, found = compare.field_in_words(field, right, seen)
        if (method, field) == ("fail", "scheduled_for"):
            after = f"after {self.model.now:g} s"
            backoff = f"{right.scheduled_for - self.model.now:g} s {after}, says its RetryPolicy"
            promised += f": later than {self.model.now:g} s" if self.own_backoff else f": {backoff}"
        if "get" in self.sees:
            current = self.ask("get", right.id)
            if isinstance(current, Returned) and compare.wrong_field(right, current.value, self.stage) is None:
                promise = Promise.SHOWS
        raise Broken(promise, promised, found)

    def _compare_ids(self, call: str, right: list[Job], seen: Any) -> None:
        """Compare the list of dead letters that a call returned with what it should be."""
        promised = [job.id for job in right]
        try:
            found = [job.id for job in seen]
        except Exception:
            raise Broken(Promise.DEAD, f"{call} returns a list of jobs", brief(seen)) from None
        if found != promised:
            raise Broken(Promise.DEAD, f"{call} lists the jobs with the ids {promised}", f"ids {brief(found)}")

    # --- which job is claimed ---

    def compare_claim(self, outcome: Outcome, worker: str, reclaimed: Collection[int]) -> None:
        """Compare what `dequeue` returned with the job that is next.

        Args:
            outcome: what it returned or raised.
            worker: who called it.
            reclaimed: the ids of the jobs whose leases the queue has found to be expired in this call.
        """
        model = self.model
        if isinstance(outcome, Raised):
            raise Broken(Promise.NEXT, "a job, or None", outcome)
        seen, best = outcome.value, model.next()
        if seen is None:
            if best is not None:
                raise Broken(Promise.NEXT, f"job #{best.id}, {self._why(best)}", "None")
            for job in model.overdue(surely=True):
                if job.attempts_left > 0:
                    ended = f"the lease of {job.worker} ended at {model.lease_end(job):g} s"
                    raise Broken(Promise.LEASE, f"job #{job.id}: {ended}", "None")
            model.dequeue(worker)
            return
        number = attribute(seen, "id")
        known = model.jobs.get(number) if type(number) is int else None
        lost = expired = {job.id for job in model.overdue()} | {*reclaimed}
        if self.stage < 2:  # which of the jobs that are due comes next is what stage 2 is about
            expired = expired | {job.id for job in model.pending()}
        if known is None or (known is not best and known.id not in expired):
            raise Broken(*self._wrong_claim(seen, known, best))
        if self.stage >= 2:
            self._compare_urgency(known, best)
        right = model.dequeue(worker, follow_id=known.id, reclaimed=expired)
        if right is None:
            raise Broken(Promise.ATTEMPTS, f"None: job #{known.id} has no attempt left", shown_job(seen))
        self._compare_job(Call("dequeue"), right, seen, lost=known.id in lost)

    def _compare_urgency(self, claimed: Job, best: Job | None) -> None:
        """Raise if a job was claimed before a more urgent one. One whose lease has expired is due as well."""
        due = [job for job in self.model.overdue(surely=True) if job.attempts < job.max_attempts]
        for job in ([] if best is None else [best]) + due:
            if job.priority > claimed.priority:
                why = self._why(job)
                if job.status is Status.PROCESSING:
                    why = f"with priority {job.priority}: the lease of {job.worker} has expired"
                raise Broken(Promise.NEXT, f"job #{job.id}, {why}", f"job #{claimed.id}, {self._why(claimed)}")

    def _wrong_claim(self, seen: Any, known: Job | None, best: Job | None) -> tuple[Promise, str, str]:
        """Say why a job must not be claimed now."""
        right = "None" if best is None else f"job #{best.id}, {self._why(best)}"
        if known is None:
            if attribute(seen, "id") is MISSING:
                a_job = "None: no job is due" if best is None else f"job #{best.id}, as a `Job`"
                return Promise.NEXT, a_job, brief(seen)
            return Promise.NEXT, f"{right}: this queue has no such job", shown_job(seen)
        said = f"job #{known.id}"
        if known.status is Status.PROCESSING and self.model.kept_by_heartbeat(known):
            return Promise.HEARTBEAT, f"{right}: {known.worker} has sent a heartbeat for {said}", said
        if known.status is Status.PROCESSING:
            return Promise.ONE_WORKER, f"{right}: {known.worker} is running {said}", said
        if known.status is Status.PENDING and known.scheduled_for > self.model.now:
            promise = Promise.FAIL if known.errors else Promise.DELAY
            return promise, f"{right}: {said} is not due before {known.scheduled_for:g} s", said
        if known.status is Status.PENDING:
            return Promise.NEXT, right, f"{said}, {self._why(known)}"
        return Promise.NEXT, f"{right}: {said} is {known.status}", said

    def _why(self, job: Job) -> str:
        """Say what decides when a job is next."""
        if self.stage < 2:
            return str(job.status)
        return f"with priority {job.priority}, due from {job.scheduled_for:g} s on"

    # --- what can be seen after a call ---

    def look(self, call: Call) -> None:
        """Compare everything that can be seen of the queue with the model, after a call."""
        if "get" in self.sees:
            for number in self.model.ids:
                self._compare_current(call, number)
        if "stats" in self.sees:
            self._compare_counts(call.method)
        if "dead" in self.sees:
            self._compare_ids("dead()", self.model.dead(), self._asked("dead"))
        if "events" in self.sees:
            self._compare_events()

    def _asked(self, method: str, *arguments: Any) -> Any:
        """Return what a method of the queue returns that only looks."""
        outcome = self.ask(method, *arguments)
        if isinstance(outcome, Raised):
            right = Returned(getattr(self.model, method)(*arguments))
            raise Broken(METHOD[method], f"{method}({', '.join(map(repr, arguments))}) returns {right}", outcome)
        return outcome.value

    def _compare_current(self, call: Call, number: int) -> None:
        """Compare what `get` returns with the job as it should be now."""
        right, seen = self.model.get(number), self._asked("get", number)
        if right is None and seen is None:
            return
        if right is None:
            raise Broken(Promise.DISCARD, f"get({number}) returns None", shown_job(seen))
        if seen is None:
            raise Broken(Promise.NEVER_LOST, f"get({number}) returns {shown_job(right)}", "None: the job is lost")
        field = compare.wrong_field(right, seen, self.stage)
        if field is not None:
            promise = Promise.MOVES if self._was_refused else Promise.CURRENT
            leases = self.model.lease is not None and self.model.processes == 1
            if field == "status" and right.status is Status.PROCESSING and leases:
                promise = Promise.HEARTBEAT if self.model.kept_by_heartbeat(right) else Promise.LEASE
            promised, found = compare.field_in_words(field, right, seen)
            raise Broken(promise, f"get({number}): {promised}", found)

    def _compare_counts(self, method: str) -> None:
        """Compare `stats` with how many jobs are in each state."""
        right, seen = self.model.stats(), self._asked("stats")
        try:
            wrong = {name: seen[name] for name in right if seen[name] != right[name]}
        except Exception:
            raise Broken(Promise.STATS, f"stats() returns {right}", brief(seen)) from None
        if wrong:
            promise = Promise.STILL_COUNTED if method == "discard" else Promise.STATS
            if "get" not in self.sees:  # jobs may be gone
                promise = Promise.STATS_KEEP
            promised = ", ".join(f"{right[name]} {name}" for name in wrong)
            raise Broken(promise, f"stats() counts {promised}", ", ".join(f"{wrong[name]} {name}" for name in wrong))

    # --- listeners ---

    def hear(self, event: Any) -> None:
        """Listen to the queue; notice if the job has not made the move yet that is reported."""
        self.heard.append(event)
        if "get" in self.sees:
            with suppress(Exception):
                job: Any = self.ask("get", event.job_id).value  # type: ignore[union-attr]
                if job is not None:
                    self._while_heard[event.job_id] = event.move, compare.ALL_FIELDS(job)
                status = None if event.move == "discard" else event.status
                found = None if job is None else job.status
                if self._early is None and status != found and (job is None or job.attempts <= event.attempt):
                    when = f"while the listener hears of {plain(event.move)}, job #{event.job_id} is {plain(status)}"
                    self._early = when, plain(found)

    def _compare_events(self) -> None:
        """Compare the events that the listeners were called with and the moves that were made."""
        right, seen, also = self.model.events, list(self.heard), len(self.also_heard)
        self.heard.clear()
        self.also_heard.clear()
        for event, found in zip(right, [*seen, *[MISSING] * len(right)], strict=False):
            if found is MISSING:
                raise Broken(Promise.SUBSCRIBE, f"the listener hears of {_named(event)}", "it is not called")
            field = compare.wrong_event(event, found)
            if field in ("move", "job_id"):
                raise Broken(Promise.SUBSCRIBE, f"the listener hears of {_named(event)} now", event_in_words(found))
            if field is not None:
                promised = f"the event of {_named(event)} has {field} {plain(getattr(event, field))}"
                raise Broken(Promise.EVENT, promised, f"{field} {plain(attribute(found, field))}")
        if len(seen) > len(right):
            raise Broken(Promise.SUBSCRIBE, "the listener is not called: no job has moved", event_in_words(seen[-1]))
        if self._early is not None:
            raise Broken(Promise.SUBSCRIBE, *self._early)
        self._compare_while_heard()
        times = len(right) if self.model.second_listener else 0
        if also != times:
            gone = ": it has unsubscribed" if self.model.second_listener is False else ""
            raise Broken(Promise.SUBSCRIBE, f"the second listener is called {times} times{gone}", f"{also} times")

    def _compare_while_heard(self) -> None:
        """Compare each job as it was when the listener was called with what it should be after that move."""
        for number, (move, values) in self._while_heard.items():
            right = self.model.get(number)
            if right is None or values == compare.ALL_FIELDS(right):
                continue
            seen = SimpleNamespace(**dict(zip(compare.FIELDS, values, strict=True)))
            field = compare.wrong_field(right, seen, self.stage)
            if field is not None:
                promised, found = compare.field_in_words(field, right, seen)
                raise Broken(Promise.SUBSCRIBE, f"while the listener hears of {plain(move)}, {promised}", found)
        self._while_heard.clear()

    # --- leases ---

    def follow_leases(self, but: int | None = None) -> set[int]:
        """Expire the leases in the model that the queue has found to be expired; return the ids of those jobs.

        When it does so is left open, until another worker could claim the job. `but`: a job to leave out.
        """
        found: set[int] = set()
        if "get" not in self.sees:
            return found
        told = [attribute(event, "job_id") for event in self.heard]
        order = {job_id: place for place, job_id in reversed([*enumerate(told)]) if type(job_id) is int}
        for job in sorted(self.model.overdue(), key=lambda job: order.get(job.id, 0)):  # as the queue has taken them
            seen = None if job.id == but else self._asked("get", job.id)
            with suppress(Exception):
                if seen is not None and len(seen.errors) > len(job.errors):
                    self.model.expire(job, seen)
                    found.add(job.id)
        self.expired |= found
        return found

    def follow_restart(self) -> None:
        """After a restart without leases, follow the queue: whether jobs that were running run again is left open."""
        for job in self.model.jobs.values():
            if job.status is Status.PROCESSING and self.model.lease is None:
                seen = self._asked("get", job.id)
                if attribute(seen, "status") == Status.PENDING:
                    job.status = Status.PENDING
                    job.attempts, job.scheduled_for = attribute(seen, "attempts"), attribute(seen, "scheduled_for")


def _named(event: JobEvent) -> str:
    by = f" by {event.worker}" if event.move is DEQUEUE else ""
    return f"{event.move} of job #{event.job_id}{by}"
