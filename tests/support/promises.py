"""What `contract` promises, as invariants of a world whose queue keeps it."""

from collections import Counter

from jobqueue_lesson.job import ENDED, Move, Status


def watch(world, queue):
    """Watch a queue, and keep for each move which process made it."""
    world.moves = []
    queue = world.queue(queue)
    queue.subscribe(lambda event: world.moves.append((event, world._watched._caller)))
    world.jobs = queue
    return queue


def last(world):
    """Return the last event of each job, by id."""
    return {event.job_id: event for event, _ in world.moves if event.move is not Move.PROGRESS}


def every_job_ends(world):
    """A job is never lost: it ends as completed or failed."""
    open = [f"job {id} is {event.status}" for id, event in last(world).items() if event.status not in ENDED]
    return not open or open[0]


def only_legal_moves(world):
    """A job makes only moves that lead on from where it is; it is claimed by one worker at a time."""
    status, attempts, at = {}, {}, {}
    for event, _ in world.moves:
        id, move = event.job_id, event.move
        if status.get(id) is not move.source:
            return f"job {id}: {move}, and it was {status.get(id)}"
        status[id] = move.target
        if move is Move.DEQUEUE:
            attempts[id] = attempts.get(id, 0) + 1
        if move in (Move.COMPLETE, Move.RETRY, Move.FAIL, Move.RELEASE, Move.PROGRESS, Move.DEQUEUE) and event.attempt != attempts[id]:
            return f"job {id}: {move} of attempt {event.attempt}, and attempt {attempts[id]} was running"
        if move is Move.RELEASE:
            attempts[id] -= 1
        if move is Move.REVIVE:
            attempts[id] = 0
        at[id] = event
    return True


def reports_come_from_who_has_the_job(world):
    """A report counts only if its attempt is the one that is running."""
    holder = {}
    for event, caller in world.moves:
        if event.move is Move.DEQUEUE:
            holder[event.job_id] = caller
        expired = event.error is not None and event.error.type == "LeaseExpired"
        if event.move in (Move.COMPLETE, Move.RETRY, Move.FAIL, Move.RELEASE, Move.PROGRESS) and not expired:
            if caller is not holder[event.job_id]:
                return f"{event.move} of job {event.job_id} by {caller and caller.name}, claimed by {event.worker}"
    return True


def attempts_are_bounded(world):
    """No job is tried more often than max_attempts."""
    for id in last(world):
        job = world.jobs.get(id)
        if job is not None and job.attempts > job.max_attempts:
            return f"job {id}: attempt {job.attempts} of {job.max_attempts}"
    return True


def the_job_and_the_stats_agree_with_the_moves(world):
    """`get`, `stats`, `dead` and the listeners say the same."""
    now = last(world)
    counts = Counter(event.status.value for event in now.values())
    stats = world.jobs.stats()
    expected = {status.value: counts[status.value] for status in Status}
    if stats != expected:
        return f"stats are {stats}, the moves say {expected}"
    kept = world.jobs.keep_finished is None
    for id, event in now.items():
        job = world.jobs.get(id)
        if job is None:
            if event.move is not Move.DISCARD and kept:
                return f"job {id} is gone"
        elif job.status is not event.status:
            return f"job {id} is {job.status}, the moves say {event.status}"
    dead = [job.id for job in world.jobs.dead()]
    failed = [id for id, event in sorted(now.items()) if event.status is Status.FAILED and event.move is not Move.DISCARD]
    return not kept or dead == failed or f"dead letters are {dead}, the moves say {failed}"


def progress_never_goes_back(world):
    """A job's progress never goes back."""
    seen = {}
    for event, _ in world.moves:
        if (event.progress or 0) < seen.get(event.job_id, 0):
            return f"job {event.job_id}: from {seen[event.job_id]} to {event.progress}"
        seen[event.job_id] = event.progress or 0
    return True


ALWAYS = [only_legal_moves, reports_come_from_who_has_the_job, attempts_are_bounded, the_job_and_the_stats_agree_with_the_moves, progress_never_goes_back]
