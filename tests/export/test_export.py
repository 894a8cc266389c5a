"""Pages exported as HTML: one file that needs nothing else, and its widgets are alive."""

import re
import tomllib

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbconvert.preprocessors import ExecutePreprocessor
from traitlets.config import Config

from jobqueue_lesson import __main__
from jobqueue_lesson.export import LiveHTMLExporter, export
from jobqueue_lesson.show.saved import ALIVE
from tools.paths import NOTEBOOKS, PROJECT

CARD = 'from jobqueue_lesson.labs.retries import predict\npredict("timed-out")'


def write(path, *cells, **metadata):
    notebook = nbformat.v4.new_notebook(cells=list(cells), metadata=metadata)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, path)
    return path


def code(source, *outputs, **options):
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), **options)


def text(source, **options):
    return nbformat.v4.new_markdown_cell(source, **options)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page of the course, exported."""
    return export(NOTEBOOKS / "02_job_queue.ipynb", tmp_path_factory.mktemp("exported")).read_text(encoding="utf-8")


def test_a_page_asks_nobody_and_has_all_it_needs(page):
    asked = re.findall(r'(?:src|href)="((?!#|data:)[^"]*)"', re.sub(r"<a [^>]*>", "", page))
    assert asked == []
    assert not re.search(r"@import|url\((?!\"?data:|#)", page)
    assert "require.min.js" not in page
    assert page.count('<script type="module">') == 1


def test_a_page_has_the_data_of_all_its_widgets(page):
    cells = nbformat.read(NOTEBOOKS / "02_job_queue.ipynb", as_version=4).cells
    kinds = [o.data[ALIVE]["kind"] for cell in cells for o in cell.get("outputs", []) if ALIVE in o.get("data", {})]
    assert re.findall(r'class="jq-alive" data-kind="(\w+)"', page) == kinds
    assert page.count('<script type="application/json">') == len(kinds) - kinds.count("panel")
    assert "[A widget." not in page


def test_every_picture_has_its_alternative_text(page):
    pictures = [tag for tag in re.findall(r"<(?:img|svg) [^>]*>", page) if "jq-picture" in tag]
    assert len(pictures) == len(re.findall(r"<img ", page)) + len(re.findall(r"<svg [^>]*role", page)) >= 3
    alts = ["".join(re.findall(r'(?:alt|aria-label)="([^"]*)"', tag)) for tag in pictures]
    assert all(len(alt) > 20 and "No description" not in alt for alt in alts)


def test_solutions_are_folded_and_speaker_notes_are_left_out(page):
    folded = re.findall(r'<details class="jq-solution"><summary>(.*?)</summary>', page)
    assert folded
    assert set(folded) == {"Solution"}
    assert "<!-- Notes" not in page


def test_links_lead_to_pages_that_are_exported_as_well(tmp_path):
    links = text("[one](01_one.ipynb#there) [two](02_two.ipynb) [three](03_three.ipynb)")
    for name in ("01_one", "02_two"):
        write(tmp_path / f"{name}.ipynb", links)
    assert __main__.main(["export", *map(str, sorted(tmp_path.glob("*.ipynb"))), "--to", str(tmp_path / "out")]) == 0
    made = (tmp_path / "out" / "01_one.html").read_text(encoding="utf-8")
    assert re.findall(r'<a href="(\w[^"]+)"', made) == ["01_one.html#there", "02_two.html", "03_three.ipynb"]


def test_it_runs_a_page_first_if_it_is_told_to(tmp_path, capsys):
    path = write(tmp_path / "mine.ipynb", code(CARD))
    before = path.read_bytes()
    assert __main__.main(["export", str(path), "--execute"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'mine.html'}\n"
    assert 'data-kind="card"' in (tmp_path / "mine.html").read_text(encoding="utf-8")
    assert path.read_bytes() == before


def test_panels_have_their_positions_if_they_are_asked_for(tmp_path):
    panel = {ALIVE: {"kind": "panel"}, "text/plain": "question\nsettings\noutcome"}
    cell = code("life_of_a_job_lab()", nbformat.v4.new_output("display_data", data=panel))
    path = write(tmp_path / "02_job_queue.ipynb", cell)
    assert '"positions"' not in export(path, tmp_path).read_text(encoding="utf-8")
    assert '"positions"' in export(path, tmp_path, panels=True).read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", ["nothing there", "no notebook", "an error in a cell", "a folder that is a file"])
def test_it_says_in_a_line_what_is_wrong(tmp_path, capsys, monkeypatch, fault):
    def fail(self, notebook, resources):
        raise CellExecutionError("", "ValueError", "no such month")

    monkeypatch.setattr(ExecutePreprocessor, "preprocess", fail)
    path = tmp_path / "page.ipynb"
    folder = tmp_path / "out"
    if fault != "nothing there":
        write(path, text("# A page"))
    if fault == "no notebook":
        path.write_text("{}")
    if fault == "a folder that is a file":
        folder.write_text("")
    execute = ["--execute"] * (fault == "an error in a cell")
    assert __main__.main(["export", str(path), "--to", str(folder), *execute]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(folder if fault == "a folder that is a file" else path) in said


def test_nbconvert_finds_the_exporter_and_its_own_options_work():
    points = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["entry-points"]["nbconvert.exporters"]
    assert points == {"live_html": f"{LiveHTMLExporter.__module__}:{LiveHTMLExporter.__qualname__}"}
    notebook = nbformat.v4.new_notebook(cells=[code("1 + 1"), text("# A page")])
    page, _ = LiveHTMLExporter(config=Config({"TemplateExporter": {"exclude_input": True}})).from_notebook_node(
        notebook
    )
    assert "A page" in page
    assert "jp-InputArea-editor" not in re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)
