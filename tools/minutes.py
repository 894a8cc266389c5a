"""Estimate how many minutes a notebook takes, from its words and cells, and write that wherever the course states it.

    python -m tools.minutes            show the minutes of every part of every notebook
    python -m tools.minutes --write    write them: INSTRUCTORS.md, README's map, page 0's map, the notebooks' titles

It uses the numbers below. They were fitted to walks through all thirteen pages, cell by cell, by readers who did not
know them: for a page, the rule is off by 4.6 minutes (root mean square). No class was timed: once you have timed one,
put in your own.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import nbformat

from jobqueue_lesson.course.editions import is_speaker_note

from . import parser
from .paths import INSTRUCTORS, README, ROOT, notebooks

BEGIN, END = "<!-- minutes: made by tools/minutes.py -->", "<!-- end of minutes -->"

# Silent reading of English non-fiction: 238 words per minute, most adults between 175 and 300, and fewer where English
# is a second language. Source: M. Brysbaert, "How many words do we read per minute?", Journal of Memory and Language
# 109 (2019). Here 200, because the text is technical, and for many readers English is a second language.
WORDS_PER_MINUTE = 200

# The following are in seconds.
CODE_LINE = 4  # about eight words and symbols, read more slowly than prose, and more than once
SOURCE_LINE = 1.5  # the package's own source is skimmed: the text below it says where to look
OUTPUT_LINE = 1
MAX_OUTPUT_LINES = 12  # a longer output is not read in full
RUN = 8  # press Shift+Enter, look, and think before going on
PICTURE = 15
CARD = 60  # read the question, think, commit
RECALL = 25  # a card about an earlier page: half a minute with the running of it
REASON = 10
REPLAY = 45
PANEL = 90  # a lab, or a stage with buttons: play, and answer its question
EXERCISE = 270  # think, try, read the check, try again


class Part(NamedTuple):
    """A heading of a notebook, and what is below it, up to the next one."""

    heading: str
    level: int
    seconds: float


class Minutes(NamedTuple):
    """The minutes that a notebook takes."""

    reading: int
    """To read, run, predict, watch and play."""
    exercises: int
    """For the part "Try it"."""

    @property
    def rounded(self) -> Minutes:
        """The same, rounded to five minutes: the estimate is no more precise than that."""
        return Minutes(5 * round(self.reading / 5), 5 * round(self.exercises / 5))

    @property
    def all(self) -> int:
        """For the whole page, rounded to five minutes."""
        return sum(self.rounded)


def _words(text: str) -> int:
    text = re.sub(r"About \d+ minutes.*", "", text)  # what this tool writes
    text = re.sub(r"\]\([^)]*\)|<[^>]+>|[|*`#-]+", " ", text)
    return len(re.findall(r"\w\S*", text))


def _code(cell: nbformat.NotebookNode, counts: Counter[str]) -> float:
    source = cell.source
    if "source_hidden" in cell.metadata.get("jupyter", {}):
        return 0  # a solution: reading it is part of the time for the exercise
    tree = compile(source, cell.id, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(tree, ast.Module)
    imports = {
        n
        for s in tree.body
        if isinstance(s, (ast.Import, ast.ImportFrom))
        for n in range(s.lineno, 1 + (s.end_lineno or 0))
    }
    lines = [line for n, line in enumerate(source.splitlines(), start=1) if line.strip() and n not in imports]
    seconds: float = RUN + CODE_LINE * len(lines)
    for output in cell.outputs:
        data = output.get("data", {})
        shown = data.get("text/markdown", "")
        text = output.get("text", "") or ("" if shown else data.get("text/plain", ""))
        kind = None
        cost: float
        if source.endswith(")") and "\nremember(" in f"\n{source}":
            kind, cost = "cards", RECALL
        elif "predict(" in source:
            kind, cost = "cards", CARD
        elif ".reason()" in source:
            kind, cost = "reasons", REASON
        elif "Replay(" in source:
            kind, cost = "replays", REPLAY
        elif re.search(r"^(live|slow_api|\w+_lab)\(", source, re.MULTILINE):
            kind, cost = "panels", PANEL
        elif re.search(r"^check_\w+\(my_", source, re.MULTILINE):
            kind, cost = "exercises", EXERCISE
        elif "image/png" in data:
            kind, cost = "pictures", PICTURE
        else:
            cost = SOURCE_LINE * len(shown.splitlines()) + OUTPUT_LINE * min(MAX_OUTPUT_LINES, len(text.splitlines()))
        counts[kind or "other"] += 1
        seconds += cost
    counts["lines"] += len(lines)
    counts["cells"] += 1
    return seconds


def parts(path: Path) -> tuple[list[Part], Counter[str]]:
    """Measure each part of a notebook, and count what is in it."""
    counts: Counter[str] = Counter()
    found: list[Part] = []
    for cell in nbformat.read(path, as_version=4).cells:
        if is_speaker_note(cell):
            continue
        if cell.cell_type == "code":
            found[-1] = found[-1]._replace(seconds=found[-1].seconds + _code(cell, counts))
            continue
        for block in re.split(r"^(?=#+ )", cell.source, flags=re.MULTILINE):
            if match := re.match(r"(#+) (.+)", block):
                found.append(Part(match[2].strip(), len(match[1]), 0))
            if block.strip():
                counts["words"] += _words(block)
                found[-1] = found[-1]._replace(seconds=found[-1].seconds + 60 * _words(block) / WORDS_PER_MINUTE)
    return found, counts


def minutes(path: Path) -> Minutes:
    """Return the minutes that a notebook takes, rounded to whole minutes."""
    exercises = sum(part.seconds for part in parts(path)[0] if part.heading == "Try it")
    return Minutes(round((sum(part.seconds for part in parts(path)[0]) - exercises) / 60), round(exercises / 60))


def sentence(path: Path) -> str:
    """Return the sentence about its minutes that is below a notebook's title."""
    took = minutes(path).rounded
    return (
        f"About {took.all} minutes: {took.reading} to read, run and play, {took.exercises} for the exercises."
        if took.exercises
        else f"About {took.all} minutes."
    )


def _short(seconds: float) -> str:
    return f"{seconds / 60:.0f}" if seconds >= 45 else "½"


def of_parts(path: Path) -> str:
    """Return the minutes of each part of a notebook, in one line: "Predict 1 · Build 9 (Handlers 2, …)"."""
    lines: list[tuple[Part, list[Part]]] = []
    for part in parts(path)[0][1:]:
        if part.level == 2:
            lines.append((part, []))
        else:
            lines[-1][1].append(part)
    texts = []
    for part, below in lines:
        whole = _short(part.seconds + sum(other.seconds for other in below))
        inner = ", ".join(f"{other.heading} {_short(other.seconds)}" for other in below)
        texts.append(f"{part.heading} {whole}" + (f" ({inner})" if inner else ""))
    return " · ".join(texts)


def table() -> str:
    """Return the table of INSTRUCTORS.md."""
    lines = [
        "| | words | lines of code | pictures, replays | cards | panels | exercises | read, run, play | try it | all |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    total: Counter[str] = Counter()
    for path in notebooks():
        took, counts = minutes(path), parts(path)[1]
        seen = counts["pictures"] + counts["replays"]
        row = [counts["words"], counts["lines"], seen, counts["cards"], counts["panels"], counts["exercises"]]
        lines.append(
            f"| {path.stem[:2]} | {' | '.join(map(str, row))} | {took.reading} | {took.exercises} | {took.all} |"
        )
        total.update(reading=took.reading, exercises=took.exercises, all=took.all)
    lines.append(f"| all | | | | | | | {total['reading']} | {total['exercises']} | {total['all']} |")
    return "\n".join(lines)


def between_markers(text: str, made: str) -> str:
    """Put the table into a text, between its two markers."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    assert found, f"no {BEGIN} … {END} in {INSTRUCTORS.name}"
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def in_instructors(text: str) -> str:
    """Write the table into a text and, below each notebook's heading, the minutes of its parts."""
    text = between_markers(text, table())
    for path in notebooks():
        number = int(path.stem[:2])
        line = f"*{sentence(path).rstrip('.')}.* {of_parts(path)}"
        text = re.sub(rf"(?m)(^### {number} · .+\n\n).*$", lambda match: match[1] + line, text)  # noqa: B023
    return text


def in_map(text: str, *, link: bool) -> str:
    """Write the minutes into a map of the course: README's, or page 0's."""
    for path in notebooks():
        start = rf"^\| {int(path.stem[:2])} \| "
        text = re.sub(
            rf"(?m)({start}.+ \| )\d+( \|.*)$" if link else rf"(?m)({start}.+ \| )\d+( \|)$",
            lambda match: f"{match[1]}{minutes(path).all}{match[2]}",  # noqa: B023
            text,
        )
    return text


def in_title(text: str, path: Path) -> str:
    """Write the minutes into the first cell of a notebook."""
    return re.sub(r"About \d+ minutes(\.|:.*?\.)", sentence(path), text, count=1)


def expected() -> dict[Path, str]:
    """Return every file that states minutes, as it should be."""
    found = {
        INSTRUCTORS: in_instructors(INSTRUCTORS.read_text(encoding="utf-8")),
        README: in_map(README.read_text(encoding="utf-8"), link=True),
    }
    for path in notebooks():
        notebook = nbformat.read(path, as_version=4)
        notebook.cells[0].source = in_title(notebook.cells[0].source, path)
        for cell in notebook.cells:
            if cell.id == "map":
                cell.source = in_map(cell.source, link=False)
        found[path] = str(nbformat.writes(notebook)).rstrip("\n") + "\n"
    return found


def main(arguments: Sequence[str]) -> int:
    """Show the minutes, or write them; return the exit code."""
    command_line = parser("minutes", __doc__)
    command_line.add_argument("--write", action="store_true", help="write them wherever the course states them")
    if command_line.parse_args(arguments).write:
        for path, text in expected().items():
            if path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
                print(f"written: {path.relative_to(ROOT)}")
        return 0
    for path in notebooks():
        print(f"{path.stem}\n  {sentence(path)}\n  {of_parts(path)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
