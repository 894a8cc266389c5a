"""Page 11: the questions of its cards."""

from __future__ import annotations

from ..show.cards import Option, Question, predicting, remembering

QUESTIONS = {
    "same-handlers": Question(
        "You move from your own queue to a production engine. How many of your handlers do you have to rewrite?",
        (
            Option(
                "All, if the engine has its own way to write a task",
                "That way is a line around the handler. Inside, it is as it was.",
            ),
            Option(
                "None, if they only take data and return a result",
                "Data in, result out. They do not care who calls them.",
                right=True,
            ),
            Option(
                "Some, if they are tried again after an error", "Retries were never in them. That is the queue's part."
            ),
        ),
    ),
}

REMEMBER = {
    "silent-worker": Question(
        "Page 10: ann is killed in the middle of a job. When does another worker get that job?",
        (
            Option("As soon as her process has ended", "SIGKILL says nothing to the queue. Silence is all it has."),
            Option("When it asks and her lease has run out", "A dead worker renews nothing.", right=True),
            Option("When a person puts the job back", "So it is without leases."),
        ),
    ),
    "two-schedulers": Question(
        "Page 8: two servers run the same schedule. Why is each newsletter enqueued only once?",
        (
            Option("Only one of the servers is active.", "Both are: so one may go down."),
            Option("Their clocks are a little apart.", "Then both would enqueue it, one a little later."),
            Option("Both give it the same key: the tick", "The second finds the job already there.", right=True),
        ),
    ),
}

predict = predicting(__name__, QUESTIONS)
remember = remembering(__name__, REMEMBER)
