"""Prediction cards: commit to an answer, run the page, and read why *your* answer is right or wrong.

A `Question` is plain data, with a reason for each of its options, right or wrong. A `Card` shows it on the page. The
course's questions are in `labs`, each in the module of its page. A committed answer is kept, as solved exercises are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import ipywidgets

from . import kept
from .access import Access
from .cells import belongs_to_cell
from .prose import to_html
from .saved import with_text

WORDS = {
    "commit": "Commit",
    "again": "Ask me again",
    "said": "You said {letter}.",
    "later": "Read on: you get the reason once you have seen it happen.",
    "earlier": "You said {letter} earlier.",
    "before": "You have not committed to an answer yet. Go back to the question and choose one.",
    "chosen": "You said: {line}",
    "right": "{letter} is right. {reason}",
    "wrong": "Not {letter}. {reason}",
}
"""What a card says besides its question. Pages without a kernel say the same: see `alive`."""

NOT_YET = f"<i>{WORDS['before']}</i>"
RIGHT, WRONG = "#009e73", "#d55e00"


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
        """Return an option with its letter, as the card shows it."""
        return f"{letter} · {self.options[self.letters.index(letter)].says}"

    @property
    def data(self) -> dict[str, Any]:
        """The question and its options, as a page without a kernel needs them."""
        return {"asks": self.asks, "options": [option._asdict() for option in self.options]}

    def answer(self, letter: str) -> str:
        """Return the reason for an option and, if it is wrong, for the right one."""
        (right,) = (other for other in self.letters if self.options[self.letters.index(other)].right)
        chosen = self.options[self.letters.index(letter)]
        why = WORDS["right"].format(letter=right, reason=self.options[self.letters.index(right)].reason)
        if chosen.right:
            return why
        return f"{WORDS['wrong'].format(letter=letter, reason=chosen.reason)}\n{why}"


class Card(ipywidgets.VBox):  # type: ignore[misc]
    """A question with options to commit to.

    A committed answer cannot be changed. It is kept: when the card's cell runs again, the card has it, and offers to
    ask once more.

    Args:
        question: the question.
        name: under which the answer is kept, such as "job_queue/popped"; "": it is not kept.
        at_once: whether the card itself gives the reason, as soon as there is an answer.
    """

    def __init__(self, question: Question, name: str = "", *, at_once: bool = False) -> None:
        self.question = question
        self.name = name
        self.committed: str | None = None
        self._choices = ipywidgets.RadioButtons(
            options=[(question.line(letter), letter) for letter in question.letters],
            value=None,
            layout={"width": "max-content", "max_width": "100%"},
        )
        self._button = ipywidgets.Button(description=WORDS["commit"], disabled=True, button_style="primary")
        self._again = ipywidgets.Button(description=WORDS["again"], layout={"display": "none"})
        self._state = ipywidgets.HTML()
        self._at_once = at_once
        self._reason = Reason(question, name, "" if at_once else NOT_YET)
        self._choices.observe(self._chosen, names="value")
        self._button.on_click(lambda _: self.commit(self._choices.value))
        self._again.on_click(lambda _: self.ask_again())
        title = ipywidgets.HTML(f"<b>{to_html(question.asks)}</b>")
        row = ipywidgets.HBox([self._button, self._again, self._state])
        super().__init__([title, self._choices, row, *([self._reason] if at_once else []), Access()])
        self._recall()
        belongs_to_cell(self)

    def commit(self, letter: str) -> None:
        """Commit to an option.

        Raises:
            ValueError: if there is no such option.
            RuntimeError: if there already is a committed answer.
        """
        if letter not in tuple(self.question.letters):
            raise ValueError(f"choose one of {', '.join(self.question.letters)}, got {letter!r}")
        if self.committed is not None:
            raise RuntimeError(f"you have already committed to {self.committed}; to answer again, use ask_again()")
        self._lock(letter)
        said = WORDS["said"].format(letter=letter)
        self._state.value = said if self._at_once else f"{said} {WORDS['later']}"
        if self.name:
            kept.keep_prediction(self.name, self.question.options[self.question.letters.index(letter)].says)

    def ask_again(self) -> None:
        """Forget the committed answer, and ask once more."""
        self.committed = None
        self._choices.disabled = False
        self._choices.value = None
        self._again.layout.display = "none"
        self._state.value = ""
        self._reason.clear()
        if self.name:
            kept.keep_prediction(self.name, None)

    def reason(self) -> Reason:
        """Return the reason for the committed answer, as a widget."""
        return self._reason

    def _recall(self) -> None:
        """Take up the answer of an earlier run, if there is one, and if it still is one of the options."""
        said = kept.prediction(self.name) if self.name else None
        for letter, option in zip(self.question.letters, self.question.options, strict=True):
            if option.says == said:
                self._lock(letter)
                self._again.layout.display = None
                self._state.value = WORDS["earlier"].format(letter=letter)

    def _lock(self, letter: str) -> None:
        self.committed = letter
        self._choices.value = letter
        self._choices.disabled = self._button.disabled = True
        self._reason.show(letter)

    def _chosen(self, _: object) -> None:
        self._button.disabled = self.committed is not None or self._choices.value is None

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the card; as text, the question and its options."""
        lines = [self.question.line(letter) for letter in self.question.letters]
        alive = {"kind": "card", "name": self.name, "at_once": self._at_once, **self.question.data}
        return with_text(super()._repr_mimebundle_(**options), "\n".join([self.question.asks, *lines]), alive=alive)


class Reason(ipywidgets.HTML):  # type: ignore[misc]
    """The reason for an answer. It follows its card, even if the answer comes later.

    Args:
        question: the card's question.
        name: the card's name.
        before: what is shown while there is no answer, as HTML.
    """

    def __init__(self, question: Question, name: str = "", before: str = NOT_YET) -> None:
        self.question = question
        self.name = name
        self._before = before
        self._letter: str | None = None
        super().__init__(before)

    def show(self, letter: str) -> None:
        """Show the reason for an option."""
        self._letter = letter
        right = self.question.options[self.question.letters.index(letter)].right
        colour, mark = (RIGHT, "✓") if right else (WRONG, "✗")
        said = to_html(WORDS["chosen"].format(line=self.question.line(letter)))
        why = to_html(self.question.answer(letter)).replace("\n", "<br>")
        self.value = (
            f'<div style="border-left: 5px solid {colour}; padding: 2px 12px; line-height: 1.5">'
            f"<b>{mark} {said}</b><br>{why}</div>"
        )

    def clear(self) -> None:
        """Show no reason any more."""
        self._letter = None
        self.value = self._before

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the reason; as text, the reasons for all options."""
        options_ = zip(self.question.letters, self.question.options, strict=True)
        lines = [f"{letter} · {o.says} – {'✓' if o.right else '✗'} {o.reason}" for letter, o in options_]
        asleep = "You had not committed to an answer when this was saved."
        if self._letter is not None:
            asleep = self.question.answer(self._letter)
        alive = {"kind": "reason", "name": self.name, **self.question.data}
        return with_text(super()._repr_mimebundle_(**options), "\n".join(lines), asleep=asleep, alive=alive)


def predicting(page: str, questions: Mapping[str, Question]) -> Callable[[str], Card]:
    """Return a page's `predict`, which makes a card from one of its questions, given the question's name.

    Args:
        page: the `__name__` of the page's module in `labs`: its cards' answers are kept under it.
        questions: the page's questions, by name.
    """

    def predict(name: str) -> Card:
        """Return a card with one of this page's questions. Its reason comes later on the page.

        Raises:
            KeyError: for an unknown name; the message lists the known ones.
        """
        return _card(page, questions, name)

    return predict


def remembering(page: str, questions: Mapping[str, Question]) -> Callable[[str], Card]:
    """Return a page's `remember`: like its `predict`, but about earlier pages, and the card gives the reason at once.

    Args:
        page: the `__name__` of the page's module in `labs`.
        questions: the page's questions about earlier pages, by name.
    """

    def remember(name: str) -> Card:
        """Return a card with a question about an earlier page. It gives the reason itself.

        Raises:
            KeyError: for an unknown name; the message lists the known ones.
        """
        return _card(page, questions, name, at_once=True)

    return remember


def _card(page: str, questions: Mapping[str, Question], name: str, *, at_once: bool = False) -> Card:
    if name not in questions:
        raise KeyError(f"no question {name!r}; there are: {', '.join(questions)}")
    return Card(questions[name], f"{page.rpartition('.')[2]}/{name}", at_once=at_once)
