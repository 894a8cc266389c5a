"""Answers to the exercises of page 2."""

RIGHT = {}
WRONG = {}


def by_attempts(jobs, worker):
    for job in jobs.values():
        if job["worker"] == worker and job["status"] == "processing":
            job["status"] = "pending" if job["attempts"] < job["max_attempts"] else "failed"


def with_new_dictionaries(jobs, worker):
    for id, job in jobs.items():
        if (job["worker"], job["status"]) == (worker, "processing"):
            jobs[id] = job | {"status": "pending" if job["max_attempts"] - job["attempts"] > 0 else "failed"}


def whatever_its_state(jobs, worker):
    for job in jobs.values():
        if job["worker"] == worker:
            job["status"] = "pending" if job["attempts"] < job["max_attempts"] else "failed"


def whoever_took_it(jobs, worker):
    for job in jobs.values():
        if job["status"] == "processing":
            job["status"] = "pending" if job["attempts"] < job["max_attempts"] else "failed"


def one_worker_only(jobs, worker):
    by_attempts(jobs, "worker-2")


def always_again(jobs, worker):
    for job in jobs.values():
        if job["worker"] == worker and job["status"] == "processing":
            job["status"] = "pending"


def one_attempt_more(jobs, worker):
    for job in jobs.values():
        if job["worker"] == worker and job["status"] == "processing":
            job["status"] = "pending" if job["attempts"] <= job["max_attempts"] else "failed"


def one_attempt_less(jobs, worker):
    for job in jobs.values():
        if job["worker"] == worker and job["status"] == "processing":
            job["status"] = "pending" if job["attempts"] + 1 < job["max_attempts"] else "failed"


def the_attempt_does_not_count(jobs, worker):
    for job in jobs.values():
        if job["worker"] == worker and job["status"] == "processing":
            job["attempts"] -= 1
            job["status"] = "pending"


def takes_them_out(jobs, worker):
    for id, job in list(jobs.items()):
        if job["worker"] == worker and job["status"] == "processing":
            del jobs[id]


def the_first_only(jobs, worker):
    for job in jobs.values():
        if job["worker"] == worker and job["status"] == "processing":
            job["status"] = "pending" if job["attempts"] < job["max_attempts"] else "failed"
            return


def gives_up(jobs, worker):
    for job in jobs.values():
        if job["worker"] == worker and job["status"] == "processing":
            job["status"] = "failed"


def of_workers_with_longer_names_too(jobs, worker):
    for job in jobs.values():
        if job["worker"] and job["worker"].startswith(worker) and job["status"] == "processing":
            job["status"] = "pending" if job["attempts"] < job["max_attempts"] else "failed"


RIGHT["cleanup"] = [by_attempts, with_new_dictionaries]
WRONG["cleanup"] = [
    (whatever_its_state, "its e-mail goes out twice"),
    (whoever_took_it, "That worker is alive"),
    (one_worker_only, "It has an attempt left, and nobody is running it"),
    (always_again, "attempts is max_attempts"),
    (one_attempt_more, "attempts is max_attempts"),
    (one_attempt_less, "It has an attempt left"),
    (the_attempt_does_not_count, "and its attempts changed"),
    (takes_them_out, "is gone"),
    (the_first_only, "is now 'processing'"),
    (gives_up, "It has an attempt left"),
    (of_workers_with_longer_names_too, "That worker is alive"),
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


def names_every_state(jobs, job_id, result):
    if jobs[job_id]["status"] != "processing":
        raise ValueError(f"job {job_id} must be processing, not pending, completed or failed")
    jobs[job_id].update(status="completed", result=result)


def names_job_7(jobs, job_id, result):
    if jobs[job_id]["status"] != "processing":
        raise ValueError(f"job 7 is {jobs[job_id]['status']}")
    jobs[job_id].update(status="completed", result=result)


def always_sent(jobs, job_id, result):
    refuses(jobs, job_id, result)
    jobs[job_id]["result"] = "sent"


def forgets_the_result(jobs, job_id, result):
    if jobs[job_id]["status"] != "processing":
        raise ValueError(f"job {job_id} is {jobs[job_id]['status']}")
    jobs[job_id]["status"] = "completed"


def completes_all(jobs, job_id, result):
    refuses(jobs, job_id, result)
    for job in jobs.values():
        job.update(status="completed", result=result)


def makes_a_new_record(jobs, job_id, result):
    if jobs[job_id]["status"] != "processing":
        raise ValueError(f"job {job_id} is {jobs[job_id]['status']}")
    jobs[job_id] = {"status": "completed", "result": result}


def looks_at_every_job(jobs, job_id, result):
    for job in jobs.values():
        if job["status"] != "processing":
            raise ValueError(f"job {job['id']} is {job['status']}")
    jobs[job_id].update(status="completed", result=result)


def keeps_no_zero(jobs, job_id, result):
    refuses(jobs, job_id, result or jobs[job_id].get("result"))


RIGHT["complete"] = [refuses, refuses_at_the_end]
WRONG["complete"] = [
    (refuses_pending_only, "is completed, is allowed"),
    (refuses_without_words, "a message with its id, 7"),
    (names_the_job_only, "names its state"),
    (asserts, "AssertionError"),
    (changes_before_it_looks, "no change at all"),
    (returns_false, "is allowed"),
    (refuses_all, "may be completed"),
    (names_every_state, "names the one state that the job is in"),
    (names_job_7, "a message with its id, 23"),
    (always_sent, "is 'sent'"),
    (forgets_the_result, "Keep the result as well"),
    (completes_all, "Change only this job"),
    (makes_a_new_record, "change its status and its result, and keep the rest"),
    (looks_at_every_job, "says: job 1 is pending"),
    (keeps_no_zero, "Keep the result as well"),
]
