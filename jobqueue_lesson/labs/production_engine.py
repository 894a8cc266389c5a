"""Page 11: the question of its card."""

from __future__ import annotations

from ..show.cards import Option, Question, predicting

QUESTIONS = {
    "same-handlers": Question(
        "You move from your own queue to a production engine. How much of your handlers do you have to rewrite?",
        (
            Option(
                "All of it: an engine has its own API.",
                "The engine's API is for the code around the handlers. They never call it.",
            ),
            Option(
                "Nothing, if they only take data and return a result",
                "Data in, result out. They do not care who calls them.",
                right=True,
            ),
            Option("Only the part that retries", "There is no such part. Retries were always the queue's part."),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
