"""The package and the site's pages in Pyodide (Python in WebAssembly), here under Node, with the built site's wheels.

Matplotlib is a stand-in that draws nothing (see distribution.py): all that pages say is compared, their plots are not.
"""

import json
import subprocess
from pathlib import Path

import nbformat
import pytest

from jobqueue_lesson.course.editions import site as site_edition
from tests.support import in_pyodide
from tests.support.installed import NODE
from tools.paths import PYODIDE, notebooks

NOTEBOOKS = notebooks()

SCRIPT = """
import { readFileSync } from "node:fs";
import { loadPyodide } from "%(pyodide)s/pyodide.mjs";
const pyodide = await loadPyodide({
  lockFileURL: "%(site)s/lite/static/wheels/pyodide-lock.json",
  packages: ["jobqueue-lesson", "ipython"],
  stdout: () => {},
});
pyodide.FS.writeFile("/home/pyodide/in_pyodide.py", readFileSync("%(here)s/in_pyodide.py"));
pyodide.globals.set("pages", readFileSync("%(pages)s", "utf8"));
try {
  console.log(await pyodide.runPythonAsync("import json, in_pyodide; await in_pyodide.everything(json.loads(pages))"));
} catch (error) {  // without Node's own words, which are Pyodide's source in one line
  console.error(error.message);
  process.exitCode = 1;
}
"""


def runnable(path):
    """Return the code cells of a page that run on the site, as saved in the course."""
    notebook = nbformat.read(path, as_version=4)
    there = {cell["id"] for cell in site_edition(notebook)["cells"] if cell["cell_type"] == "code"}
    return [cell for cell in notebook.cells if cell.id in there and cell.id != "ready"]


@pytest.fixture(scope="module")
def told(site, tmp_path_factory):
    pages = tmp_path_factory.mktemp("pages") / "pages.json"
    pages.write_text(json.dumps({path.stem: [cell.source for cell in runnable(path)] for path in NOTEBOOKS}))
    places = {"pyodide": PYODIDE, "site": site, "here": Path(in_pyodide.__file__).parent, "pages": pages}
    script = SCRIPT % {name: place.as_posix() for name, place in places.items()}
    command = [NODE, "--input-type=module", "--eval", script]
    # Two to three minutes, where nothing else runs. It never ends only where something is broken.
    made = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def test_a_simulation_runs_inside_pyodides_loop_and_gives_it_back(told):
    assert told["loop"] == "WebLoop"
    assert told["same loop after"]
    assert told["sleeps after"] == "slept"


def test_matplotlib_says_nothing_of_its_font_cache_and_all_else_that_it_has_to_say(told):
    assert told["logged"] == "findfont: Font family 'Nowhere' not found.\n"


def test_timelines_are_those_of_cpython_to_the_letter(told):
    assert told["timelines"] == in_pyodide.timelines()


def test_what_is_explored_is_found_as_in_cpython_to_the_letter(told):
    assert told["found"] == in_pyodide.found()
    assert all(text.startswith("Broken: mails: ['alice', 'alice']") for text in told["found"])


def test_checks_answer_where_there_are_no_signals_and_no_threads(told):
    called_again, endless, broken, right, course_map = told["answers"]
    assert "endless_in_simulated_time does not end" in called_again
    assert "endless does not end" in endless
    assert "while True:" in endless or "n += 1" in endless  # the line, and not one of the standard library
    assert "TypeError" in broken
    assert right == "✓ Solved."
    assert "✓" in course_map


def test_a_queue_is_judged_as_in_cpython_and_one_that_never_ends_is_stopped(told):
    right, endless = told["verdicts"]
    assert [right, endless] == in_pyodide.verdicts()
    assert right.startswith("JobQueue: passed 6 of 8 stages, 2 not offered, ")
    assert endless.startswith('queue.dequeue(worker="ann"): it does not end: after 200,000 lines it is still at line')


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_that_the_site_runs_says_what_the_course_has_saved(told, path):
    cells = runnable(path)
    for cell, (printed, shown, error) in zip(cells, told["pages"][path.stem], strict=False):
        assert not error, f"{cell.id}: {error}"
        assert printed == "".join(o.text for o in cell.outputs if o.output_type == "stream"), cell.id
        saved = [output.data["text/plain"] for output in cell.outputs if output.output_type == "execute_result"]
        assert ([] if shown is None else [shown]) == saved, cell.id
    assert len(told["pages"][path.stem]) == len(cells)
