import pytest

from jobqueue_lesson.labs.why_background_jobs import predict
from jobqueue_lesson.show.cards import Card
from tests.support.played import QUESTIONS


@pytest.fixture(params=QUESTIONS)
def card(request):
    return Card(QUESTIONS[request.param])


def test_a_question_has_one_right_answer_and_a_reason_for_every_option(card):
    options = card.question.options
    assert 2 <= len(options) <= 4
    assert sum(option.right for option in options) == 1
    assert len({option.reason for option in options}) == len(options)
    assert all(len(option.says) <= 60 for option in options)


def test_every_option_is_answered_with_its_own_reason_and_the_right_one(card):
    for letter, option in zip(card.question.letters, card.question.options, strict=True):
        answer = card.question.answer(letter)
        assert option.reason in answer
        assert answer.startswith(f"{letter} is right." if option.right else f"Not {letter}.")
        assert answer.count(" is right.") == 1


def test_the_right_answers_do_not_all_have_the_same_letter():
    places = [[option.right for option in question.options].index(True) for question in QUESTIONS.values()]
    assert set(places) == {0, 1, 2}


def test_before_a_choice_nothing_can_be_committed_to(card):
    assert card._button.disabled
    assert "not committed" in card.reason().value
    card._choices.value = "A"
    assert not card._button.disabled
    assert card.committed is None


def test_a_choice_that_is_committed_to_stays_and_gets_its_reason(card):
    card._choices.value = "B"
    card._button.click()
    assert card.committed == "B"
    assert card._choices.disabled
    assert card._button.disabled
    assert "You said B" in card._state.value
    assert "You said: B ·" in card.reason().value
    with pytest.raises(RuntimeError, match="you have already committed to B"):
        card.commit("A")


def test_without_a_panel_the_same_works_as_plain_python():
    card = predict("faster")
    card.commit("A")
    assert card.question.answer("A") == (
        "Not A. The same work, 4 at a time: all reports are ready after 1 s, as before.\n"
        "B is right. The handler only notes the work down. The work takes as long as ever."
    )
    with pytest.raises(ValueError, match="choose one of A, B, C, got 'D'"):
        predict("faster").commit("D")


def test_where_no_panel_can_be_shown_the_text_stands_in_its_place(card):
    text = card._repr_mimebundle_()["text/plain"].splitlines()
    assert text[0] == card.question.asks
    assert text[1:] == [card.question.line(letter) for letter in card.question.letters]
    reasons = card.reason()._repr_mimebundle_()["text/plain"].splitlines()
    assert ["✓" in line for line in reasons] == [option.right for option in card.question.options]


def test_a_question_that_is_not_there_is_refused_by_name():
    with pytest.raises(KeyError, match="no question 'slower'; there are: monday-morning, faster"):
        predict("slower")
