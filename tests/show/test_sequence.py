"""The sequence diagram, drawn from what was said."""

from itertools import pairwise

from matplotlib.text import Annotation

from jobqueue_lesson.show.sequence import plot_sequence, text_sequence
from tests.support.conversations import conversation


def test_every_message_is_noted_in_order_with_who_said_it_to_whom():
    assert text_sequence(conversation()).splitlines() == [
        "    0 ms  client → API     POST /api/reports",
        "    0 ms     API → queue   enqueue #1",
        "    0 ms     API → client  202 queued",
        "    0 ms   queue → worker  dequeue #1",
        "   20 ms  client → API     GET /api/jobs/1",
        "   20 ms     API → queue   get #1",
        "   20 ms     API → client  200 processing",
        "   30 ms  worker → queue   complete #1",
        "   40 ms  client → API     GET /api/jobs/1",
        "   40 ms     API → queue   get #1",
        "   40 ms     API → client  200 completed",
        "   40 ms  client → API     GET /api/jobs/2",
        "   40 ms     API → queue   get #2",
        "   40 ms     API → client  404 Job not found",
    ]


def test_the_picture_has_an_arrow_for_every_message():
    noted = conversation()
    words = [text.get_text() for text in plot_sequence(noted).texts]
    assert [word for word in words if word in {m.says for m in noted.messages}] == [m.says for m in noted.messages]
    assert words.count("0 ms") == 1


def test_messages_are_further_apart_the_more_time_is_between_them():
    noted = conversation()
    rows = [t.xy[1] for t in plot_sequence(noted).texts if isinstance(t, Annotation)]
    gaps = [round(later - earlier, 3) for earlier, later in pairwise(rows)]
    waits = [round(later.at - earlier.at, 6) for earlier, later in pairwise(noted.messages)]
    gap_after = {wait: {gap for gap, w in zip(gaps, waits, strict=True) if w == wait} for wait in set(waits)}
    assert gap_after == {0: {1}, 0.01: {1.5}, 0.02: {2}}


def test_a_conversation_without_messages_is_empty():
    noted = conversation()
    noted.messages.clear()
    assert "0 messages" in plot_sequence(noted).get_label()
    assert text_sequence(noted) == ""
