"""The notebooks as saved: their form, the demos' lines, and what they share with the package.

That every output is what it says is nbval's part: `pytest --nbval notebooks`.
"""

import ast
import itertools
import re
import statistics
from pathlib import Path

import nbformat
import pytest

from jobqueue_lesson import handlers
from tests.support.played import REMEMBER
from tools.paths import notebooks

NOTEBOOKS = notebooks()
LESSONS = [path for path in NOTEBOOKS if not path.name.startswith("00")]
PAGES = sorted([*NOTEBOOKS[0].parent.parent.glob("*.md"), *NOTEBOOKS[0].parent.glob("*.md")])
PARTS = ["The question", "Predict", "Build", "Demo", "See", "Play", "Try it", "What goes wrong", "Takeaways"]

# Cells whose outputs nbval does not compare, because they run in real time or show a live widget.
NOT_COMPARED = {
    "06_api_pattern": ["see-real"],
    "10_durability": ["see", "see-text"],
    "11_production_engine": ["see", "see-text", "play"],
}


def read(path):
    return nbformat.read(path, as_version=4)


def code_of(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def printed(path):
    """Return all text that the notebook's cells have put out."""
    texts = []
    for cell in code_of(path):
        for output in cell.outputs:
            texts.append(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
    return "\n".join(texts)


def headings_in(text):
    """Find the headings of Markdown; a comment in a block of code is none."""
    return re.findall(
        r"^(#+) (.+)$", re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )


def headings(path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            yield from headings_in(cell.source)


def named(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def test_the_course_so_far():
    assert [path.stem for path in NOTEBOOKS] == [
        "00_start_here",
        "01_why_background_jobs",
        "02_job_queue",
        "03_worker",
        "04_retries",
        "05_priorities",
        "06_api_pattern",
        "07_dead_letters",
        "08_recurring_jobs",
        "09_progress",
        "10_durability",
        "11_production_engine",
        "12_how_many_workers",
        "13_find_the_race",
        "14_your_own_queue",
    ]


@named(LESSONS)
def test_a_lesson_has_its_parts_in_order(path):
    first = ["Remember?"] if path.name >= "02" else []
    assert [text for level, text in headings(path) if level == "##"] == [*first, *PARTS]


@named([path for path in LESSONS if path.name >= "02"])
def test_a_page_asks_once_or_twice_about_earlier_ones(path):
    asked = re.findall(r'^remember\("(.+)"\)', "\n".join(cell.source for cell in code_of(path)), re.MULTILINE)
    assert 1 <= len(asked) <= 2
    assert [f"{path.stem[3:]}/{name}" for name in asked] == [
        name for name in REMEMBER if name.startswith(path.stem[3:])
    ]


@named([*NOTEBOOKS, *PAGES])
def test_headings_are_in_order(path):
    found = headings(path) if path.suffix == ".ipynb" else headings_in(path.read_text(encoding="utf-8"))
    levels = [len(level) for level, _ in found]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@named(NOTEBOOKS)
def test_cells_are_small(path):
    lines = [len([line for line in cell.source.splitlines() if line.strip()]) for cell in code_of(path)]
    assert max(lines) <= 16
    assert statistics.median(lines) <= 5


@named(NOTEBOOKS)
def test_only_the_listed_cells_are_not_compared(path):
    tagged = [cell.id for cell in code_of(path) if any("nbval" in tag for tag in cell.metadata.get("tags", []))]
    assert tagged == NOT_COMPARED.get(path.stem, [])


@named(NOTEBOOKS)
def test_every_tag_is_a_known_one(path):
    tags = {tag for cell in read(path).cells for tag in cell.metadata.get("tags", [])}
    assert tags <= {"nbval-ignore-output", "needs-sockets", "needs-processes", "remove-input", "solution"}


@named(NOTEBOOKS)
def test_a_folded_solution_gives_nothing_away_in_its_first_line_which_jupyterlab_shows(path):
    for cell in code_of(path):
        if cell.id.endswith("-solution"):
            assert re.match(r"(async )?def |# A solution$", cell.source.splitlines()[0]), cell.id


@named(NOTEBOOKS)
def test_nothing_was_written_to_stderr(path):
    assert not [output for cell in code_of(path) for output in cell.outputs if output.get("name") == "stderr"]


@named(NOTEBOOKS)
def test_no_output_names_a_machine(path):
    assert not re.search(r"0x[0-9a-f]{6,}|/tmp/|/home/|/root/|site-packages|127\.0\.0\.1:\d", printed(path))


@named(NOTEBOOKS)
def test_every_picture_has_its_text_nearby(path):
    cells = read(path).cells
    for place, cell in enumerate(cells):
        if "plt.show()" in cell.source and cell.cell_type == "code":
            near = "\n".join(c.source for c in cells[place + 1 : place + 4] if c.cell_type == "code")
            before = "\n".join(c.source for c in cells[max(0, place - 2) : place] if c.cell_type == "code")
            assert "print(" in near or "print(" in before, f"{cell.id}: a picture without a text twin"
            assert [o for o in cell.outputs if "image/png" in o.get("data", {})], cell.id


@named(NOTEBOOKS)
def test_every_picture_has_an_alternative_text(path):
    for cell in code_of(path):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata.get("image/png", {}).get("alt", "")
                assert len(alt) > 20, f"{cell.id}: name the axes, or say it: figure.set_label('What is seen here.')"


@named([*NOTEBOOKS, *PAGES])
def test_every_picture_in_the_text_has_an_alternative_text(path):
    cells = read(path).cells if path.suffix == ".ipynb" else []
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"] or [path.read_text(encoding="utf-8")]
    for text in texts:
        assert all(alt.strip() for alt in re.findall(r"!\[([^\]]*)\]\(", text))
        assert all(re.search(r'\balt="[^"]{20,}"', tag) for tag in re.findall(r"<img[^>]*>", text))


@named(NOTEBOOKS)
def test_a_notebook_leans_on_the_package_alone(path):
    known = {
        "asyncio",
        "bisect",
        "contextlib",
        "contextvars",
        "fastapi",
        "heapq",
        "httpx",
        "importlib",
        "io",
        "json",
        "jobqueue_lesson",
        "logging",
        "math",
        "matplotlib",
        "pathlib",
        "procrastinate",
        "random",
        "subprocess",
        "sys",
        "tempfile",
        "time",
    }
    for cell in code_of(path):
        tree = compile(cell.source, cell.id, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= known
            if isinstance(node, ast.ImportFrom):
                assert node.module.split(".")[0] in known


BY_PRIORITY = [
    "Processing order (highest priority first):",
    "1. critical",
    "2. high-priority",
    "3. medium-priority",
    "4. normal",
    "5. low-priority",
]
LINES = {
    "02_job_queue": [
        "Job #1: send-email → status: pending",
        "Job #2: resize-image → status: pending",
        "Job #3: generate-report → status: pending",
        "Job #4: send-email → status: pending",
        "Job #5: resize-image → status: pending",
        'Queue stats: {"pending":5,"processing":0,"completed":0,"failed":0}',
    ],
    "03_worker": [
        'Job #1: send-email — 10ms — {"sent":true,"to":"alice@example.com"}',
        'Job #2: resize-image — 20ms — {"resized":true,"size":"thumbnail"}',
        'Job #3: generate-report — 30ms — {"pages":5,"format":"pdf"}',
        'Job #4: send-email — 10ms — {"sent":true,"to":"bob@example.com"}',
        'Job #5: resize-image — 20ms — {"resized":true,"size":"medium"}',
        'Queue stats: {"pending":0,"processing":0,"completed":5,"failed":0}',
    ],
    "04_retries": ["Job completed after 3 attempts", 'Result: {"success":true,"attempts":3}'],
    "05_priorities": BY_PRIORITY,
}
LINES["00_start_here"] = [
    line for page in ("02_job_queue", "03_worker", "04_retries", "05_priorities") for line in LINES[page]
]


@pytest.mark.parametrize("name", LINES)
def test_the_seeds_lines_stand_in_the_outputs_in_order(name):
    (path,) = (path for path in NOTEBOOKS if path.stem == name)
    lines = [line.strip() for line in printed(path).splitlines()]
    places = [lines.index(line) for line in LINES[name]]
    assert places == sorted(places)


def test_the_first_page_tells_the_whole_lesson_in_a_few_cells_with_one_card_one_replay_and_one_check():
    cells = read(NOTEBOOKS[0]).cells
    assert len(cells) <= 45
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert [code.count(form) for form in ("= predict(", "Replay(history)", "(my_next)")] == [1, 1, 1]
    said = printed(NOTEBOOKS[0])
    assert said.index('202 {"jobId":1,"status":"queued","statusUrl":"/api/jobs/1"}') < said.index(
        '"status":"completed"'
    )
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert text.count("**You will build this**") == 4


def without_annotations(node):
    for part in ast.walk(node):
        if isinstance(part, ast.arg):
            part.annotation = None
        if isinstance(part, ast.AsyncFunctionDef):
            part.returns = None
    return ast.dump(node)


def definitions(source):
    """Return the handlers and their table, by name, as far as they are defined in some source."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.AsyncFunctionDef):
            found[node.name] = without_annotations(node)
        elif isinstance(node, ast.Assign) and node.targets[0].id == "HANDLERS":
            found["HANDLERS"] = ast.dump(node.value)
    return found


def test_the_handlers_written_in_03_are_those_of_the_package():
    package = definitions(Path(handlers.__file__).read_text(encoding="utf-8"))
    (path,) = (path for path in NOTEBOOKS if path.stem == "03_worker")
    cells = {cell.id: cell.source for cell in code_of(path)}
    ids = ["send-email", "resize-image", "generate-report", "handlers"]
    assert definitions("\n".join(cells[id] for id in ids)) == package
