"""Prediction cards: commit to an answer, run the page, and read why *your* answer is right or wrong.

A `Question` is plain data, with a reason for each of its options, right or wrong. A `Card` shows it on the page. The
course's questions are in `labs`, each in the module of its page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any, NamedTuple

import ipywidgets

from .access import Access
from .cells import belongs_to_cell


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

    def answer(self, letter: str) -> str:
        """Return the reason for an option and, if it is wrong, for the right one."""
        (right,) = (other for other in self.letters if self.options[self.letters.index(other)].right)
        chosen = self.options[self.letters.index(letter)]
        if chosen.right:
            return f"{letter} is right. {chosen.reason}"
        return f"Not {letter}. {chosen.reason}\n{right} is right. {self.options[self.letters.index(right)].reason}"


class Card(ipywidgets.VBox):  # type: ignore[misc]
    """A question with options to commit to. A committed answer cannot be changed."""

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
            RuntimeError: if there already is a committed answer.
        """
        if letter not in tuple(self.question.letters):
            raise ValueError(f"choose one of {', '.join(self.question.letters)}, got {letter!r}")
        if self.committed is not None:
            raise RuntimeError(f"you have already committed to {self.committed}; to start again, run the card's cell")
        self.committed = letter
        self._choices.value = letter
        self._choices.disabled = self._button.disabled = True
        self._state.value = f"You said {letter}. Read on: you get the reason once you have seen it happen."
        self._reason.show(letter)

    def reason(self) -> Reason:
        """Return the reason for the committed answer, as a widget."""
        return self._reason

    def _chosen(self, _: object) -> None:
        self._button.disabled = self.committed is not None or self._choices.value is None

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Show the card; as text, the question and its options."""
        bundle = dict(super()._repr_mimebundle_(**options) or {})
        lines = [self.question.line(letter) for letter in self.question.letters]
        return bundle | {"text/plain": "\n".join([self.question.asks, *lines])}


class Reason(ipywidgets.HTML):  # type: ignore[misc]
    """The reason for an answer. It follows its card, even if the answer comes later."""

    def __init__(self, question: Question) -> None:
        self.question = question
        super().__init__("<i>You have not committed to an answer yet. Go back to the question and choose one.</i>")

    def show(self, letter: str) -> None:
        """Show the reason for an option."""
        right = self.question.options[self.question.letters.index(letter)].right
        colour, mark = ("#009e73", "✓") if right else ("#d55e00", "✗")
        said = escape(self.question.line(letter))
        why = escape(self.question.answer(letter)).replace("\n", "<br>")
        self.value = (
            f'<div style="border-left: 5px solid {colour}; padding: 2px 12px; line-height: 1.5">'
            f"<b>{mark} You said: {said}</b><br>{why}</div>"
        )

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Show the reason; as text, the reasons for all options."""
        bundle = dict(super()._repr_mimebundle_(**options) or {})
        options_ = zip(self.question.letters, self.question.options, strict=True)
        lines = [f"{letter} · {o.says} – {'✓' if o.right else '✗'} {o.reason}" for letter, o in options_]
        return bundle | {"text/plain": "\n".join(lines)}


def predicting(questions: Mapping[str, Question]) -> Callable[[str], Card]:
    """Return a page's `predict`, which makes a card from one of these questions, given its name."""

    def predict(name: str) -> Card:
        """Return a card with one of this page's questions.

        Raises:
            KeyError: for an unknown name; the message lists the known ones.
        """
        if name not in questions:
            raise KeyError(f"no question {name!r}; there are: {', '.join(questions)}")
        return Card(questions[name])

    return predict
