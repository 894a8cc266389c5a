"""Answers to the exercises of page 2."""

RIGHT = {}
WRONG = {}


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
