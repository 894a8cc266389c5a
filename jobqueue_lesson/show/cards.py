"""Prediction cards: commit to an answer, run the page, and get a reason for the answer that was *yours*.

A `Question` is plain data, with a reason for each of its options, right or wrong. A `Card` puts it on the page.
"""

from __future__ import annotations

from html import escape
from typing import Any, NamedTuple

import ipywidgets

from .cells import belongs_to_cell
from .panel import Access


class Option(NamedTuple):
    """One answer that people really give."""

    says: str
    reason: str
    """Why it is right, or what is wrong with it."""
    right: bool = False


class Question(NamedTuple):
    """A question with one right answer."""

    asks: str
    options: tuple[Option, ...]

    @property
    def letters(self) -> str:
        """The options' letters, such as "ABC"."""
        return "ABCDEFGH"[: len(self.options)]

    def line(self, letter: str) -> str:
        """Return an option with its letter, to choose from."""
        return f"{letter} · {self.options[self.letters.index(letter)].says}"

    def answer(self, letter: str) -> str:
        """Return the reason for an option, and for the right one if that is another."""
        (right,) = (other for other in self.letters if self.options[self.letters.index(other)].right)
        chosen = self.options[self.letters.index(letter)]
        if chosen.right:
            return f"{letter} is right. {chosen.reason}"
        return f"Not {letter}. {chosen.reason}\n{right} is right. {self.options[self.letters.index(right)].reason}"


QUESTIONS = {
    "two-sleeps": Question(
        "The kettle boils after 180 s, the phone rings after 60 s, and both start together. What is printed first?",
        (
            Option("The kettle: it was started first.", "Starting first does not mean ending first."),
            Option("The phone: its sleep is shorter.", "Whoever has slept enough goes on.", right=True),
            Option(
                "Either: it changes from run to run.", "On a real clock it might. Simulated time has no luck in it."
            ),
        ),
    ),
    "monday-morning": Question(
        "20 requests at once, 200 ms of work each, 4 places. When does the last one have its answer?",
        (
            Option("After 200 ms", "That is its own work. Before that it stands in front of the door."),
            Option("After 1 s", "20 requests through 4 places are 5 rounds of 200 ms.", right=True),
            Option("After 4 s", "That would be one place: 20 times 200 ms. There are four."),
        ),
    ),
    "faster": Question(
        "Now you put a queue behind the API. What does it make faster?",
        (
            Option("The work", "The same work, by as many hands: all reports are there after 1 s, as before."),
            Option("The answer", "The handler only notes the work down. The work takes as long as ever.", right=True),
            Option("Both", "The answer, yes. But the last report is there after 1 s, with and without a queue."),
        ),
    ),
    "popped": Question(
        "A worker takes a job off the list with pop(0), and crashes on it. What does the list know of that job?",
        (
            Option("It is at the front again.", "Nobody put it back: the one who had it has crashed."),
            Option(
                "It has failed.", "A list has no place to note that down. It holds what is to do, and nothing else."
            ),
            Option("Nothing at all", "Taking it off was the last that the list heard of it.", right=True),
        ),
    ),
    "two-workers": Question(
        "A report takes 30 ms. A second worker comes to help. How long does a report take now?",
        (
            Option("15 ms", "Two workers do two jobs. They do not share one."),
            Option("30 ms", "No job gets faster. Only the waiting for a worker gets shorter.", right=True),
            Option("A little more than 30 ms", "They have nothing to agree on: each has a job of its own."),
        ),
    ),
    "crash": Question(
        "An e-mail without an address makes its handler crash. Who suffers?",
        (
            Option("The API goes down with it.", "The API handed the job in and forgot it. It runs elsewhere."),
            Option(
                "That job only, whatever the worker's loop looks like.",
                "Only if the loop keeps the exception inside the job. This first loop did not.",
            ),
            Option(
                "All jobs behind it, if nobody catches the exception.",
                "The loop ends with the exception, and nobody takes the next job.",
                right=True,
            ),
        ),
    ),
    "second-two": Question(
        "100 clients failed together, and all try again after 2 s. The service is back, and can take 10 at once."
        " How many get through at second 2?",
        (
            Option("All 100: the service is back.", "It is back, but 100 calls in one instant are too many for it."),
            Option("10", "It takes what it can. The other 90 fail again, and come back together again.", right=True),
            Option("None", "It does not break down here: it serves 10, and refuses the rest."),
        ),
    ),
    "retrying-is-free": Question(
        "A client calls again at once, until it has an answer. Who pays for that?",
        (
            Option("Nobody: a failed call costs nothing.", "The service has to answer each of the 51 calls."),
            Option("The client, which waits", "It would wait in any case. It is not the one that is overloaded."),
            Option(
                "The service, which is in trouble already",
                "51 calls from one client, when it can least use them.",
                right=True,
            ),
        ),
    ),
    "timed-out": Question(
        "send_welcome ended in a timeout. Was the mail sent?",
        (
            Option(
                "No: the attempt has failed.", "Only the answer got lost. Look into the outbox: the mail had gone out."
            ),
            Option("Yes", "Here it was. But a timeout looks the same when nothing was sent."),
            Option("You cannot know.", "That is why doing it twice must be the same as doing it once.", right=True),
        ),
    ),
    "starving": Question(
        "Urgent jobs keep a worker busy 95 % of the time. 60 normal jobs come in a minute, 105 % in all."
        " How many of the 60 never get a turn?",
        (
            Option(
                "None: priority only changes the order.", "There is more work than worker: somebody must go without."
            ),
            Option("About 3, as it is 5 % too much", "The 5 % are not shared out: the normal jobs bear them all."),
            Option("About 30", "5 % of all the work is half of the normal jobs' work.", right=True),
        ),
    ),
    "interrupts": Question(
        "A newsletter is being sent when a reminder of priority 10 falls due. What happens?",
        (
            Option("The newsletter is put aside.", "A priority decides who is next. It interrupts nobody."),
            Option(
                "The reminder is next.", "It waits for the newsletter in hand, and passes all that wait.", right=True
            ),
            Option(
                "The reminder goes to the end of the line.", "The line is by priority first, and only then by time."
            ),
        ),
    ),
    "accepted": Question(
        "The API has answered 202. What does the client know?",
        (
            Option("The report is ready.", "Nobody has begun with it. Ready would be a 200, with the report."),
            Option("The report will be made, sooner or later.", "It may fail for good. Nothing was promised."),
            Option("Its order is written down.", "And it knows where to ask how it went.", right=True),
        ),
    ),
    "poison": Question(
        "A message cannot be parsed. After each failure it goes back to the front of the line, without a limit."
        " One worker. What happens to the jobs behind it?",
        (
            Option("They are done a little later.", "Later would be after the last failure. There is no last one."),
            Option("The worker does them in between.", "It takes the first in the line, and that is always the same."),
            Option("They are never done.", "The worker is busy for ever, with a job that cannot succeed.", right=True),
        ),
    ),
    "revive": Question(
        "A job failed three times and was given up. A person revives it. How many attempts does it get?",
        (
            Option("One", "Then one more hiccup, and it would be dead again. It begins anew."),
            Option("Three new ones", "It is treated like a new job, and its old errors are kept.", right=True),
            Option("As many as it takes", "A limit is what made it a dead letter. It still has one."),
        ),
    ),
    "drift": Question(
        "A loop does work that takes 0.1 s, then sleeps for 1 s, 100 times. When does the last of the 100 begin?",
        (
            Option("At second 99", "So it would be if the work took no time. The loop never gets those 0.1 s back."),
            Option("A tenth of a second later", "Each round adds a tenth of its own, and none is ever made up for."),
            Option("About 10 seconds later", "99 rounds before it, each 0.1 s too long.", right=True),
        ),
    ),
    "too-long": Question(
        "A job is due every second, and takes 2.5. What should happen at the ticks while it runs?",
        (
            Option("Start it again beside itself.", "Soon there are three at a time, then ten: the work piles up."),
            Option(
                "It depends on the job.",
                "A clean-up may be skipped; a report should run, only later. It is a setting.",
                right=True,
            ),
            Option("Line all of them up.", "The line gets 1.5 s longer with every second, for ever."),
        ),
    ),
    "restart": Question(
        "Five e-mails are in a queue in memory. Its process is killed while it does the third. It starts again."
        " How many will still be sent?",
        (
            Option(
                "Three: the one in hand, and the two behind it", "The list of them was in the memory of the process."
            ),
            Option("Two: only the one in hand is lost", "Those that waited were in the same memory."),
            Option("None", "The queue was in the process. There is no queue any more.", right=True),
        ),
    ),
    "killed-after-sending": Question(
        "A worker has sent a mail, and is killed before it can say so. The queue is on disk. What happens to the job?",
        (
            Option(
                "It is given to somebody else, and the mail is sent again.",
                "For the queue, a worker that was killed before and one that was killed after look the same.",
                right=True,
            ),
            Option("It is completed, since the mail was sent.", "Nobody has told the queue so."),
            Option("It stays in hand for ever.", "In a queue without leases, yes. Here the lease runs out."),
        ),
    ),
    "busier": Question(
        "Four workers are busy 80 % of the time, and a job waits 0.75 s on average. More jobs come, and they are busy"
        " 95 % of the time. How long does a job wait now?",
        (
            Option("About 0.9 s: a fifth more work", "Work grows by a fifth. The wait does not grow with the work."),
            Option("About 1.5 s: twice as long", "At 88 % it is twice as long. It goes on climbing, and faster."),
            Option("About 4.5 s", "Near 100 % each percent costs more than the one before.", right=True),
        ),
    ),
    "pooled": Question(
        "Two teams of five, each with a line of its own. You give them one line. What does a job's mean wait do?",
        (
            Option(
                "It stays: as many workers, as much work.",
                "One team may idle while the other's line grows.",
            ),
            Option(
                "It gets much shorter.", "Nobody idles while anybody waits, wherever the job came from.", right=True
            ),
            Option(
                "It gets longer: the line is twice as long.",
                "It is not: 1.6 jobs wait in it, and 2.2 in each of the two. And it moves twice as fast.",
            ),
        ),
    ),
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
    "whose-progress": Question(
        "A worker has two jobs in hand. Both handlers look at the global `current` to see whose progress they report."
        " Whose is it?",
        (
            Option("Each its own", "There is one `current`, and two handlers read it."),
            Option("Always that of the first job", "The second job overwrote the name when it was picked up."),
            Option(
                "Always that of the last one picked up",
                "`current` names whoever came last, also for the handler that came first.",
                right=True,
            ),
        ),
    ),
    "back-to-start": Question(
        "The first attempt failed at 50 %. The second has just reached 10 %. What should the user's bar show?",
        (
            Option("50 %", "A bar that never goes back. It moves again when there is something new.", right=True),
            Option("10 %", "That is honest, and the user thinks that something has been lost."),
            Option("60 %", "The second attempt does the first half once more. Nothing adds up here."),
        ),
    ),
    "full": Question(
        "The worker is too slow, and requests keep coming. What does a longer queue change?",
        (
            Option(
                "Fewer are refused at first, and all wait longer.", "A place in a line is not work done.", right=True
            ),
            Option("More jobs get done in a minute.", "The worker does as many as before, however long the line."),
            Option("Nothing", "It does change who waits, and for how long, before the first is refused."),
        ),
    ),
}


class Card(ipywidgets.VBox):  # type: ignore[misc]
    """A question to commit to. What has been committed to stays."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.committed: str | None = None
        self._choices = ipywidgets.RadioButtons(
            options=[(question.line(letter), letter) for letter in question.letters],
            value=None,
            layout={"width": "max-content", "max_width": "100%"},
        )
        self._button = ipywidgets.Button(description="Commit", disabled=True, button_style="primary")
        self._state = ipywidgets.HTML()
        self._reason = Reason(question)
        self._choices.observe(self._chosen, names="value")
        self._button.on_click(lambda _: self.commit(self._choices.value))
        title = ipywidgets.HTML(f"<b>{escape(question.asks)}</b>")
        super().__init__([title, self._choices, ipywidgets.HBox([self._button, self._state]), Access()])
        belongs_to_cell(self)

    def commit(self, letter: str) -> None:
        """Commit to an option.

        Raises:
            ValueError: if there is no such option.
            RuntimeError: if an answer has been given already.
        """
        if letter not in tuple(self.question.letters):
            raise ValueError(f"choose one of {', '.join(self.question.letters)}, got {letter!r}")
        if self.committed is not None:
            raise RuntimeError(f"you have committed to {self.committed} already; to start again, run the card's cell")
        self.committed = letter
        self._choices.value = letter
        self._choices.disabled = self._button.disabled = True
        self._state.value = f"You said {letter}. Read on: the reason comes when you have seen it happen."
        self._reason.show(letter)

    def reason(self) -> Reason:
        """Return what there is to say to the answer that was committed to."""
        return self._reason

    def _chosen(self, _: object) -> None:
        self._button.disabled = self.committed is not None or self._choices.value is None

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Show the card; as text, the question and its options."""
        bundle = dict(super()._repr_mimebundle_(**options) or {})
        lines = [self.question.line(letter) for letter in self.question.letters]
        return bundle | {"text/plain": "\n".join([self.question.asks, *lines])}


class Reason(ipywidgets.HTML):  # type: ignore[misc]
    """What there is to say to an answer. It follows the card, also when the answer comes late."""

    def __init__(self, question: Question) -> None:
        self.question = question
        super().__init__("<i>You have not committed to an answer yet. Go back to the question, and choose.</i>")

    def show(self, letter: str) -> None:
        """Say it."""
        right = self.question.options[self.question.letters.index(letter)].right
        colour, mark = ("#009e73", "✓") if right else ("#d55e00", "✗")
        said = escape(self.question.line(letter))
        why = escape(self.question.answer(letter)).replace("\n", "<br>")
        self.value = (
            f'<div style="border-left: 5px solid {colour}; padding: 2px 12px; line-height: 1.5">'
            f"<b>{mark} You said: {said}</b><br>{why}</div>"
        )

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Show it; as text, what there is to say to every option."""
        bundle = dict(super()._repr_mimebundle_(**options) or {})
        options_ = zip(self.question.letters, self.question.options, strict=True)
        lines = [f"{letter} · {o.says} – {'✓' if o.right else '✗'} {o.reason}" for letter, o in options_]
        return bundle | {"text/plain": "\n".join(lines)}


def predict(name: str) -> Card:
    """Return a card with one of the course's questions.

    Args:
        name: a key of `QUESTIONS`.

    Raises:
        KeyError: for a name that is not there; it lists those that are.
    """
    if name not in QUESTIONS:
        raise KeyError(f"no question {name!r}; there are: {', '.join(QUESTIONS)}")
    return Card(QUESTIONS[name])
