"""Page 0: the question of its card."""

from __future__ import annotations

from ..show.cards import Option, Question, predicting

QUESTIONS = {
    "two-sleeps": Question(
        "The kettle boils after 180 s, the phone rings after 60 s, and both start together. What is printed first?",
        (
            Option("The kettle: it was started first.", "Starting first does not mean finishing first."),
            Option("The phone: its sleep is shorter.", "The shorter sleep ends first.", right=True),
            Option(
                "Either: it changes from run to run.", "On a real clock it might. Simulated time has no luck in it."
            ),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
