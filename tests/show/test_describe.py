"""Pictures in words: what a screen reader says of a plot."""

import pytest
from matplotlib import pyplot as plt

from jobqueue_lesson.show.describe import describe, number
from tests.support.histories import record


def test_a_plain_plot_is_described_by_its_title_its_axes_and_what_is_drawn():
    figure, ax = plt.subplots()
    ax.bar(range(1, 4), [200, 400, 1000])
    ax.plot([1, 2, 3], [5, 80, 2], label="waiting")
    ax.axhline(10, label="limit")
    ax.set(title="The handler does the work", xlabel="client", ylabel="waited (ms)")
    assert describe(figure) == (
        "The handler does the work, waited (ms) by client: 3 bars from 200 to 1,000;"
        " “waiting”, a line from 5 at 1 to 2 at 3, at most 80; “limit”, a line at 10, across."
    )


def test_panels_are_counted_and_each_is_described():
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2], [3, 4], "o")
    left.set_title("left")
    right.plot([1], [5], "x")
    right.set_title("right", loc="right")
    assert describe(figure) == "Two panels. Left: 2 points from 3 to 4. Right: a point at 5."


def test_who_draws_may_say_it_better():
    figure, ax = plt.subplots()
    ax.set_label("What is seen.")
    assert describe(figure) == "What is seen."
    figure.set_label("All that is seen.")
    assert describe(figure) == "All that is seen."


def test_what_says_nothing_of_itself_has_no_description():
    figure, ax = plt.subplots()
    assert describe(figure) == ""
    ax.plot([1, 2])
    assert describe(figure) == ""
    ax.set_ylabel("jobs")
    assert describe(figure) == "Jobs: a line from 1 at 0 to 2 at 1."


def test_a_timeline_says_how_its_jobs_ended_and_when_they_were_in_hand():
    from jobqueue_lesson import plot_timeline

    history = record(("nap", 0.010, {}), ("nap", 0.030, {}), ("unknown", None, {}))
    assert describe(plot_timeline(history).figure) == (
        "Timeline of 3 jobs, a row for each, over 40 ms. At the end: 2 completed, 1 failed, 1 attempt failed."
        " Attempts: #1 0 ms to 10 ms, #2 10 ms to 40 ms, #3 40 ms to 40 ms."
    )
    assert "2 workers, a row for each" not in describe(plot_timeline(history, rows="workers").figure)
    assert "Timeline of 3 jobs, counted by state, over 40 ms" in describe(plot_timeline(history, max_rows=2).figure)


@pytest.mark.parametrize(
    ("value", "words"), [(0.5, "0.5"), (-0.0, "0"), (4e-6, "0"), (0.1234, "0.123"), (999.7, "1,000"), (1024, "1,024")]
)
def test_numbers_have_three_digits(value, words):
    assert number(value) == words
