"""INSTRUCTORS.md and the speaker notes: the sums are right, and every page, part, card and cell named there exists."""

import re

import nbformat
import pytest

from jobqueue_lesson.course.editions import is_speaker_note
from tests.support.played import QUESTIONS
from tools import minutes as minutes_tool
from tools.paths import ROOT, notebooks

NOTEBOOKS = notebooks()

TEXT = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\d+) · .+?\n(.+?)(?=^### |\Z)", TEXT, re.MULTILINE | re.DOTALL))
PLANS = re.findall(r"^####? ([^\n]+): (\d+) minutes\n(.+?)(?=^#+ |\Z)", TEXT, re.MULTILINE | re.DOTALL)
CELLS = {path.stem: nbformat.read(path, as_version=4).cells for path in NOTEBOOKS}


def named(things, name):
    return pytest.mark.parametrize("thing", things, ids=name)


def path_of(number):
    return NOTEBOOKS[int(number)]


def notes_of(path):
    return [cell for cell in CELLS[path.stem] if is_speaker_note(cell)]


def rows(text):
    """Return the rows of a table of Markdown, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if not line.startswith(("| at", "| ---"))
    ]


@pytest.mark.slow
def test_the_minutes_are_those_measured_wherever_they_are_said():
    for path, text in minutes_tool.expected().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run make notebooks"


def test_the_title_the_maps_and_the_table_say_the_same_minutes():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (page_0,) = (cell.source for cell in CELLS["00_start_here"] if cell.id == "map")
    for number, path in enumerate(NOTEBOOKS):
        whole = re.search(r"About (\d+) minutes", CELLS[path.stem][0].source)[1]
        assert re.search(rf"^\| {number} \| .+ \| {whole} \| [^|]+ \|$", readme, re.MULTILINE), path.stem
        assert re.search(rf"^\| {number} \| .+ \| {whole} \|$", page_0, re.MULTILINE), path.stem
        assert re.search(rf"^\| {number:02} \| .+ \| {whole} \|$", TEXT, re.MULTILINE), path.stem


def test_a_notes_words_are_no_reading_for_the_learner(tmp_path):
    path = tmp_path / "01_one.ipynb"
    page = nbformat.v4.new_markdown_cell("# One\n\n" + "word " * 400)
    note = nbformat.v4.new_markdown_cell("word " * 4000, metadata={"slideshow": {"slide_type": "notes"}})
    nbformat.write(nbformat.v4.new_notebook(cells=[page, note]), path)
    assert minutes_tool.minutes(path) == (2, 0)


def test_every_cell_that_is_linked_exists():
    links = re.findall(r"\[([\w-]+)\]\(notebooks/(\w+)\.ipynb#cell-id=([\w-]+)\)", TEXT)
    assert len(links) > 150
    for shown, page, cell_id in links:
        assert shown == cell_id
        assert cell_id in [cell.id for cell in CELLS[page]], f"{page} has no cell {cell_id}"


@named(PLANS, lambda plan: plan[0])
def test_every_cell_that_a_plan_names_is_on_a_slide(thing):
    for page, cell_id in re.findall(r"\(notebooks/(\w+)\.ipynb#cell-id=([\w-]+)\)", thing[2]):
        (cell,) = (cell for cell in CELLS[page] if cell.id == cell_id)
        assert cell.metadata.get("slideshow", {}).get("slide_type") not in ("skip", "notes"), f"{page}: {cell_id}"


def test_there_is_a_plan_for_an_hour_for_half_a_day_and_for_four_weeks():
    assert [(name, int(minutes)) for name, minutes, _ in PLANS] == [
        ("One hour", 60),
        ("Half a day", 210),
        *((f"Week {week}", 120) for week in (1, 2, 3, 4)),
        ("Week 5", 60),
        ("Week 6", 60),
    ]


@named(PLANS, lambda plan: plan[0])
def test_the_minutes_of_a_plan_add_up(thing):
    _, whole, text = thing
    now = 0
    for at, minutes, *_ in rows(text):
        assert at == f"{now // 60}:{now % 60:02}"
        now += int(minutes)
    assert now == int(whole)


def seconds_of(path, names):
    """Return the seconds of parts of a notebook, each with the parts below it."""
    parts = minutes_tool.parts(path)[0]
    if names == ["all but Try it"]:
        return sum(part.seconds for part in parts if part.heading != "Try it")
    total = 0
    for name in names:
        places = [place for place, part in enumerate(parts) if part.heading == name]
        assert len(places) == 1, f"{path.stem} has no part {name!r}"
        first = parts[places[0]]
        total += first.seconds
        for part in parts[places[0] + 1 :]:
            if part.level <= first.level:
                break
            total += part.seconds
    return total


@named(PLANS, lambda plan: plan[0])
def test_a_plan_gives_each_part_what_it_takes_or_says_what_is_skipped(thing):
    for _, minutes, what, *_, skipped in rows(thing[2]):
        if match := re.match(r"(\d+) · (.+)", what):
            needs = seconds_of(path_of(match[1]), match[2].split("; ")) / 60
            assert int(minutes) >= needs - 1 or skipped != "–", f"{what}: {minutes} minutes, and it takes {needs:.1f}"
            assert int(minutes) >= needs / 2, f"{what}: {minutes} minutes, and it takes {needs:.1f}"


def test_the_homework_takes_what_it_says():
    homework = re.findall(r"^Homework: (.+): (\d+) minutes\.$", TEXT, re.MULTILINE)
    assert len(homework) == 4
    for what, minutes in homework:
        numbers = re.findall(r"(\d+) · Try it", what)
        assert int(minutes) == sum(minutes_tool.minutes(path_of(number)).rounded.exercises for number in numbers)


def test_in_four_weeks_every_page_and_every_exercise_has_its_place():
    weeks = "".join(text for name, _, text in PLANS if name.startswith("Week"))
    for number, path in enumerate(NOTEBOOKS):
        assert f"| {number} · all but Try it |" in weeks
        assert f"{number} · Try it" in weeks or minutes_tool.minutes(path).exercises == 0


@named(NOTEBOOKS, lambda path: path.stem)
def test_every_section_has_the_same_form(thing):
    section = SECTIONS[str(int(thing.stem[:2]))]
    order = ["*About ", "**Land this:**", "| at | they say |", "**Short of time:**", "**Stuck:**"]
    places = [section.find(part) for part in order]
    assert -1 not in places
    assert places == sorted(places)
    assert len(section.splitlines()) < 35, "more than a screen"


@named(NOTEBOOKS, lambda path: path.stem)
def test_every_wrong_answer_of_a_card_is_answered(thing):
    cards = 0
    for cell in CELLS[thing.stem]:
        if match := re.search(r'predict\("([\w-]+)"\)', cell.source):
            cards += 1
            question = QUESTIONS[match[1]]
            wrong = [
                f"**{letter}**" for letter, o in zip(question.letters, question.options, strict=True) if not o.right
            ]
            answered = [say for at, say, *_ in rows(SECTIONS[str(int(thing.stem[:2]))]) if f"cell-id={cell.id})" in at]
            assert [say[:5] for say in answered if say.startswith("**")] == wrong, cell.id
    assert cards


@named(NOTEBOOKS, lambda path: path.stem)
def test_a_notebook_has_notes_for_its_speaker(thing):
    notes = notes_of(thing)
    assert 5 <= len(notes) <= 9
    for note in notes:
        assert note.id.startswith("note-")
        assert re.fullmatch(r"<!-- Notes\n.+\n-->", note.source, re.DOTALL), f"{note.id}: a learner would see it"
        assert len(note.source.split()) <= 68, f"{note.id}: nobody reads that while speaking"


def test_the_notes_and_the_guide_do_not_say_the_same_twice():
    guide = " ".join(re.sub(r"[*|]", " ", TEXT).split())
    for path in NOTEBOOKS:
        for note in notes_of(path):
            for sentence in re.split(r"(?<=[.?!])\s", note.source):
                assert len(sentence.split()) < 6 or sentence not in guide, f"{note.id}: {sentence}"
