"""The helper that shows source."""

import inspect

from jobqueue_lesson import JobQueue
from jobqueue_lesson.show.source import source


def test_source_is_the_installed_modules_own():
    shown = source(JobQueue.dequeue).data
    assert shown.startswith("`jobqueue_lesson.queue`\n\n```python\ndef dequeue(self")
    lines = [line.strip() for line in inspect.getsource(JobQueue.dequeue).splitlines()]
    assert [line.strip() for line in shown.splitlines()[3:-1]] == lines
