import json

import pytest

from jobqueue_lesson.labs.why_background_jobs import predict
from jobqueue_lesson.show import kept
from jobqueue_lesson.show.cards import Card, remembering
from jobqueue_lesson.show.saved import WAKE, WIDGET_VIEW
from tests.support.played import PAGES, QUESTIONS, REMEMBER


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path, monkeypatch):
    monkeypatch.setenv(kept.ELSEWHERE, str(tmp_path / "kept.json"))


@pytest.fixture(params=[*QUESTIONS, *REMEMBER])
def card(request):
    return Card((QUESTIONS | REMEMBER)[request.param])


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
    text = card._repr_mimebundle_()[0]["text/plain"].splitlines()
    assert text == [card.question.asks, *map(card.question.line, card.question.letters), WAKE]
    *reasons, last = card.reason()._repr_mimebundle_()[0]["text/plain"].splitlines()
    assert ["✓" in line for line in reasons] == [option.right for option in card.question.options]
    assert last == WAKE


def test_a_saved_reason_gives_no_answer_away_to_one_who_had_none(card):
    def asleep():
        return card.reason()._repr_mimebundle_()[1][WIDGET_VIEW]["asleep"]

    assert "not committed" in asleep()
    card.commit("B")
    assert asleep() == card.question.answer("B")
    card.ask_again()
    assert "not committed" in asleep()


# --- what is kept ---


def test_a_committed_answer_is_still_there_after_a_restart():
    predict("faster").commit("C")
    again = predict("faster")
    assert again.committed == "C"
    assert again._choices.disabled
    assert "You said: C ·" in again.reason().value
    assert predict("monday-morning").committed is None


def test_a_card_that_has_an_earlier_answer_can_ask_again():
    predict("faster").commit("C")
    again = predict("faster")
    assert again._again.layout.display is None
    again._again.click()
    assert (again.committed, again._choices.disabled, again._choices.value) == (None, False, None)
    assert again._again.layout.display == "none"
    assert "not committed" in again.reason().value
    assert predict("faster").committed is None
    again.commit("B")
    assert predict("faster").committed == "B"


def test_in_the_run_it_was_given_an_answer_stays():
    card = predict("faster")
    card.commit("A")
    assert card._again.layout.display == "none"


def test_an_answer_that_is_no_option_any_more_is_forgotten():
    kept.keep_prediction("why_background_jobs/faster", "Four times as fast, because …")
    assert predict("faster").committed is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"predictions": 3}', '{"predictions": {"x/y": ["A"]}, "solved": []}'])
def test_a_record_that_cannot_be_read_does_no_harm(text):
    kept.path().write_text(text, encoding="utf-8")
    assert predict("faster").committed is None
    predict("faster").commit("A")
    assert predict("faster").committed == "A"


def test_answers_and_solved_exercises_are_kept_side_by_side_and_forgotten_together():
    kept.mark_solved("backoff")
    predict("faster").commit("B")
    kept.mark_solved("storm")
    known = json.loads(kept.path().read_text(encoding="utf-8"))
    assert known["solved"] == ["backoff", "storm"]
    assert list(known["predictions"]) == ["why_background_jobs/faster"]
    kept.start_over()
    assert kept.solved() == set()
    assert predict("faster").committed is None


def test_where_nothing_can_be_written_a_card_works_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv(kept.ELSEWHERE, str(tmp_path / "no such folder" / "kept.json"))
    card = predict("faster")
    card.commit("B")
    assert card.committed == "B"


# --- cards about earlier pages ---


@pytest.mark.parametrize("page", PAGES)
def test_no_two_cards_of_a_page_keep_their_answers_under_one_name(page):
    assert not set(PAGES[page].QUESTIONS) & set(getattr(PAGES[page], "REMEMBER", {}))


def test_a_card_about_an_earlier_page_gives_the_reason_at_once():
    card = remembering("labs.x", QUESTIONS)("faster")
    assert card._reason in card.children
    assert card._reason.value == ""
    card.commit("A")
    assert "Not A." in card._reason.value
    assert remembering("labs.x", QUESTIONS)("faster").committed == "A"
    card.ask_again()
    assert card._reason.value == ""


def test_a_question_that_is_not_there_is_refused_by_name():
    with pytest.raises(KeyError, match="no question 'slower'; there are: monday-morning, faster"):
        predict("slower")
