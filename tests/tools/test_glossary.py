"""The glossary is what the pages say, and every link of it leads somewhere."""

import re

import nbformat
import pytest

from tools import glossary as glossary_tool
from tools.paths import NOTEBOOKS

TEXT = (NOTEBOOKS / "GLOSSARY.md").read_text(encoding="utf-8")


def test_the_glossary_is_made_from_the_pages_as_they_are():
    assert glossary_tool.glossary() == TEXT, "run: make notebooks"


def test_it_has_the_terms_that_the_course_is_about():
    names = re.findall(r"^- \*\*(.+?)\*\*: ", TEXT, re.MULTILINE)
    assert 45 <= len(names) <= 100
    wanted = "202 Accepted, aging, at least once, backoff, cap, dead letter, drift, Erlang C, handler, heap, heartbeat"
    wanted += ", idempotency key, idempotent, jitter, job, lease, Little's law, p95, poison message, priority, queue"
    wanted += ", Retry-After, starvation, tick, utilization, worker"
    assert set(wanted.split(", ")) <= set(names)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_term_stands_in_a_whole_sentence(path):
    found = list(glossary_tool.terms(path))
    assert found, "no term is taught here"
    for term in found:
        assert re.search(r"[.:]\*{0,2}$", term.sentence), f"{term.name}: {term.sentence!r}"
        assert re.search(rf"\*\*[^*]*{re.escape(term.name)}[^*]*\*\*", term.sentence), f"{term.name} is not bold"
        assert 5 <= len(term.sentence.split()) <= 40, f"{term.name}: {term.sentence!r}"


def test_a_term_that_is_defined_twice_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(glossary_tool, "notebooks", lambda: sorted(tmp_path.glob("*.ipynb")))
    for name in ("01_one", "02_two"):
        cell = nbformat.v4.new_markdown_cell("# One\n\nA **<dfn>job</dfn>** is a piece of work.")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / f"{name}.ipynb")
    with pytest.raises(ValueError, match="'job' is defined twice: in 01_one and in 02_two"):
        glossary_tool.glossary()


def test_a_note_of_the_speaker_teaches_no_term(tmp_path):
    note = nbformat.v4.new_markdown_cell(
        "**Notes.** A <dfn>job</dfn> is work.", metadata={"slideshow": {"slide_type": "notes"}}
    )
    nbformat.write(nbformat.v4.new_notebook(cells=[note]), tmp_path / "01_one.ipynb")
    assert list(glossary_tool.terms(tmp_path / "01_one.ipynb")) == []


@pytest.mark.parametrize("name", ["GLOSSARY.md", "WHAT_NEXT.md"])
def test_links_lead_to_a_page_and_a_cell_that_exist(name):
    text = (NOTEBOOKS / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([\w.]+\.(?:ipynb|md))(?:#cell-id=([^)]+))?\)", text)
    assert len(links) > 10
    for page, cell_id in links:
        assert (NOTEBOOKS / page).exists(), page
        if cell_id:
            assert cell_id in [cell.id for cell in nbformat.read(NOTEBOOKS / page, as_version=4).cells]
    for letter in re.findall(r"\]\(#(.)\)", text):
        assert f"\n## {letter}\n" in text


def test_the_first_and_the_last_page_lead_to_the_glossary_and_on():
    for stem, cell_id in (("00_start_here", "next"), ("14_your_own_queue", "takeaways")):
        cells = nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4).cells
        (source,) = (cell.source for cell in cells if cell.id == cell_id)
        assert "](GLOSSARY.md)" in source
        assert "](WHAT_NEXT.md)" in source


def test_no_source_is_named_twice():
    links = re.findall(r"\]\((https?://[^)]+)\)", (NOTEBOOKS / "WHAT_NEXT.md").read_text(encoding="utf-8"))
    assert len(links) > 20
    assert len(set(links)) == len(links)
