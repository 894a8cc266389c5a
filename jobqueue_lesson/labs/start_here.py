"""Page 0: the question of its card."""

from __future__ import annotations

from ..show.cards import Option, Question, predicting

QUESTIONS = {
    "bobs-email": Question(
        "An e-mail takes 10 ms, an image 20 ms, a report 30 ms. One worker does the five jobs. How long after it starts"
        " has Bob's e-mail, job 4, been sent?",
        (
            Option("10 ms", "10 ms is its own work. The jobs ahead of it come first."),
            Option(
                "70 ms",
                "It waits for three jobs, 10 + 20 + 30 ms, and then takes its own 10 ms.",
                right=True,
            ),
            Option("90 ms, when all are done", "A job is done when its own work ends. Job 5 comes after it."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
