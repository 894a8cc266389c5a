"""The helper that shows source."""

import inspect

import pytest

from jobqueue_lesson import JobQueue
from jobqueue_lesson.api import create_app
from jobqueue_lesson.show.source import source


def test_source_is_the_installed_modules_own():
    shown = source(JobQueue.dequeue).data
    assert shown.startswith("`jobqueue_lesson.queue`\n\n```python\ndef dequeue(self")
    lines = [line.strip() for line in inspect.getsource(JobQueue.dequeue).splitlines()]
    assert [line.strip() for line in shown.splitlines()[3:-1]] == lines


def test_a_part_is_shown_by_itself_with_its_decorators():
    shown = source(create_app, "create_report").data.splitlines()
    assert shown[:4] == ["`jobqueue_lesson.api`", "", "```python", "@app.post("]
    assert "async def create_report(" in shown
    assert shown[-2:] == ['    return Accepted(jobId=job.id, status="queued", statusUrl=f"/api/jobs/{job.id}")', "```"]
    with pytest.raises(KeyError, match="no function 'delete_report'"):
        source(create_app, "delete_report")
