"""The question of page 11's card."""

from __future__ import annotations

from ..show.cards import Option, Question, predicting

QUESTIONS = {
    "same-handlers": Question(
        "You move from your own queue to a production engine. How much of the handlers do you write again?",
        (
            Option("All of it: an engine has its own API.", "That API is around your handlers, not in them."),
            Option(
                "Nothing, if they only take data and return a result",
                "Data in, result out. They do not care who calls them.",
                right=True,
            ),
            Option("The retries in them", "There are none in them. Retries were always the queue's part."),
        ),
    ),
}

predict = predicting(QUESTIONS)
