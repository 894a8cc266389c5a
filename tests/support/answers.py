"""Answers that people give to the exercises: right ones, and wrong ones with the words that must name their fault.

What is no function is a value. Every wrong answer is (answer, words of what the check has seen or expected).
"""

import asyncio
import bisect
import heapq
import itertools
import math

from jobqueue_lesson.capacity import fewest_workers, wait_quantile

RIGHT = {}
WRONG = {}

# --- 00 -----------------------------------------------------------------------------------------------------------

RIGHT["double"] = [lambda n: 2 * n, lambda n: n + n]
WRONG["double"] = [
    (lambda n: n + 2, "(0) gives 2"),
    (lambda n: n**2, "(1) gives 1"),
    (lambda n: print(2 * n), "is a return missing?"),
    (lambda n: str(2 * n), "(0) gives '0'"),
]

# --- 01 -----------------------------------------------------------------------------------------------------------


async def notes_it(request, to_do):
    if "format" not in request:
        return 422
    to_do.append(request)
    return 202


async def notes_it_after_a_check(request, to_do):
    await asyncio.sleep(0.001)
    status = 202 if request.get("format") else 422
    to_do += [request] if status == 202 else []
    return status


async def works_first(request, to_do):
    await asyncio.sleep(0.200)
    to_do.append(request)
    return 202


async def says_200(request, to_do):
    to_do.append(request)
    return 200


async def forgets_it(request, to_do):
    return 202


async def does_it_in_a_task(request, to_do):
    asyncio.get_running_loop().create_task(asyncio.sleep(0.2))
    return 202


async def takes_anything(request, to_do):
    to_do.append(request)
    return 202


async def refuses_and_notes(request, to_do):
    to_do.append(request)
    return 202 if "format" in request else 422


async def last_first(request, to_do):
    to_do.insert(0, request)
    return 202


async def notes_what_to_do(request, to_do):
    to_do.append("generate-report")
    return 202


def not_async(request, to_do):
    to_do.append(request)
    return 202


RIGHT["handler"] = [notes_it, notes_it_after_a_check]
WRONG["handler"] = [
    (works_first, "20 answers took 200 ms"),
    (says_200, "the statuses of the answers are [200]"),
    (forgets_it, "0 of 20 requests in to_do"),
    (does_it_in_a_task, "0 of 20 requests in to_do"),
    (takes_anything, "given a request without a format, gives 202"),
    (refuses_and_notes, "the request without a format is in to_do"),
    (last_first, "in the order they came"),
    (notes_what_to_do, "to_do holds ['generate-report']"),
    (not_async, "async def"),
]

RIGHT["places"] = [10, 12]
WRONG["places"] = [
    (5, "the last answer comes after 800 ms"),
    (9, "after 600 ms"),
    (20, "no more than 12"),
    (0, "at least one place"),
    ("10", "a whole number of places"),
]

# --- 02 -----------------------------------------------------------------------------------------------------------


def marks_it(jobs):
    for job in jobs.values():
        if job["status"] == "pending":
            job["status"] = "processing"
            return job
    return None


def marks_it_with_next(jobs):
    job = next((job for job in jobs.values() if job["status"] == "pending"), None)
    if job:
        job.update(status="processing")
    return job


def takes_it_out(jobs):
    for id, job in list(jobs.items()):
        if job["status"] == "pending":
            return jobs.pop(id)


def marks_a_copy(jobs):
    for job in jobs.values():
        if job["status"] == "pending":
            return {**job, "status": "processing"}


def marks_it_completed(jobs):
    for job in jobs.values():
        if job["status"] == "pending":
            job["status"] = "completed"
            return job


def newest_first(jobs):
    for job in reversed(jobs.values()):
        if job["status"] == "pending":
            job["status"] = "processing"
            return job


def raises_when_empty(jobs):
    job = [job for job in jobs.values() if job["status"] == "pending"][0]
    job["status"] = "processing"
    return job


def marks_all(jobs):
    first = None
    for job in jobs.values():
        if job["status"] == "pending":
            first = first or job
            job["status"] = "processing"
    return first


RIGHT["dequeue"] = [marks_it, marks_it_with_next]
WRONG["dequeue"] = [
    (takes_it_out, "gone from the table"),
    (marks_a_copy, "two workers both get job 1"),
    (marks_it_completed, "once it is given out, is 'completed'"),
    (newest_first, "the id of the job is"),
    (raises_when_empty, "IndexError"),
    (marks_all, "the second worker gets None"),
]


def refuses(jobs, job_id, result):
    status = jobs[job_id]["status"]
    if status != "processing":
        raise ValueError(f"job {job_id} cannot be completed: it is {status}")
    jobs[job_id].update(status="completed", result=result)


def refuses_at_the_end(jobs, job_id, result):
    job = jobs[job_id]
    if job["status"] == "processing":
        job["status"], job["result"] = "completed", result
    else:
        raise ValueError(f"{job['status']}: job {job_id}")


def refuses_pending_only(jobs, job_id, result):
    if jobs[job_id]["status"] == "pending":
        raise ValueError(f"job {job_id} is pending")
    jobs[job_id].update(status="completed", result=result)


def refuses_without_words(jobs, job_id, result):
    if jobs[job_id]["status"] != "processing":
        raise ValueError("wrong state")
    jobs[job_id].update(status="completed", result=result)


def names_the_job_only(jobs, job_id, result):
    if jobs[job_id]["status"] != "processing":
        raise ValueError(f"job {job_id} is not in hand")
    jobs[job_id].update(status="completed", result=result)


def asserts(jobs, job_id, result):
    assert jobs[job_id]["status"] == "processing", "job 7 is pending"
    jobs[job_id].update(status="completed", result=result)


def changes_before_it_looks(jobs, job_id, result):
    status = jobs[job_id]["status"]
    jobs[job_id].update(status="completed", result=result)
    if status != "processing":
        raise ValueError(f"job {job_id} is {status}")


def returns_false(jobs, job_id, result):
    if jobs[job_id]["status"] != "processing":
        return False
    jobs[job_id].update(status="completed", result=result)


def refuses_all(jobs, job_id, result):
    raise ValueError(f"job {job_id} is {jobs[job_id]['status']}")


RIGHT["complete"] = [refuses, refuses_at_the_end]
WRONG["complete"] = [
    (refuses_pending_only, "is completed, is allowed"),
    (refuses_without_words, "names the job"),
    (names_the_job_only, "names the state"),
    (asserts, "AssertionError"),
    (changes_before_it_looks, "no change at all"),
    (returns_false, "is allowed"),
    (refuses_all, "may be completed"),
]

# --- 03 -----------------------------------------------------------------------------------------------------------

RIGHT["pool"] = [{"workers": 2, "concurrency": 2}, {"workers": 1, "concurrency": 4}]
WRONG["pool"] = [
    ({"workers": 3, "concurrency": 1}, "with 3 jobs running at once"),
    ({"workers": 1, "concurrency": 2}, "with 2 jobs running at once"),
    ({"workers": 10, "concurrency": 1}, "from 1 to 3"),
    ({"workers": 2, "concurrency": 8}, "from 1 to 4"),
    ({"workers": 3, "concurrency": 2}, "fewer running at once"),
    ({"workers": 2}, "['workers']"),
    (4, "a dictionary"),
]


async def careful(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            result = await handlers[job.type](job.data)
        except asyncio.CancelledError:
            queue.release(job.id)
            raise
        except Exception as error:
            queue.fail(job.id, error)
        else:
            queue.complete(job.id, result)


async def careful_in_another_way(queue, handlers):
    while job := queue.dequeue():
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                queue.release(job.id)
                raise
            queue.fail(job.id, str(type(error).__name__))


async def swallows_the_error(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except Exception:
            pass


async def completes_in_any_case(queue, handlers):
    while (job := queue.dequeue()) is not None:
        result = None
        try:
            result = await handlers[job.type](job.data)
        except Exception:
            pass
        queue.complete(job.id, result)


async def fails_when_cancelled(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.fail(job.id, "cancelled")
            raise
        except Exception as error:
            queue.fail(job.id, error)


async def forgets_cancellation(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except Exception as error:
            queue.fail(job.id, error)


async def works_on_when_cancelled(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except asyncio.CancelledError:
            queue.release(job.id)
        except Exception as error:
            queue.fail(job.id, error)


async def puts_back_what_fails(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except BaseException:
            queue.release(job.id)


async def puts_back_errors(queue, handlers):
    while (job := queue.dequeue()) is not None:
        try:
            queue.complete(job.id, await handlers[job.type](job.data))
        except Exception:
            queue.release(job.id)


async def forgets_the_result(queue, handlers):
    while (job := queue.dequeue()) is not None:
        await handlers[job.type](job.data)
        queue.complete(job.id)


async def one_job_only(queue, handlers):
    job = queue.dequeue()
    queue.complete(job.id, await handlers[job.type](job.data))


RIGHT["worker"] = [careful, careful_in_another_way]
WRONG["worker"] = [
    (swallows_the_error, "its job is still processing"),
    (completes_in_any_case, "1 failed, 5 completed"),
    (fails_when_cancelled, "has failed an attempt"),
    (forgets_cancellation, "was cancelled, and its job is still processing"),
    (works_on_when_cancelled, "kept working"),
    (puts_back_what_fails, "does not end"),
    (puts_back_errors, "a minute later"),
    (forgets_the_result, "without its result"),
    (one_job_only, "completed: 1 of five good jobs"),
]

# --- 04 -----------------------------------------------------------------------------------------------------------


def waits_while_it_doubles(attempt, cap):
    wait = 1
    for _ in range(attempt):
        wait = min(cap, 2 * wait)
    return wait


RIGHT["backoff"] = [lambda attempt, cap: min(cap, 2**attempt), waits_while_it_doubles]
WRONG["backoff"] = [
    (lambda attempt, cap: min(cap, attempt**2), "(1, cap=30) gives 1"),
    (lambda attempt, cap: min(cap, 2 ** (attempt - 1)), "(1, cap=30) gives 1"),
    (lambda attempt, cap: 2**attempt, "(5, cap=30) gives 32"),
    (lambda attempt, cap: max(cap, 2**attempt), "(1, cap=30) gives 30"),
    (lambda attempt, cap: min(cap, 2 * attempt), "(3, cap=30) gives 6"),
    (lambda attempt, cap: min(cap, 2 ^ attempt), "(1, cap=30) gives 3"),
    (lambda attempt, cap: min(cap, 2.0**attempt), "OverflowError"),
    (lambda attempt, cap: print(min(cap, 2**attempt)), "is a return missing?"),
    (lambda attempt: 2**attempt, "<lambda>(attempt, cap)"),
]

RIGHT["may_retry"] = [
    lambda attempts, max_attempts: attempts < max_attempts,
    lambda attempts, max_attempts: max_attempts - attempts >= 1,
]
WRONG["may_retry"] = [
    (lambda attempts, max_attempts: attempts < max_attempts - 1, "with max_attempts=2, attempts made: 1"),
    (lambda attempts, max_attempts: attempts != max_attempts, "lowered to 3"),
    (lambda attempts, max_attempts: True, "or more"),
    (lambda attempts, max_attempts: attempts > max_attempts, "with max_attempts=2, attempts made: 1"),
    (lambda attempts, max_attempts: attempts < 3, "with max_attempts=1, attempts made: 3"),
]

RIGHT["storm"] = [{"outage": 30, "max_attempts": 4}, {"max_attempts": 1}, {"base": 0.01, "cap": 0.01, "outage": 5}]
WRONG["storm"] = [
    ({"jitter": "full"}, "all 100 clients were served"),
    ({"clients": 10}, "all 10 clients were served"),
    ({"outage": 60}, "served"),
    ({"max_attemps": 1}, "max_attemps"),
    ({"clients": 10**9}, "up to 1000"),
    ("outage=30", "a dictionary"),
]

# --- 05 -----------------------------------------------------------------------------------------------------------

RIGHT["enqueue"] = [
    lambda heap, job_id, priority: heapq.heappush(heap, (-priority, job_id)),
    lambda heap, job_id, priority: heapq.heappush(heap, (100 - priority, len(heap) * 0 + job_id, job_id)),
]
WRONG["enqueue"] = [
    (lambda heap, job_id, priority: heapq.heappush(heap, (-priority, -job_id)), "come out as"),
    (lambda heap, job_id, priority: heap.append((-priority, job_id)), "come out as"),
    (lambda heap, job_id, priority: heapq.heappush(heap, (job_id, -priority)), "come out as"),
    (lambda heap, job_id, priority: heapq.heappush(heap, -priority), "tuples that end with the job's id"),
    (lambda heap, job_id, priority: heapq.heappush(heap, (1 / priority, job_id)), "ZeroDivisionError"),
    (lambda heap, job_id, priority: (-priority, job_id), "the heap holds 0"),
]


def halves(line, job):
    low, high = 0, len(line)
    while low < high:
        middle = (low + high) // 2
        if job < line[middle]:
            high = middle
        else:
            low = middle + 1
    line.insert(low, job)


def appends_and_sorts(line, job):
    line.append(job)
    line.sort()


def looks_at_each(line, job):
    for place, other in enumerate(line):
        if job < other:
            line.insert(place, job)
            return
    line.append(job)


def makes_a_new_line(line, job):
    line = sorted([*line, job])


RIGHT["insert"] = [lambda line, job: bisect.insort(line, job), halves]
WRONG["insert"] = [
    (appends_and_sorts, "comparisons"),
    (looks_at_each, "comparisons"),
    (makes_a_new_line, "jobs in the line: 0"),
    (lambda line, job: bisect.insort_left(line, job), "two equal jobs have changed places"),
    (lambda line, job: heapq.heappush(line, job), "a line in order"),
    (lambda line, job: line.insert(0, job), "a line in order"),
]

RIGHT["jobs"] = [
    [(0, 0, 1)] + [(0, 1, 1)] * 25,
    [(0, 0, 2), (0, 7, 20)],
    [(0, -1, 0.5)] + [(n, 0, 1) for n in range(25)],
]
WRONG["jobs"] = [
    ([(0, 0, 1), (1, 5, 25)], "the first job waits for 0 s"),
    ([(0, 0, 1)] + [(0, 0, 1)] * 25, "the first job waits for 0 s"),
    ([(0, 10, 1)] + [(0, 1, 1)] * 25, "the first job waits for 0 s"),
    ([(0, 0, 1)] + [(0, 1, 2)] * 25, "51 s of work in all"),
    ([(0, 0, 1), (0, 1, -5)], "takes -5 s"),
    ([], "a list of jobs"),
    ([(0, 1)], "three numbers"),
    ([(5, 0, 1), (0, 0, 25)], "the first job arrives at second 5"),
    ([(0, 0.5, 1)], "a whole number"),
]

# --- 06 -----------------------------------------------------------------------------------------------------------


def by_status(job):
    state = {"id": job.id, "status": str(job.status)}
    if job.status == "completed":
        state["result"] = job.result
    if job.status == "failed":
        state["error"] = job.error
    return state


def by_table(job):
    more = {"completed": {"result": job.result}, "failed": {"error": job.error}}
    return {"id": job.id, "status": job.status.value} | more.get(job.status, {})


def if_there_is_a_result(job):
    state = {"id": job.id, "status": str(job.status)}
    if job.result:
        state["result"] = job.result
    if job.status == "failed":
        state["error"] = job.error
    return state


def if_there_is_an_error(job):
    state = {"id": job.id, "status": str(job.status)}
    if job.status == "completed":
        state["result"] = job.result
    if job.error:
        state["error"] = job.error
    return state


def always_both(job):
    return {"id": job.id, "status": str(job.status), "result": job.result, "error": job.error}


def result_only(job):
    state = {"id": job.id, "status": str(job.status)}
    if job.status == "completed":
        state["result"] = job.result
    return state


def as_text(job):
    return str(by_status(job))


RIGHT["state"] = [by_status, by_table]
WRONG["state"] = [
    (if_there_is_a_result, "with the result None"),
    (if_there_is_an_error, "pending again, after an attempt that failed"),
    (always_both, "for a job that is pending"),
    (result_only, "failed for good"),
    (as_text, "for a job that is pending"),
]

RIGHT["wait"] = [lambda n: 0.010 * 2 ** (n - 1), lambda n: 0.020 * 1.8 ** (n - 1)]
WRONG["wait"] = [
    (lambda n: 1, "hears of its end 1 s after"),
    (lambda n: 0.1, "hears of its end 0.1 s after"),
    (lambda n: 0.01 * n, "more than 20 questions"),
    (lambda n: min(1.0, 0.010 * 2 ** (n - 1)), "a job of 10 minutes needs more than 20 questions"),
    (lambda n: 0.010 * 1.5 ** (n - 1), "more than 20 questions"),
    (
        lambda n: 0.010 * 2 ** (n - 1) if n < 13 else 1000,
        "a job takes 40.95 s, and the client hears of its end 1,041 s after ordering it",
    ),
    (lambda n: 0.010 * 5 ** (n - 1), "after ordering it"),
    (lambda n: 0.010 * (n - 1), "before question 1 it waits 0.0 s"),
    (lambda n: "10 ms", "a number of seconds"),
]

# --- 07 -----------------------------------------------------------------------------------------------------------


def by_pages(queue):
    revived = last = 0
    while page := queue.dead(after=last):
        for job in page:
            last = job.id
            if job.errors[-1].type == "ConnectionError":
                queue.revive(job.id)
                revived += 1
    return revived


def with_a_long_page(queue):
    worth = [job.id for job in queue.dead(limit=10_000) if job.errors[-1].type == "ConnectionError"]
    for job_id in worth:
        queue.revive(job_id)
    return len(worth)


def first_page_only(queue):
    revived = 0
    for job in queue.dead():
        if job.errors[-1].type == "ConnectionError":
            queue.revive(job.id)
            revived += 1
    return revived


def revives_all(queue):
    count = 0
    for job in queue.dead(limit=10_000):
        queue.revive(job.id)
        count += 1
    return count


def any_error(queue):
    worth = [job.id for job in queue.dead(limit=10_000) if any(e.type == "ConnectionError" for e in job.errors)]
    for job_id in worth:
        queue.revive(job_id)
    return len(worth)


def first_error(queue):
    worth = [job.id for job in queue.dead(limit=10_000) if job.errors[0].type == "ConnectionError"]
    for job_id in worth:
        queue.revive(job_id)
    return len(worth)


def discards_the_rest(queue):
    count = 0
    for job in queue.dead(limit=10_000):
        if job.errors[-1].type == "ConnectionError":
            queue.revive(job.id)
            count += 1
        else:
            queue.discard(job.id)
    return count


def counts_nothing(queue):
    by_pages(queue)


def until_none_is_left(queue):
    revived = 0
    while queue.dead():
        for job in queue.dead():
            if job.errors[-1].type == "ConnectionError":
                queue.revive(job.id)
                revived += 1
    return revived


RIGHT["revive"] = [by_pages, with_a_long_page]
WRONG["revive"] = [
    (first_page_only, "100 of 250 were revived"),
    (revives_all, "not worth reviving"),
    (any_error, "not worth reviving"),
    (first_error, "not worth reviving"),
    (discards_the_rest, "are gone"),
    (counts_nothing, "is a return missing?"),
    (until_none_is_left, "does not end"),
]

RIGHT["policy"] = [{"max_attempts": 5, "base": 8.0}, {"max_attempts": 4, "base": 30}]
WRONG["policy"] = [
    ({"max_attempts": 10, "base": 1.0}, "failed attempts"),
    ({"max_attempts": 3, "base": 1.0}, "that are not poison"),
    ({"max_attempts": 0, "base": 1.0}, "from 1 to 30"),
    ({"max_attempts": 6, "base": -1}, "seconds: more than 0"),
    ({"attempts": 5, "base": 8.0}, "['attempts', 'base']"),
    ([5, 8.0], "a dictionary"),
]

# --- 08 -----------------------------------------------------------------------------------------------------------


def counts_up(start, interval, now):
    n = int((now - start) / interval) - 1
    while start + n * interval <= now:
        n += 1
    return start + n * interval


def adds_up(start, interval, now):
    tick = start
    while tick <= now:
        tick += interval
    return tick


RIGHT["next_tick"] = [lambda start, interval, now: start + ((now - start) // interval + 1) * interval, counts_up]
WRONG["next_tick"] = [
    (lambda start, interval, now: start + interval, "that tick has passed"),
    (lambda start, interval, now: (now // interval + 1) * interval, "plus a multiple of"),
    (lambda start, interval, now: start + ((now - start) // interval) * interval, "later than now"),
    (lambda start, interval, now: start + ((now - start) // interval + 2) * interval, "skips some"),
    (lambda start, interval, now: start + round((now - start) / interval) * interval, "later than now"),
    (adds_up, "does not end"),
]

RIGHT["interval"] = [9, 10.0]
WRONG["interval"] = [
    (8, "have no run"),
    (6, "have no run"),
    (60, "at most 10 s"),
    (0, "at least 1 s"),
    ("9", "a number of seconds"),
]

# --- 09 -----------------------------------------------------------------------------------------------------------


async def by_the_clock(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - last >= seconds or done == rows:
            last = clock()
            progress(done / rows)


async def by_the_next_time(rows, progress, clock, seconds=0.5):
    following = clock() + seconds
    for done in range(1, rows):
        await asyncio.sleep(0.002)
        if clock() >= following:
            progress(done / rows)
            following = clock() + seconds
    await asyncio.sleep(0.002)
    progress(1)


async def every_hundred_rows(rows, progress, clock, seconds=0.5):
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if done % 100 == 0:
            progress(done / rows)


async def without_an_end(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - last >= seconds:
            last = clock()
            progress(done / rows)


async def at_the_end_only(rows, progress, clock, seconds=0.5):
    for _ in range(rows):
        await asyncio.sleep(0.002)
    progress(1)


async def forgets_the_last_time(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - last >= seconds or done == rows:
            progress(done / rows)


async def in_percent(rows, progress, clock, seconds=0.5):
    last = clock()
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if clock() - last >= seconds or done == rows:
            last = clock()
            progress(100 * done / rows)


async def skips_the_work(rows, progress, clock, seconds=0.5):
    progress(1)


async def sleeps_between_reports(rows, progress, clock, seconds=0.5):
    done = 0
    while done < rows:
        await asyncio.sleep(seconds)
        done += 1
        progress(done / rows)


async def at_once_then_by_the_clock(rows, progress, clock, seconds=0.5):
    last = None
    for done in range(1, rows + 1):
        await asyncio.sleep(0.002)
        if last is None or clock() - last >= seconds or done == rows:
            last = clock()
            progress(done / rows)


RIGHT["import"] = [by_the_clock, by_the_next_time, at_once_then_by_the_clock]
WRONG["import"] = [
    (every_hundred_rows, "50 reports"),
    (without_an_end, "the last report is"),
    (at_the_end_only, "silent for"),
    (forgets_the_last_time, "reports"),
    (in_percent, "from 0 to 1"),
    (skips_the_work, "each row takes 2 ms"),
    (sleeps_between_reports, "not done after an hour"),
]


def by_a_loop(steps_done, weights):
    over = 0
    for step in range(steps_done):
        over += weights[step]
    return over / sum(weights)


RIGHT["fraction"] = [lambda steps_done, weights: sum(weights[:steps_done]) / sum(weights), by_a_loop]
WRONG["fraction"] = [
    (lambda steps_done, weights: sum(weights[:steps_done]), "gives 1"),
    (lambda steps_done, weights: weights[steps_done] / sum(weights), "gives 0.5"),
    (lambda steps_done, weights: sum(weights[: steps_done + 1]) / sum(weights), "gives 0.5"),
    (lambda steps_done, weights: sum(weights[steps_done:]) / sum(weights), "gives 1.0"),
    (lambda steps_done, weights: 100 * sum(weights[:steps_done]) / sum(weights), "gives 50"),
    (lambda steps_done, weights: sum(weights[:steps_done]) // sum(weights), "gives 0"),
]


# --- 10 -----------------------------------------------------------------------------------------------------------


def looks_first(mail, seen, send):
    if mail["key"] in seen:
        return
    send(mail["to"])
    seen.add(mail["key"])


def puts_it_back(mail, seen, send):
    if mail["key"] not in seen:
        seen.add(mail["key"])
        try:
            send(mail["to"])
        except BaseException:
            seen.discard(mail["key"])
            raise


def notes_too_early(mail, seen, send):
    if mail["key"] not in seen:
        seen.add(mail["key"])
        send(mail["to"])


def by_address(mail, seen, send):
    if mail["to"] not in seen:
        send(mail["to"])
        seen.add(mail["to"])


def notes_and_never_looks(mail, seen, send):
    send(mail["to"])
    seen.add(mail["key"])


def looks_and_never_notes(mail, seen, send):
    if mail["key"] not in seen:
        send(mail["to"])


def hides_the_error(mail, seen, send):
    if mail["key"] not in seen:
        try:
            send(mail["to"])
            seen.add(mail["key"])
        except ConnectionError:
            pass


def by_a_set_of_its_own(mail, seen, send):
    seen = set()
    if mail["key"] not in seen:
        send(mail["to"])
        seen.add(mail["key"])


def sends_the_whole_mail(mail, seen, send):
    if mail["key"] not in seen:
        send(mail)
        seen.add(mail["key"])


RIGHT["send"] = [looks_first, puts_it_back]
WRONG["send"] = [
    (notes_too_early, "the second did not send the e-mail"),
    (by_address, "another e-mail to alice was not sent"),
    (notes_and_never_looks, "called three times for one e-mail, 3 were sent"),
    (looks_and_never_notes, "3 were sent"),
    (hides_the_error, "its error was swallowed"),
    (by_a_set_of_its_own, "3 were sent"),
    (sends_the_whole_mail, "send was called with {'to': 'alice'"),
]

RIGHT["lease"] = [12, 10.5]
WRONG["lease"] = [
    (9, "done twice though their worker was alive"),
    (30, "on average"),
    (0.5, "from 1 to 120"),
    ("12", "a number of seconds"),
    (10**6, "from 1 to 120"),
]


# --- 11 -----------------------------------------------------------------------------------------------------------


def later_of_both(rows):
    waits = {}
    for job in {job for job, _, _ in rows}:
        started = [at for other, type, at in rows if (other, type) == (job, "started")]
        until_then = rows[: next((n for n, row in enumerate(rows) if row[:2] == (job, "started")), len(rows))]
        due = [at for other, type, at in until_then if other == job and type in ("deferred", "scheduled")]
        if started:
            waits[job] = started[0] - max(due)
    return waits


def as_they_come(rows):
    due, waits = {}, {}
    for job, type, at in rows:
        if type in ("deferred", "scheduled"):
            due[job] = max(at, due.get(job, 0))
        if type == "started":
            waits.setdefault(job, at - due[job])
    return waits


def until_the_last_attempt(rows):
    due, waits = {}, {}
    for job, type, at in rows:
        if type in ("deferred", "scheduled"):
            due[job] = max(at, due.get(job, 0))
        if type == "started":
            waits[job] = at - due[job]
    return waits


def from_its_deferral(rows):
    deferred = {job: at for job, type, at in rows if type == "deferred"}
    started = {job: at for job, type, at in reversed(rows) if type == "started"}
    return {job: at - deferred[job] for job, at in started.items()}


def whatever_row_comes_last(rows):
    due, waits = {}, {}
    for job, type, at in rows:
        if type in ("deferred", "scheduled"):
            due[job] = at
        elif type == "started" and job not in waits:
            waits[job] = at - due[job]
    return waits


def zero_for_the_others(rows):
    return {job: 0 for job, _, _ in rows} | as_they_come(rows)


def from_the_row_before(rows):
    return {row[0]: row[2] - before[2] for before, row in itertools.pairwise(rows) if row[1] == "started"}


RIGHT["first_waits"] = [later_of_both, as_they_come]
WRONG["first_waits"] = [
    (until_the_last_attempt, "a job that was tried again"),
    (from_its_deferral, "a delayed job"),
    (whatever_row_comes_last, "gives {4: 51}"),
    (zero_for_the_others, "gives {1: 0, 2: 0}"),
    (from_the_row_before, "two jobs at the same time"),
    (lambda rows: [at for _, type, at in rows if type == "started"], "a dictionary"),
    (lambda rows: print(rows), "is a return missing?"),
]

RIGHT["reclaim"] = [
    lambda attempts, most, heard, lease, now: (
        "leave" if heard + lease >= now else "fail" if attempts >= most else "retry"
    ),
    lambda attempts, most, heard, lease, now: ["leave", "retry", "fail"][
        (now > heard + lease) * (1 + (attempts == most))
    ],
]
WRONG["reclaim"] = [
    (lambda attempts, most, heard, lease, now: "retry" if attempts < most else "fail", "now=110) gives 'retry'"),
    (lambda attempts, most, heard, lease, now: "retry" if now > heard + lease else "leave", "gives 'retry'"),
    (
        lambda attempts, most, heard, lease, now: (
            "leave" if now <= heard + lease else "retry" if attempts <= most else "fail"
        ),
        "attempts=3, max_attempts=3",
    ),
    (
        lambda attempts, most, heard, lease, now: (
            "leave" if now <= heard + lease else "retry" if attempts + 1 < most else "fail"
        ),
        "attempts=2, max_attempts=3",
    ),
    (lambda attempts, most, heard, lease, now: "leave" if heard < lease else "retry", "now=110) gives 'retry'"),
    (
        lambda attempts, most, heard, lease, now: (
            "leave" if now < heard + 30 else "retry" if attempts < most else "fail"
        ),
        "lease=1",
    ),
    (lambda attempts, most, heard, lease, now: now > heard + lease, "gives False"),
]


# --- 12 -----------------------------------------------------------------------------------------------------------


def adds_workers(arrivals, service, target):
    workers = int(arrivals * service) + 1
    while wait_quantile(arrivals, service, workers, 0.95) > target:
        workers += 1
    return workers


def by_mean_of_one(arrivals, service, target):
    return math.ceil(arrivals * service) + 1


RIGHT["fewest"] = [adds_workers, lambda arrivals, service, target: fewest_workers(arrivals, service, target)]
WRONG["fewest"] = [
    (by_mean_of_one, "at most"),
    (lambda arrivals, service, target: arrivals * service + 1, "a whole number of workers"),
    (lambda arrivals, service, target: 1000, "fewer will do"),
    (lambda arrivals, service, target: int(arrivals * service / 0.8) + 1, "95 % wait up to 1.16 s"),
    (lambda arrivals, service, target: round(arrivals * service), "more: 3 s of work arrive per second"),
]

RIGHT["stay"] = [lambda arrivals, in_system: in_system / arrivals, lambda arrivals, in_system: in_system * arrivals**-1]
WRONG["stay"] = [
    (lambda arrivals, in_system: arrivals / in_system, "(2, 6) gives 0.33"),
    (lambda arrivals, in_system: in_system - arrivals, "(2, 6) gives 4"),
    (lambda arrivals, in_system: in_system, "(2, 6) gives 6"),
    (lambda arrivals, in_system: in_system // arrivals, "(100, 50) gives 0"),
]
