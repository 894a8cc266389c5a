"""The sequence diagram, drawn from what was said."""

from jobqueue_lesson.show.sequence import plot_sequence, text_sequence
from tests.support.conversations import conversation


def test_every_message_is_noted_in_order_with_who_said_it_to_whom():
    assert text_sequence(conversation()).splitlines() == [
        "    0 ms  client → API     POST /api/reports",
        "    0 ms     API → queue   enqueue #1",
        "    0 ms     API → client  202 queued",
        "    0 ms   queue → worker  dequeue #1",
        "   20 ms  client → API     GET /api/jobs/1",
        "   20 ms     API → client  200 processing",
        "   30 ms  worker → queue   complete #1",
        "   40 ms  client → API     GET /api/jobs/1",
        "   40 ms     API → client  200 completed",
        "   40 ms  client → API     GET /api/jobs/2",
        "   40 ms     API → client  404 Job not found",
    ]


def test_the_picture_has_an_arrow_for_every_message():
    noted = conversation()
    words = [text.get_text() for text in plot_sequence(noted).texts]
    assert [word for word in words if word in {m.says for m in noted.messages}] == [m.says for m in noted.messages]
    assert words.count("0 ms") == 1
