"""`python -m jobqueue_lesson open`: the pages come to a folder of the learner's, and nothing of theirs is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jobqueue_lesson import __main__
from jobqueue_lesson.course import copies, editions, pages
from tools.paths import ROOT


def page(*sources, solution="return 42"):
    """Return a small page of the course as it is saved."""
    said = {"name": "stdout", "output_type": "stream", "text": ["1\n"]}
    cells = [
        {"cell_type": "code", "execution_count": 1, "id": f"c{n}", "metadata": {}, "outputs": [said], "source": [text]}
        for n, text in enumerate(sources)
    ]
    folded = {"jupyter": {"source_hidden": True}}
    cells += [{**cells[0], "id": "try-solution", "metadata": folded, "source": [solution]}]
    made = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(made, indent=1) + "\n").encode()


def copied(*sources):
    """Return the learner's copy of page 4 with these cells."""
    made = json.loads(page(*sources))
    for cell in made["cells"]:
        cell.update(execution_count=None, outputs=[])
    made["cells"][0]["source"].append(
        "\n\n[This page with all its results](results/04_retries.ipynb), to look things up"
    )
    return editions.to_bytes(made)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two pages and a glossary, in a folder of its own."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / pages.FIRST).write_bytes(page("start"))
    (folder / "04_retries.ipynb").write_bytes(page("retry"))
    (folder / "GLOSSARY.md").write_text("# Glossary\n")
    (folder / "scratch.txt").write_text("not of the course")
    monkeypatch.setattr(pages, "folder", lambda: folder)
    return folder


@pytest.fixture
def mine(tmp_path):
    return tmp_path / "home" / "my course"


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_open_copies_the_pages_and_what_belongs_to_them(course, mine):
    done = copies.copy(mine)
    assert names(mine) == [pages.FIRST, "04_retries.ipynb", "GLOSSARY.md", "results"]
    assert names(mine / "results") == [pages.FIRST, "04_retries.ipynb"]
    assert done.new == names(mine)[:3]
    assert (mine / "04_retries.ipynb").read_bytes() == copied("retry")
    assert (mine / "results" / "04_retries.ipynb").read_bytes() == page("retry")
    assert (mine / "GLOSSARY.md").read_bytes() == (course / "GLOSSARY.md").read_bytes()


def test_a_second_time_there_is_nothing_to_do(course, mine):
    copies.copy(mine)
    assert copies.copy(mine) == copies.Copied("course", [], [], [], [])


def test_open_never_writes_over_a_page_that_was_edited_or_run(course, mine):
    copies.copy(mine)
    (mine / "04_retries.ipynb").write_bytes(page("my own answer"))
    for content in (page("retry"), page("a newer course")):
        (course / "04_retries.ipynb").write_bytes(content)
        assert copies.copy(mine).kept == ["04_retries.ipynb"]
        assert (mine / "04_retries.ipynb").read_bytes() == page("my own answer")


def test_a_page_that_nobody_touched_is_updated_by_a_newer_course(course, mine):
    copies.copy(mine)
    (course / "04_retries.ipynb").write_bytes(page("a newer course"))
    done = copies.copy(mine)
    assert (done.updated, done.kept) == (["04_retries.ipynb"], [])
    assert (mine / "04_retries.ipynb").read_bytes() == copied("a newer course")
    assert (mine / "results" / "04_retries.ipynb").read_bytes() == page("a newer course")


def test_a_page_that_was_only_opened_is_not_an_edited_one(course, mine):
    copies.copy(mine)
    opened = json.loads((mine / "04_retries.ipynb").read_text())
    opened["metadata"] = {"language_info": {"name": "python", "version": "3.13.1"}}  # as JupyterLab saves it by itself
    (mine / "04_retries.ipynb").write_text(json.dumps(opened))
    assert copies.copy(mine) == copies.Copied("course", [], [], [], [])
    assert json.loads((mine / "04_retries.ipynb").read_text()) == opened
    (course / "04_retries.ipynb").write_bytes(page("a newer course"))
    assert copies.copy(mine).updated == ["04_retries.ipynb"]


def test_a_file_that_was_there_before_is_the_learners(course, mine):
    mine.mkdir(parents=True)
    (mine / "04_retries.ipynb").write_bytes(b"something else of that name")
    assert copies.copy(mine).kept == ["04_retries.ipynb"]
    assert (mine / "04_retries.ipynb").read_bytes() == b"something else of that name"


@pytest.mark.parametrize("record", ["{", "[]", '{"edition": "x", "copied": 3}', '{"copied": {}}', '{"edition": []}'])
def test_without_a_record_that_can_be_read_nothing_is_written_over(course, mine, record):
    copies.copy(mine)
    (mine / copies.RECORD).write_text(record)
    (course / "04_retries.ipynb").write_bytes(page("a newer course"))
    assert copies.copy(mine).kept == ["04_retries.ipynb"]
    assert (mine / "04_retries.ipynb").read_bytes() == copied("retry")


def test_a_page_that_was_deleted_comes_again(course, mine):
    copies.copy(mine)
    (mine / "04_retries.ipynb").unlink()
    assert copies.copy(mine).new == ["04_retries.ipynb"]


def test_a_fresh_copy_stands_beside_the_learners_under_its_old_name(course, mine):
    copies.copy(mine)
    (mine / pages.FIRST).write_bytes(page("mine too"))
    for number, answer in enumerate([page("first answer"), page("second answer")]):
        (mine / "04_retries.ipynb").write_bytes(answer)
        done = copies.copy(mine, fresh="04")
        saved = ["04_retries-mine.ipynb", "04_retries-mine2.ipynb"][number]
        assert (done.renamed, done.kept) == ([saved], [pages.FIRST])
        assert (mine / saved).read_bytes() == answer
        assert (mine / "04_retries.ipynb").read_bytes() == copied("retry")
    assert (mine / "04_retries-mine.ipynb").read_bytes() == page("first answer")
    assert copies.copy(mine, fresh="all").renamed == ["00_start_here-mine.ipynb"]


def test_a_fresh_copy_of_a_page_that_is_none_names_those_that_are(course, mine):
    with pytest.raises(ValueError, match=r"no page starts with '99'; there are: 00_start_here.ipynb, 04_retries"):
        copies.copy(mine, fresh="99")
    assert not mine.exists()


def test_a_folder_stays_with_its_edition_until_another_is_asked_for(course, mine):
    copies.copy(mine, "learner")
    assert b"return 42" not in (mine / "04_retries.ipynb").read_bytes()
    assert copies.copy(mine) == copies.Copied("learner", [], [], [], [])
    assert copies.copy(mine, "course").updated == [pages.FIRST, "04_retries.ipynb"]
    assert b"return 42" in (mine / "04_retries.ipynb").read_bytes()


def test_the_instructors_edition_cannot_be_made_of_the_learners(course, mine):
    for path in course.glob("*.ipynb"):
        path.write_bytes(pages.edition_files("learner")[path.name])
    with pytest.raises(ValueError, match="only the learner's edition is installed here"):
        copies.copy(mine, "instructor")


def test_the_courses_own_folder_is_opened_and_not_changed(course):
    before = {path.name: path.read_bytes() for path in course.iterdir()}
    assert copies.copy(course) == copies.Copied("course", [], [], [], [])
    with pytest.raises(ValueError, match="is where the course keeps its own pages: choose another folder"):
        copies.copy(course, "learner")
    assert {path.name: path.read_bytes() for path in course.iterdir()} == before


def test_a_disk_that_fills_up_loses_no_page(course, mine, monkeypatch):
    copies.copy(mine)
    (course / "04_retries.ipynb").write_bytes(page("a newer course"))

    def full(self, content):
        Path.open(self, "wb").close()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        copies.copy(mine)
    assert (mine / "04_retries.ipynb").read_bytes() == copied("retry")


def test_the_checkout_has_the_course():
    assert pages.folder() == ROOT / "notebooks"
    assert set(pages.edition_files("learner")) >= {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}


# --- the command line ---


@pytest.fixture
def started(monkeypatch):
    """What JupyterLab would have been started with."""
    calls = []
    monkeypatch.setattr(copies, "run_lab", lambda folder, **options: calls.append((folder, options)))
    return calls


def test_open_makes_a_folder_here_and_starts_jupyterlab_there(course, started, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert __main__.main(["open"]) == 0
    assert started == [(tmp_path / "jobqueue-lesson", {"browser": True, "port": 0, "more": []})]
    assert names(tmp_path / "jobqueue-lesson")[0] == pages.FIRST
    said = capsys.readouterr().out
    assert f"The course is in {tmp_path / 'jobqueue-lesson'}\n   3 copied: 00_start_here.ipynb, " in said
    assert "until you press Ctrl-C" in said


def test_open_says_what_it_has_kept_and_how_to_get_a_fresh_copy(course, started, mine, capsys):
    copies.copy(mine)
    (mine / "04_retries.ipynb").write_bytes(page("my own answer"))
    assert __main__.main(["open", str(mine), "--no-browser", "--port", "8888"]) == 0
    assert "1 kept as you left them; for a fresh copy beside yours: open --fresh PAGE (or all): 04_retries.ipynb" in (
        capsys.readouterr().out
    )
    assert started == [(mine, {"browser": False, "port": 8888, "more": []})]


def test_what_comes_after_two_dashes_is_for_jupyterlab(course, started, mine):
    assert __main__.main(["open", str(mine), "--no-browser", "--", "--ServerApp.allow_origin=*", "--port=1"]) == 0
    assert started == [(mine, {"browser": False, "port": 0, "more": ["--ServerApp.allow_origin=*", "--port=1"]})]


def test_jupyterlab_is_given_no_argument_twice(mine, monkeypatch):
    given = []
    monkeypatch.setattr("jupyterlab.labapp.main", given.extend)
    mine.mkdir(parents=True)
    monkeypatch.chdir(mine)
    copies.run_lab(mine, more=["--port=8888", "--ip=localhost"])
    assert [argument for argument in given if argument.startswith(("--port=", "--ip="))] == [
        "--port=8888",
        "--ip=localhost",
    ]


def test_jupyterlab_asks_nothing_and_keeps_the_layout_that_the_learner_made(mine):
    settings, workspaces = (Path(argument.partition("=")[2]) for argument in copies.prepare_lab(mine))
    assert json.loads((settings / "overrides.json").read_text()) == copies.SETTINGS
    (layout,) = workspaces.iterdir()
    assert '"collapsed": true' in layout.read_text()
    layout.write_text("the learner's own")
    copies.prepare_lab(mine)
    assert layout.read_text() == "the learner's own"
    assert {settings.parent, workspaces.parent} == {mine / copies.OF_JUPYTERLAB}


def test_a_folder_that_cannot_be_is_named(course, started, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert __main__.main(["open", str(tmp_path / "file")]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "file") in said
    assert "Choose another folder" in said
    assert __main__.main(["open", str(tmp_path / "there"), "--fresh", "99"]) == 1
    assert "no page starts with '99'" in capsys.readouterr().err
    assert started == []


@pytest.mark.parametrize("wrong", [[], ["opne"], ["open", "--edition", "teacher"], ["open", "--port", "any"]])
def test_a_command_that_is_none_is_answered_with_those_that_are(wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        __main__.main(wrong)
    assert ended.value.code == 2
    assert "usage: python -m jobqueue_lesson" in capsys.readouterr().err


def test_without_jupyterlab_open_copies_and_sends_to_the_doctor(course, mine, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", None)
    assert __main__.main(["open", str(mine)]) == 1
    assert f"To find out why: {sys.executable} -m jobqueue_lesson doctor" in capsys.readouterr().err
    assert pages.FIRST in names(mine)


def test_a_console_without_a_tick_mark_ends_nothing(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", "import sys; sys.stdout.reconfigure(encoding='ascii')\n"
         "from jobqueue_lesson import __main__\n"
         "from jobqueue_lesson.course import doctor\n"
         "doctor.PROBES = {}; __main__.main(['doctor']); print('✓ still here')"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert ran.stdout == "? still here\n"
