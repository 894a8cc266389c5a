import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import notebooks as tool


@pytest.fixture
def save(tmp_path):
    def save(*cells, **metadata):
        path = tmp_path / "00_test.ipynb"
        nbformat.write(new_notebook(cells=list(cells), metadata=metadata), path)
        return path

    return save


@pytest.mark.slow
def test_a_run_notebook_is_clean_and_a_second_run_changes_nothing(save):
    path = save(
        new_markdown_cell("# Title", id="title"),
        new_code_cell(
            "import sys\nfor n in range(3):\n    print(n, flush=True)", id="prints", metadata={"collapsed": True}
        ),
        new_code_cell("1 / 0", id="error", metadata={"tags": ["raises-exception"]}),
        language_info={"name": "python", "version": "3.99"},
        widgets={"state": {}},
    )
    assert tool.main(["run", str(path)]) == 0
    first = path.read_bytes()
    assert tool.main(["check", str(path)]) == 0
    assert tool.main(["run", str(path)]) == 0
    assert path.read_bytes() == first
    notebook = nbformat.read(path, as_version=4)
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, 2]
    assert [output.text for output in notebook.cells[1].outputs] == ["0\n1\n2\n"]
    assert str(path.parent) not in path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_notebook_that_fails_is_not_saved(save):
    path = save(new_code_cell("1 / 0", id="error"))
    before = path.read_bytes()
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        tool.main(["run", str(path)])
    assert path.read_bytes() == before


def clean_cell(**changes):
    return new_code_cell("1 + 1", id="sum", execution_count=1, **changes)


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (clean_cell(metadata={"collapsed": True}), "cell sum has metadata ['collapsed']"),
        (new_code_cell("1 + 1", id="sum"), "was not run from top to bottom in one go: execution counts are [None]"),
        (new_code_cell("  ", id="sum", execution_count=1), "cell sum is empty"),
        (new_code_cell("1 + 1 ", id="sum", execution_count=1), "cell sum has spaces at the end of a line"),
        (
            clean_cell(outputs=[new_output("error", ename="E", evalue="no", traceback=[])]),
            "cell sum ended in an error: E: no",
        ),
        (
            clean_cell(outputs=[new_output("display_data", {tool.WIDGET_VIEW: {"model_id": "1"}})]),
            "cell sum has the view of a widget saved, with no widget behind it",
        ),
    ],
)
def test_what_is_not_clean_is_named(save, capsys, cell, fault):
    path = save(cell, **tool.METADATA)
    assert tool.main(["check", str(path)]) == 1
    assert f"00_test.ipynb {fault}" in capsys.readouterr().out.splitlines()


def test_a_link_to_a_file_that_does_not_exist_is_named(save, capsys):
    words = "[a](01_gone.ipynb#cell-id=x) [b](00_test.ipynb#cell-id=y) [c](https://example.com/z) [d](#here)"
    path = save(new_markdown_cell(words, id="see"), **tool.METADATA)
    assert tool.main(["check", str(path)]) == 1
    assert capsys.readouterr().out == (
        "00_test.ipynb cell see links to 01_gone.ipynb#cell-id=x, which does not exist\n"
    )


def test_metadata_of_one_machine_is_named(save, capsys):
    path = save(clean_cell(), kernelspec={"name": "my-env", "display_name": "My env"})
    assert tool.main(["check", str(path)]) == 1
    assert "has metadata other than kernelspec and language_info: ['kernelspec']" in capsys.readouterr().out


def test_the_view_of_a_widget_gives_way_to_its_text(save):
    code = "import ipywidgets\nipywidgets.IntSlider(description='n')"
    path = save(new_code_cell(code, id="slider"))
    tool.main(["run", str(path)])
    (output,) = nbformat.read(path, as_version=4).cells[0].outputs
    assert list(output.data) == ["text/plain"]


def test_a_file_that_is_not_there_is_named(capsys):
    with pytest.raises(SystemExit):
        tool.main(["check", "notebooks/99_none.ipynb"])
    assert "no such notebook: notebooks/99_none.ipynb" in capsys.readouterr().err
