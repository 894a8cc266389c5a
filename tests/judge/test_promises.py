"""Every sentence of the contract is held by a stage of the judge, word for word."""

import ast
import inspect
import re

from jobqueue_lesson import contract
from jobqueue_lesson.judge.promises import Promise

EXPLAINS = {
    "Producer": [
        "What producers can rely on, however the queue stores its jobs.",
        "Whether it follows later changes is not promised: a queue in memory may return the job itself, one with "
        "storage cannot.",
    ],
    "subscribe": [
        "A listener may raise an error, unsubscribe, or call the queue: the other listeners still hear of every move, "
        "in the order of the moves.",
    ],
    "lease": [
        "The queue need not notice before the next `dequeue` or `wait`.",
        "Until it has noticed, a report of that attempt may count or raise `LeaseLost`.",
    ],
    "heartbeat": ["For `attempt`, see `complete`."],
    "complete": [
        "After `release`, the next attempt has the same number again.",
        "So a worker must never report on an attempt that it has released.",
        "job_id: the job.",
    ],
    "fail": [
        "When, and after which errors, it is retried is up to the `RetryPolicy` that the queue was made with or, "
        "without one, to the queue.",
        "For `attempt`, see `complete`.",
    ],
    "release": [
        "Only `worker`, `started_at` and `finished_at` may still tell of it.",
        "For `attempt`, see `complete`.",
    ],
    "Queue": [
        "If jobs are in a file, workers may be in several processes.",
        "One that sleeps in `wait` need not hear of a job from another process.",
    ],
    "wait": [
        "A caller for whom there is no job sleeps on, and keeps its place.",
        "One that is cancelled leaves the line, and the next is woken for it.",
        "If all jobs are finished already, it may return at once.",
    ],
    "progress": ["job_id: the job.", "attempt: see `complete`."],
}
"""What the contract says beside its promises."""


def sentences(docstring):
    """Cut a docstring into sentences; each entry of a list, such as an argument, is kept in one piece."""
    entry = re.compile(r"^(?:- |\w+(?:, \w+)*: )")
    parts = [""]
    for line in docstring.splitlines():
        text = line.strip()
        if text in ("", "Args:", "Raises:") or entry.match(text):
            parts.append("")
        if text not in ("", "Args:", "Raises:"):
            parts[-1] = f"{parts[-1]} {text.removeprefix('- ')}".strip()
    for part in filter(None, parts):
        yield from [part] if re.match(r"\w+(, \w+)*: ", part) else re.split(r"(?<=\.) ", part)


def said():
    """Return what the contract says: each sentence with the class or method that it is about."""
    tree = ast.parse(inspect.getsource(contract))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, sentence) for sentence in sentences(ast.get_docstring(node)))
            for member in node.body:
                if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield from ((member.name, sentence) for sentence in sentences(ast.get_docstring(member)))


def test_each_sentence_of_the_contract_is_a_promise_or_explains_one():
    promised = {promise.value for promise in Promise}
    explained = {(about, words) for about, all_words in EXPLAINS.items() for words in all_words}
    assert set(said()) == promised | explained
    assert not promised & explained


def test_no_two_promises_are_the_same():
    assert len({promise.words for promise in Promise}) == len(Promise)
