"""What `contract` promises, as invariants of a world whose queue was given to `watch`."""

from collections import Counter

from jobqueue_lesson.durable import SQLiteQueue
from jobqueue_lesson.job import ENDED, Move, Status

REPORTS = (Move.COMPLETE, Move.RETRY, Move.FAIL, Move.RELEASE, Move.PROGRESS)


def make(kind, world, **options):
    """Make a queue of this kind that polls nothing, and watch it."""
    if issubclass(kind, SQLiteQueue):
        return watch(world, kind(":memory:", clock=world.clock, lease=5, poll=None, **options))
    return watch(world, kind(clock=world.clock, **options))


def watch(world, queue):
    """Have a world watch a queue, keep its moves, each with the process that made it, and return it."""
    world.moves, world.jobs = [], world.queue(queue)
    queue.subscribe(lambda event: world.moves.append((event, world._watched._caller)))
    return queue


def has_expired(event):
    return event.error is not None and event.error.type == "LeaseExpired"


def last_events(world):
    """Return the last event of each job, by id."""
    return {event.job_id: event for event, _ in world.moves}


def every_job_ends(world):
    """A job is never lost: it ends as completed or failed."""
    left = [f"job {id} is {event.status}" for id, event in last_events(world).items() if event.status not in ENDED]
    return ", ".join(left) or True


def only_legal_moves(world):
    """A job makes only legal moves, and is claimed by one worker at a time; attempts are counted as promised."""
    status, attempts = {}, Counter()
    for event, _ in world.moves:
        id, move = event.job_id, event.move
        if status.get(id) is not move.source:
            return f"{move} of job {id}, which was {status.get(id)}"
        status[id] = move.target
        attempts[id] += move is Move.DEQUEUE
        if move in REPORTS and event.attempt != attempts[id]:
            return f"{move} of attempt {event.attempt} of job {id}, and attempt {attempts[id]} was running"
        attempts[id] -= move is Move.RELEASE
    return True


def reports_come_from_the_claimant(world):
    """A report counts only if its attempt is the one that is running."""
    claimant = {}
    for event, process in world.moves:
        if event.move is Move.DEQUEUE:
            claimant[event.job_id] = process
        elif event.move in REPORTS and not has_expired(event) and process is not claimant[event.job_id]:
            return f"{event.move} of job {event.job_id} by {process and process.name}, and {event.worker} had it"
    return True


def attempts_are_bounded(world):
    """No job is tried more often than max_attempts since it was enqueued or last revived."""
    attempts = Counter()
    for event, _ in world.moves:
        attempts[event.job_id] += (event.move is Move.DEQUEUE) - (event.move is Move.RELEASE)
        if event.move is Move.REVIVE:
            attempts[event.job_id] = 0
        job = world.jobs.get(event.job_id)
        if job is not None and attempts[event.job_id] > job.max_attempts:
            return f"attempt {event.attempt} of job {job.id}: {attempts[job.id]} of {job.max_attempts}"
    return True


def everybody_says_the_same(world):
    """`get`, `stats`, `dead` and the listeners agree."""
    last = last_events(world)
    counts = Counter(event.status.value for event in last.values())
    if world.jobs.stats() != {status.value: counts[status.value] for status in Status}:
        return f"stats are {world.jobs.stats()}, the moves say {dict(counts)}"
    jobs = {id: world.jobs.get(id) for id in last}
    for id, event in last.items():
        if jobs[id] is not None and jobs[id].status is not event.status:
            return f"job {id} is {jobs[id].status}, its moves say {event.status}"
        if jobs[id] is None and event.move is not Move.DISCARD and world.jobs.keep_finished is None:
            return f"job {id} is gone"
    failed = [id for id, job in sorted(jobs.items()) if job is not None and job.status is Status.FAILED]
    return [job.id for job in world.jobs.dead()] == failed or "dead letters"


def progress_never_goes_back(world):
    """A job's progress never goes back."""
    seen = {}
    for event, _ in world.moves:
        if (event.progress or 0) < seen.setdefault(event.job_id, 0):
            return f"job {event.job_id}: from {seen[event.job_id]} to {event.progress}"
        seen[event.job_id] = event.progress or 0
    return True


def the_best_job_is_claimed(world):
    """A worker claims the job of the highest priority, then the earliest, then the lowest id."""
    pending = {}
    aging = getattr(world.jobs, "aging", 0)

    def place(event):
        return aging * event.scheduled_for - event.priority, event.scheduled_for, event.job_id

    for event, _ in world.moves:
        if event.move is Move.DEQUEUE:
            claimed = pending.pop(event.job_id)
            if any(other.scheduled_for <= event.at and place(other) < place(claimed) for other in pending.values()):
                return f"job {event.job_id} at {event.at:g} s, and there was a better one"
        elif event.status is Status.PENDING:
            pending[event.job_id] = event
    return True


def nothing_is_early(world):
    """No job is claimed before it is due, or reclaimed before its lease has expired. Not if the clock was set back."""
    due, renewed = {}, {}
    for event, _ in world.moves:
        if event.move is Move.DEQUEUE and event.at < due[event.job_id] - 1e-6:
            return f"job {event.job_id} at {event.at:g} s, due at {due[event.job_id]:g} s"
        if event.status is Status.PROCESSING:
            renewed[event.job_id] = event.at
        if has_expired(event) and event.at < renewed[event.job_id] + world.jobs.lease:
            return f"job {event.job_id} expired at {event.at:g} s, renewed at {renewed[event.job_id]:g} s"
        due[event.job_id] = event.scheduled_for
    return True


ALWAYS = [
    only_legal_moves,
    reports_come_from_the_claimant,
    attempts_are_bounded,
    everybody_says_the_same,
    progress_never_goes_back,
]
