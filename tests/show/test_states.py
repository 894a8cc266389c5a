from jobqueue_lesson.job import Move, Status
from jobqueue_lesson.show.states import plot_states, text_states


def test_the_picture_has_every_state_and_every_move_of_the_table_and_no_other():
    axes = plot_states()
    words = [text.get_text() for text in axes.texts if text.get_text()]
    arrows = {*Move}
    assert {name for text in words for name in text.split(", ")} == arrows | {str(status) for status in Status}
    pairs = {(move.source, move.target) for move in Move}
    assert len(axes.texts) == 2 * len(pairs) + len(Status)


def test_the_text_has_a_line_for_every_move():
    lines = text_states().splitlines()
    assert len(lines) == len(Move)
    assert lines[0] == "(new)       enqueue →   pending     a producer adds the job"
    for line, move in zip(lines, Move, strict=True):
        assert all(str(word) in line for word in (move, move.target or "(gone)", move.means, move.source or "(new)"))
