"""Requests made up by schemathesis from the OpenAPI schema: no 500, and no answer that the schema does not name."""

import schemathesis
from hypothesis import settings
from schemathesis.core.failures import FailureGroup
from schemathesis.openapi.checks import AllowHeaderMismatch, RejectedPositiveData

from jobqueue_lesson import JobQueue
from jobqueue_lesson.api import create_app
from tests.support.examples import MORE

TOKEN = "s3cret"


def service(busy=True):
    """A service with jobs in every state, and room for a few more; or one whose jobs have all ended."""
    queue = JobQueue("reports", max_pending=40)
    for number in range(20):
        job = queue.enqueue("generate-report", {"n": number}, max_attempts=1)
        queue.dequeue()
        if number % 2:
            queue.fail(job.id, "broken")
        elif number % 4 or not busy:
            queue.complete(job.id, {"pages": 5})
    return create_app(queue, admin_token=TOKEN)


# A schema cannot say that "to" is not before "from", or that a key is taken; and Starlette's 405 names only the methods
# of one of the routes that share a path.
BEYOND_THE_SCHEMA = (RejectedPositiveData, AllowHeaderMismatch)

STREAM = "/api/jobs/{job_id}/events"
made_up = settings(max_examples=40 * MORE)

everything_else = schemathesis.openapi.from_asgi("/openapi.json", service()).exclude(path=STREAM)
streams = schemathesis.openapi.from_asgi("/openapi.json", service(busy=False)).include(path=STREAM)  # none goes on


@everything_else.parametrize()
@made_up
def test_every_answer_is_one_that_the_schema_names(case):
    check(case)


@streams.parametrize()
@made_up
def test_every_stream_is_one_that_the_schema_names(case):
    check(case)


def check(case):
    try:
        case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"})
    except FailureGroup as failures:
        serious = [failure for failure in failures.exceptions if not isinstance(failure, BEYOND_THE_SCHEMA)]
        if serious:
            raise
