"""Answers to the exercises of page 6."""

RIGHT = {}
WRONG = {}


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


def none_for_zero(job):
    state = by_status(job)
    if "result" in state:
        state["result"] = state["result"] or None
    return state


def error_at_the_last_attempt(job):
    state = by_status(job)
    if job.status != "completed" and job.attempts == job.max_attempts and job.error:
        state["error"] = job.error
    return state


def error_without_a_next_attempt(job):
    state = by_status(job)
    if job.errors and job.errors[-1].retry_in is None:
        state["error"] = job.error
    return state


def error_if_there_is_one(job):
    state = by_status(job)
    if not job.error:
        state.pop("error", None)
    return state


calls = []


def counts_its_calls(question):
    calls.append(question)
    return 0.010 * 2 ** ((len(calls) - 1) % 40)


RIGHT["state"] = [by_status, by_table]
WRONG["state"] = [
    (if_there_is_a_result, "with the result None"),
    (if_there_is_an_error, "pending again, after an attempt that failed"),
    (always_both, "for a job that is pending"),
    (result_only, "permanently failed"),
    (none_for_zero, "with the result 0"),
    (error_at_the_last_attempt, "processing, at its second and last attempt"),
    (error_without_a_next_attempt, "because a person revived it"),
    (error_if_there_is_one, "permanently failed, with an empty error"),
    (as_text, "for a job that is pending"),
]

RIGHT["wait"] = [lambda n: 0.010 * 2 ** (n - 1), lambda n: 0.020 * 1.8 ** (n - 1), lambda n: 0.010 * 2**n]
WRONG["wait"] = [
    (lambda n: 1, "Start with a short wait"),
    (lambda n: 0.1, "hears of its end 0.1 s after"),
    (lambda n: 0.01 * n, "more than 20 questions"),
    (lambda n: min(1.0, 0.010 * 2 ** (n - 1)), "a job of 10 minutes needs more than 20 questions"),
    (lambda n: 0.010 * 1.5 ** (n - 1), "more than 20 questions"),
    (
        lambda n: 0.010 * 2 ** (n - 1) if n < 13 else 1000,
        "a job takes a little more than 40.95 s, and the client hears of its end 1,040.95 s after ordering it",
    ),
    (lambda n: 0.010 * 5 ** (n - 1), "This wait is too long for what has passed so far"),
    (lambda n: print(0.010 * 2**n), "Is a return missing?"),
    (lambda n: "10ms", "Return a number of seconds"),
    (lambda n: 0.010 * (n - 1), "It has the number 1, not 0"),
    (lambda n: min(1, 0.010 * 2**n), "The waits grow too slowly, or stop growing"),
    (lambda n: 0.020 * 2**n, "hears of its end 0.12 s after"),
    (lambda n: 0 if n == 1 else 0.010 * 2 ** (n - 2), "Right after the order there is nothing to hear yet"),
    (lambda n: 0.010 * 2.003 ** (n - 1), "hears of its end 10.3536 s after"),
    (counts_its_calls, "the same wait each time"),
    (lambda n: "10 ms", "a number of seconds"),
]
