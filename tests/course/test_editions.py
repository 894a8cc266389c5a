"""The editions that are handed out: made from the notebooks by functions, and nothing gets lost or given away."""

import ast
import io
import json
import re
import zipfile

import nbformat
import pytest
from nbclient import NotebookClient

from jobqueue_lesson.course import editions
from jobqueue_lesson.course.editions import (
    EDITIONS,
    WHY,
    course,
    instructor,
    is_solution,
    is_speaker_note,
    learner,
    make_edition,
    presenting,
    site,
    slides,
)
from jobqueue_lesson.show.saved import ALIVE, WAKE
from tests.support.trees import tree_of
from tools import handouts as tool
from tools.paths import ROOT, notebooks

NOTEBOOKS = notebooks()

named = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell):
    return "".join(cell["source"])


def notebook(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def note(text):
    metadata = {"slideshow": {"slide_type": "notes"}}
    text = f"<!-- Notes\n{text}\n-->"
    return {"cell_type": "markdown", "id": "say", "metadata": metadata, "source": text.splitlines(keepends=True)}


@named
def test_learners_get_the_masters_cells_in_order_and_unrun(path):
    master, made = read(path), learner(read(path))
    left_out = [cell for cell in master["cells"] if is_solution(cell) or is_speaker_note(cell)]
    rest = [cell for cell in master["cells"] if cell not in left_out]
    assert [(c["id"], c["source"], c["metadata"]) for c in made["cells"]] == [
        (c["id"], c["source"], c["metadata"]) for c in rest
    ]
    code = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    nbformat.validate(made)
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)


@named
def test_every_exercise_is_there_with_its_check_and_no_solution_is(path):
    master, made = read(path), learner(read(path))
    solutions = [cell for cell in master["cells"] if cell["cell_type"] == "code" and is_solution(cell)]
    stubs = {cell["id"]: source(cell) for cell in made["cells"]}
    assert solutions
    for cell in solutions:
        *_, check = source(cell).splitlines()
        name = re.match(r"check_\w+\(", check)[0]
        assert re.search(rf"^{re.escape(name)}my_\w+\)$", stubs[cell["id"].removesuffix("-solution")], re.MULTILINE)
    text = json.dumps(made, ensure_ascii=False)
    assert not re.search(r"\w+_solution\b|mine=False|collapsed|folded", text)
    squeezed = "".join(text.split())
    for cell in solutions:
        *answer, _check = [line for line in source(cell).splitlines() if line.strip()]
        body = answer[1:] or [answer[0].partition(" = ")[2]]
        assert "".join("\n".join(body).split()).replace('"', '\\"') not in squeezed.replace("\\n", ""), cell["id"]


@named
def test_what_is_hidden_in_the_master_is_known_as_a_solution_or_a_note(path):
    for cell in read(path)["cells"]:
        if cell["metadata"].get("jupyter", {}).get("source_hidden"):
            assert is_solution(cell) or is_speaker_note(cell), cell["id"]
        if cell["cell_type"] == "markdown" and not is_speaker_note(cell) and not is_solution(cell):
            assert not re.search(r"collapsed cell|folded cell|solution (is|stands)", source(cell)), cell["id"]


@named
def test_instructors_get_everything_with_nothing_folded(path):
    master, made = read(path), instructor(read(path))
    assert [cell["id"] for cell in made["cells"]] == [cell["id"] for cell in master["cells"]]
    for before, after in zip(master["cells"], made["cells"], strict=True):
        assert before.get("outputs") == after.get("outputs")
        if not is_speaker_note(before):
            assert before["source"] == after["source"]
    assert not any(cell["metadata"].get("jupyter", {}).get("source_hidden") for cell in made["cells"])
    nbformat.validate(made)


@named
def test_the_courses_own_edition_has_solutions_folded_and_answers_nothing_before_it_is_run(path):
    made = course(read(path))
    kept = [cell for cell in read(path)["cells"] if not is_speaker_note(cell)]
    assert [(c["id"], c["source"], c["metadata"]) for c in made["cells"]] == [
        (c["id"], c["source"], c["metadata"]) for c in kept
    ]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in made["cells"])
    assert any(is_solution(cell) for cell in made["cells"])
    assert json.loads(make_edition(path.read_bytes(), "course")) == made


def test_a_note_is_marked_for_instructors_and_is_not_there_for_learners():
    page = notebook(note("Ask the room:\n\n- who is first?"))
    assert learner(page)["cells"] == []
    (cell,) = instructor(page)["cells"]
    assert source(cell) == "> **Notes.** Ask the room:\n>\n> - who is first?"
    assert cell["metadata"] == {"slideshow": {"slide_type": "notes"}}


def test_an_edition_leaves_the_notebook_it_was_made_from_as_it_is():
    page = read(NOTEBOOKS[4])
    for make in EDITIONS.values():
        make(page)
    assert page == read(NOTEBOOKS[4])


def test_an_edition_is_written_as_jupyter_writes_it_and_made_again_it_is_the_same():
    made = make_edition(NOTEBOOKS[4].read_bytes(), "learner")
    assert made.decode() == nbformat.writes(nbformat.reads(made.decode(), as_version=4)).rstrip("\n") + "\n"
    assert make_edition(made, "learner") == made


@pytest.mark.slow
@pytest.mark.parametrize("name", ["00_start_here", "04_retries"])  # all were run once by hand; each takes seconds
def test_a_learners_page_runs_from_top_to_bottom(name, tmp_path, monkeypatch):
    monkeypatch.setenv("JOBQUEUE_LESSON_SOLVED", str(tmp_path / "solved.json"))
    page = nbformat.reads(make_edition((ROOT / "notebooks" / f"{name}.ipynb").read_bytes(), "learner"), as_version=4)
    NotebookClient(page, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert "Not yet: nothing has changed here." in json.dumps(page)


# --- slides ---


@named
def test_what_is_presented_runs_and_leaves_no_blank_slide(path):
    master = read(path)
    copy = nbformat.from_dict(presenting(master))
    nbformat.validate(copy)
    kinds = [cell.metadata.get("slideshow", {}).get("slide_type", "-") for cell in copy.cells]
    imports = [cell["id"] for cell in master["cells"] if cell["id"].startswith("imports")]
    assert len(imports) >= 1
    assert set(kinds[len(imports) :]) <= {"-", "slide", "fragment"}
    assert [cell.id for cell in copy.cells[: len(imports)]] == imports
    assert kinds[len(imports)] == "slide"


@named
def test_static_slides_do_not_say_how_to_run_a_widgets_cell(path):
    saved = json.dumps(read(path))
    assert WAKE in saved or "predict(" not in saved
    assert WAKE not in json.dumps(slides(read(path)))


@named
def test_links_on_static_slides_lead_from_deck_to_deck_and_answers_are_open(path):
    text = json.dumps([cell for cell in slides(read(path))["cells"] if cell["cell_type"] == "markdown"])
    assert not re.search(r"\]\([^)]*\.ipynb|<details>", text)
    for name in re.findall(r"\]\((\w+)\.html", text):
        assert (ROOT / "notebooks" / f"{name}.ipynb").is_file()


def slides_of(cells):
    """Return the cells of each slide, without notes and what is on no slide."""
    made = []
    for cell in cells:
        kind = cell["metadata"].get("slideshow", {}).get("slide_type", "-")
        if kind in ("slide", "subslide"):
            made.append([])
        if kind not in ("skip", "notes"):
            made[-1].append(cell)
    return made


@named
def test_on_slides_a_solution_is_hidden_on_a_slide_of_its_own(path):
    found = 0
    for slide in slides_of(slides(read(path))["cells"]):
        ids = [cell["id"] for cell in slide]
        solutions = [cell for cell in slide if cell["cell_type"] == "code" and is_solution(cell)]
        for solution in solutions:
            found += 1
            curtain = slide[0]
            assert ids[:2] == [curtain["id"], solution["id"]]
            assert "a solution" in source(curtain)
            assert solution["metadata"]["slideshow"]["slide_type"] == "fragment"
            assert not any("check_" in source(cell) for cell in slide if cell is not solution)
    assert found == sum(c["cell_type"] == "code" and is_solution(c) for c in read(path)["cells"])


def widget(kind, id, slide_type, **more):
    """A cell that shows a widget."""
    output = {"output_type": "display_data", "data": {ALIVE: {"kind": kind} | more, "image/png": "x"}, "metadata": {}}
    cell = code(id, f"{kind}()", outputs=[output])
    return cell | {"metadata": {"slideshow": {"slide_type": slide_type}}}


def text_on(slide_type, id):
    metadata = {"slideshow": {"slide_type": slide_type}}
    return {"cell_type": "markdown", "id": id, "metadata": metadata, "source": ["Text"]}


def ids_on_slides(*cells):
    return [[cell["id"] for cell in slide] for slide in slides_of(slides(notebook(*cells))["cells"])]


def test_a_widget_that_needs_the_room_has_a_slide_to_itself_after_its_code():
    cells = [text_on("slide", "intro"), widget("panel", "play", "-"), text_on("fragment", "answer")]
    assert ids_on_slides(*cells) == [["intro", "play"], ["play-widget"], ["answer"]]
    assert ids_on_slides(widget("panel", "play", "slide")) == [["play-widget"]]
    assert ids_on_slides(text_on("slide", "intro"), widget("card", "ask", "-")) == [["intro", "ask"]]


@pytest.mark.parametrize(("jobs", "timelines"), [(3, 0), (4, 1)])
def test_the_timeline_of_a_replay_with_many_jobs_is_on_the_slide_after_it_and_after_its_note(jobs, timelines):
    record = json.dumps({"events": [[0.0, "enqueue", job] for job in range(jobs)]})
    cells = [text_on("slide", "intro"), widget("replay", "see", "-", record=record), note("Ask"), text_on("-", "read")]
    made = slides(notebook(*cells))["cells"]
    ids = [cell["id"] for cell in made]
    assert ids == ["intro", "see", "see-widget", "say", *["see-timeline"] * timelines, "read"]
    assert ("image/png" in made[2]["outputs"][0]["data"]) == (timelines == 0)
    assert made[-1]["metadata"]["slideshow"]["slide_type"] == ("-" if timelines else "subslide")
    assert len({cell["id"] for cell in made}) == len(made)


# --- the web site ---


def code(id, source, *tags, outputs=()):
    return {
        "cell_type": "code",
        "id": id,
        "metadata": {"tags": list(tags)} if tags else {},
        "source": source.splitlines(keepends=True),
        "outputs": list(outputs),
        "execution_count": 1,
    }


def page(*cells):
    title = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": ["# Title"]}
    return {"cells": [title, *cells], "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4}


def test_what_runs_is_there_to_be_run_with_its_output_cleared():
    notebook = page(code("one", "print(1)", outputs=[{"output_type": "stream", "name": "stdout", "text": ["1\n"]}]))
    before = json.dumps(notebook)
    (_, cell) = site(notebook)["cells"]
    assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert source(cell) == "print(1)"
    assert json.dumps(notebook) == before


def test_what_cannot_run_is_there_to_be_read_with_why_what_to_do_and_what_it_put_out():
    picture = {"output_type": "display_data", "data": {"image/png": "iVBOR=\n", "text/plain": ["<Figure>"]}}
    said = {"output_type": "stream", "name": "stdout", "text": ["202\n", "```\n"]}
    notebook = page(code("serve", "serve()", "needs-sockets", outputs=[said, picture]))
    _, box, cell = site(notebook)["cells"]
    assert "One cell of this page" in source(box)
    assert cell["cell_type"] == "markdown"
    assert "cannot open a socket" in source(cell)
    assert "install the course" in source(cell)
    assert "```python\nserve()\n```" in source(cell)
    assert "````text\n202\n```\n````" in source(cell)
    assert cell["attachments"] == {"serve-1.png": {"image/png": "iVBOR="}}
    assert "attachment:serve-1.png" in source(cell)


def test_the_same_reason_is_given_at_length_only_once():
    notebook = page(code("a", "a()", "needs-processes"), code("b", "b()", "needs-processes"))
    _, _, first, second = site(notebook)["cells"]
    assert "cannot start a process" in source(first)
    assert "cannot start a process" not in source(second)
    assert "Not run in the browser" in source(second)


def test_speaker_notes_are_left_out_and_solutions_stay_folded():
    notes = {
        "cell_type": "markdown",
        "id": "n",
        "metadata": {"slideshow": {"slide_type": "notes"}},
        "source": ["Ask the room"],
    }
    solution = code("s", "x = 1")
    solution["metadata"]["jupyter"] = {"source_hidden": True}
    cells = site(page(notes, solution))["cells"]
    assert [cell["id"] for cell in cells] == ["title", "s"]
    assert cells[1]["metadata"]["jupyter"] == {"source_hidden": True}


IMPOSSIBLE = ("serve", "WorkerProcess", "EngineQueue", "EngineWorker", "Popen", "uvicorn", "server")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_that_a_browser_cannot_do_is_left_to_be_run(path):
    for cell in site(read(path))["cells"]:
        if cell["cell_type"] == "code":
            called = {
                getattr(node.func, "id", getattr(node.func, "attr", ""))
                for node in ast.walk(tree_of(source(cell)))
                if isinstance(node, ast.Call)
            }
            assert not called & set(IMPOSSIBLE), cell["id"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_only_code_cells_are_tagged_as_impossible(path):
    tagged = [cell for cell in read(path)["cells"] if WHY.keys() & set(cell["metadata"].get("tags", []))]
    assert [cell["id"] for cell in tagged if cell["cell_type"] != "code"] == []


# --- the zips ---


@pytest.mark.parametrize("edition", tool.HANDED_OUT)
def test_a_zip_has_every_page_a_wheel_and_a_readme(edition, wheel):
    files = tool.contents(edition, wheel)
    beside = {path.name for path in (ROOT / "notebooks").glob("*.md")}
    beside |= {"INSTRUCTORS.md"} if edition == "instructor" else set()
    assert set(files) == {path.name for path in NOTEBOOKS} | beside | {"README.txt", wheel.name}
    for path in NOTEBOOKS:
        assert files[path.name] == make_edition(path.read_bytes(), edition)
    words = files["README.txt"].decode()
    assert words.count(f"-m pip install ./{wheel.name}") == 2
    assert f".venv\\Scripts\\python -m pip install .\\{wheel.name}" in words
    assert "{" not in words


def test_the_wheel_in_the_learners_zip_has_the_learners_pages_and_is_whole(wheel):
    made = zipfile.ZipFile(io.BytesIO(tool.contents("learner", wheel)[wheel.name]))
    own = zipfile.ZipFile(wheel)
    assert sorted(made.namelist()) == sorted(own.namelist())
    for path in NOTEBOOKS:
        name = f"jobqueue_lesson/notebooks/{path.name}"
        assert made.read(name) == make_edition(own.read(name), "learner") != own.read(name)
    (record,) = (name for name in made.namelist() if name.endswith("RECORD"))
    listed = dict(line.split(",", 1) for line in made.read(record).decode().splitlines())
    for name in made.namelist():
        if name != record:
            content = made.read(name)
            assert listed[name] == f"{tool.digest(content)},{len(content)}", name


def test_the_same_pages_give_the_same_bytes(wheel):
    assert tool.zipped(tool.contents("learner", wheel)) == tool.zipped(tool.contents("learner", wheel))
    files = {"b.txt": b"2", "a.txt": b"1"}
    assert tool.zipped(files) == tool.zipped(dict(sorted(files.items())))
    infos = zipfile.ZipFile(io.BytesIO(tool.zipped(files))).infolist()
    assert {(info.date_time, info.create_system) for info in infos} == {((1980, 1, 1, 0, 0, 0), 3)}


def test_editions_know_the_widgets_that_pages_keep():
    assert editions.ALIVE == ALIVE
