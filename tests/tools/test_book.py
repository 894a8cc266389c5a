"""The book: everything of the saved pages is in it, every link leads somewhere, and it asks nothing of other hosts."""

import base64
import json
import re
import shutil
import struct

import pytest
from pygments.lexers import JavascriptLexer
from pygments.token import Comment

from jobqueue_lesson.course.editions import is_solution, is_speaker_note, make_edition
from jobqueue_lesson.course.pages import objectives, title
from jobqueue_lesson.show import alive
from jobqueue_lesson.show.pictures import inline
from jobqueue_lesson.show.saved import ALIVE, WAKE
from tests.support.installed import need
from tests.support.pages_of_html import Html, dead_links, read_pages
from tools import book as tool
from tools import panels
from tools.book import addresses, redirects, reference
from tools.book.media import keeps_lines, picture
from tools.book.pages import edition, page, term_id
from tools.glossary import terms
from tools.paths import BOOK, PACKAGE, notebooks

NOTEBOOKS = notebooks()
LOOKED_UP = [
    "glossary.html",
    "what_next.html",
    "genindex.html",
    "search.html",
    "instructors.html",
    "reference/index.html",
]

each_page = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def pages(book):
    return read_pages(book)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell):
    return "".join(cell["source"])


def outputs(path):
    """Yield each output of a page's cells that the book shows, with the name that its files have."""
    for cell in read(path)["cells"]:
        for number, output in enumerate(cell.get("outputs", [])):
            yield f"{path.stem}/{cell['id']}-{number}", output.get("data", {}), output.get("metadata", {})


# --- as a whole ---


def test_every_link_inside_the_book_leads_to_a_page_and_an_anchor_that_exist(book, pages):
    assert len(pages) > 60
    assert dead_links(book, pages, addresses.LITE) == []


def test_a_dead_link_or_anchor_would_be_found(book, pages, tmp_path):
    shutil.copy(book / "what_next.html", tmp_path / "what_next.html")
    broken = (
        '<p id="here"><a href="#here"></a><a href="#there"></a><a href="gone.html"></a><a href="what_next.html#x"></a>'
    )
    (tmp_path / "index.html").write_text(broken)
    found = [link for link in dead_links(tmp_path, read_pages(tmp_path), "lite/") if link.startswith("index.html")]
    assert found == ["index.html: #there", "index.html: gone.html", "index.html: what_next.html#x"]


def test_nothing_is_loaded_from_another_host(book, pages):
    for name, html in pages.items():
        loaded = [tag for tag in html.tags if tag.name != "a" and re.match(r"(\w+:)?//", tag.address or "")]
        assert loaded == [], name
    for path in (book / "_static").rglob("*"):
        if path.suffix in (".css", ".js"):
            asked = r"""((url|fetch|import)\(\s*["']?|(@import|from)\s*["'])(https?:)?//"""
            assert not re.search(asked, path.read_text(encoding="utf-8")), path.name


def test_an_address_that_was_once_there_stays(book):
    assert [path.stem for path in NOTEBOOKS] == sorted(path.stem for path in book.glob("[0-9]*.html"))
    assert all((book / name).is_file() for name in LOOKED_UP)
    assert all((book / old).is_file() for old in redirects.OLD)
    assert "lab/index.html" in redirects.OLD


def test_the_book_and_each_of_its_pages_are_small(book):
    assert tool.size(book) < 40e6
    for path in book.glob("*.html"):
        assert path.stat().st_size < 400e3, path.name


def test_a_page_waits_for_its_style_sheet_alone_and_all_have_the_same(book, pages):
    read = {name: page for name, page in pages.items() if name not in redirects.OLD}
    assert len(read) > len(NOTEBOOKS)
    sheets = {}
    for name, html in read.items():
        sheets[name] = [link["href"] for link in html.of("link") if link.get("rel") == "stylesheet"]
        scripts = [script for script in html.of("script") if "src" in script and name != "search.html"]
        assert all("defer" in script or script["fetchpriority"] == "low" for script in scripts), name
    [sheet] = (book / "_static").rglob("*.css")
    assert all(len(links) == 1 for links in sheets.values())
    assert {((book / name).parent / link).resolve() for name, links in sheets.items() for link in links} == {sheet}
    css = sheet.read_text(encoding="utf-8")
    assert all(look in css for look in (".jq-replay", ".highlight .k", ".sidebar-brand", ".cell_output"))


def test_the_small_script_is_the_same_but_for_comments_and_space_between_words(book):
    from rjsmin import jsmin

    def words(script):
        return [
            (kind, text) for kind, text in JavascriptLexer().get_tokens(script) if kind not in Comment and text.strip()
        ]

    small = (book / "_static" / "alive.js").read_text(encoding="utf-8")
    assert words(small) == words(alive.script())
    nested = "`${tries > 1 ? `, attempt ${tries}` : ''}`"  # rjsmin takes its inner text for code
    assert words(jsmin(nested)) != words(nested)


def test_the_build_says_how_large_the_book_is(book, capsys, monkeypatch, tmp_path):
    def build(output, *arguments, **options):
        output.mkdir(exist_ok=True)
        (output / "index.html").write_bytes(b"x" * 1_500_000)

    monkeypatch.setattr(tool, "build", build)
    assert tool.main(["--output", str(tmp_path / "book")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1.5 MB: open ")
    assert '"Run this page" leads to lite/, which is not built here: make site' in said
    assert tool.main(["--output", str(tmp_path / "book"), "--lite", "https://elsewhere.example"]) == 0
    assert "make site" not in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of Sphinx are its own
def test_a_link_that_leads_nowhere_stops_the_build(tmp_path):
    need(BOOK, "book")
    sources = {
        "index.md": b"# One\n\n[There](04_retries.ipynb#cell-id=gone)\n",
        "04_retries.md": b"---\norphan: true\n---\n\n# Two\n",
    }
    tool._write(tmp_path / "source", sources)
    tool._write(tmp_path / "static", tool._static())
    with pytest.raises(SystemExit, match="cell-id=gone"):
        tool._sphinx(tmp_path, tmp_path / "out", tool._configuration([], {}, ""))


# --- the pages ---


@each_page
def test_every_cell_has_an_anchor_as_in_jupyterlab(pages, path):
    ids = pages[f"{path.stem}.html"].ids
    shown = [cell["id"] for cell in read(path)["cells"] if not is_speaker_note(cell)]
    left_out = {"solved"} if not path.stem.startswith("00") else set()
    assert [name for name in ids if name.startswith("cell-id=")] == [
        f"cell-id={name}" for name in shown if name not in left_out
    ]
    assert len(ids) == len(set(ids))


@each_page
def test_a_page_can_be_run_and_downloaded(book, pages, path):
    html = pages[f"{path.stem}.html"]
    run, download = html.of("a", "jq-door")
    assert run["href"] == f"lite/lab/index.html?path={path.stem}.ipynb"
    assert "download" in download
    assert (book / download["href"]).read_bytes() == make_edition(path.read_bytes(), "course")


@each_page
def test_a_page_shows_all_its_text_and_no_note(book, path):
    text = (book / f"{path.stem}.html").read_text(encoding="utf-8")
    assert WAKE not in text
    assert "<!-- Notes" not in text
    assert "nothing has changed here" not in text
    for cell in read(path)["cells"]:
        if is_speaker_note(cell):
            assert " ".join(source(cell).split()[2:14]) not in text
    solutions = [cell for cell in read(path)["cells"] if cell["cell_type"] == "code" and is_solution(cell)]
    assert text.count("Show the solution</p>") == len(solutions)


@pytest.mark.parametrize("name", ["04_retries", "05_priorities"])
def test_the_runs_that_give_an_answer_away_are_folded_as_the_answer_is(name):
    cells = {
        cell["id"]: cell
        for cell in edition(read(NOTEBOOKS[int(name[:2])]), name, "lite/", {}, panels_move=False)["cells"]
    }
    answer, runs = (list(cells).index(cell) for cell in ("play-answer", "play-compare"))
    assert answer < runs
    assert "hide-cell" in cells["play-compare"]["metadata"]["tags"]
    assert cells["play-compare"]["metadata"]["mystnb"]["code_prompt_show"] == "Show the runs behind the answer"


@each_page
def test_pictures_have_alternative_texts_and_room_is_kept_for_them(book, pages, path):
    files, drawn = {}, []
    for name, data, metadata in outputs(path):
        if "image/png" in data and inline({"data": data, "metadata": metadata}):
            drawn.append(metadata["image/png"]["alt"])
        elif "image/png" in data:
            files[f"pictures/{name}.png"] = (base64.b64decode("".join(data["image/png"])), metadata["image/png"])
    html = pages[f"{path.stem}.html"]
    assert [svg["aria-label"] for svg in html.of("svg", "jq-picture")] == drawn
    found = {image["src"]: image for image in html.of("img")}
    assert found.keys() == files.keys()
    for address, image in found.items():
        png, metadata = files[address]
        assert (book / address).read_bytes() == png
        assert image["alt"] == metadata["alt"]
        assert (image["loading"], image["decoding"]) == ("lazy", "async")
        width, height = struct.unpack(">II", png[16:24])
        assert int(image["width"]) == metadata.get("width", width)
        assert int(image["width"]) / int(image["height"]) == pytest.approx(width / height, rel=0.02)


@pytest.mark.parametrize(
    ("printed", "keeps"),
    [
        ("#1 flaky-api  █x~~~~█✓ completed", True),
        ("Alice ············ 30 ms: 202", True),
        ("pending     dequeue →   processing\nprocessing  complete →  completed\n", True),
        ("calls in each second: [100, 0, 100]\n650 calls, 550 of them refused.\n", False),
        ("none, factor 1.0  650 calls, 550 of them refused.\nfull              265 calls, 165 of them.\n", False),
        ("job 1: failed, KeyError: 'to'", False),
    ],
)
def test_only_drawings_and_tables_keep_their_lines(printed, keeps):
    assert keeps_lines(printed) is keeps


def test_printed_lines_wrap_unless_they_are_a_drawing(book):
    text = (book / "04_retries.html").read_text(encoding="utf-8")
    wraps = re.findall(r'(?s)class="[^"]*\bjq-wraps\b[^"]*">.*?<pre>(.*?)</pre>', text)
    assert any("calls in each second" in printed for printed in wraps)
    assert any("attempt 1 at 0 s" in printed for printed in wraps)
    assert not any("█" in printed or "def " in printed for printed in wraps)


@each_page
def test_a_page_says_what_it_is_a_part_of(book, path):
    text = (book / f"{path.stem}.html").read_text(encoding="utf-8")
    assert f'This is page {int(path.stem[:2])} of <a href="index.html">a course' in text
    asked_before = any(cell["id"] == "remember-head" for cell in read(path)["cells"])
    assert ("New here? " in text) is asked_before


def test_a_page_says_what_running_it_downloads():
    (path,) = (path for path in NOTEBOOKS if path.stem == "04_retries")
    first = json.loads(page(path, "lite/", panels_move=False, loads="It downloads 46 MB.").notebook)["cells"][0]
    assert "best on a computer. It downloads 46 MB.</span>" in source(first)


def test_a_picture_that_is_kept_as_svg_is_drawn_in_the_page_and_leads_to_its_png():
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 200, 100)).decode()
    kept = {"alt": "Two bars", "width": 100, "height": 50, "svg": '<svg aria-hidden="true" viewBox="0 0 1 1"></svg>'}
    files = {}
    shown = picture({"data": {"image/png": png}, "metadata": {"image/png": kept}}, "04_retries/see-0", files)
    assert files == {"pictures/04_retries/see-0.png": base64.b64decode(png)}
    html = Html(shown)
    assert [a["href"] for a in html.of("a")] == ["pictures/04_retries/see-0.png"]
    assert [svg["aria-label"] for svg in html.of("svg", "jq-picture")] == ["Two bars"]
    del kept["svg"]
    (image,) = Html(picture({"data": {"image/png": png}, "metadata": {"image/png": kept}}, "a", files)).of("img")
    assert (image["width"], image["height"], image["alt"]) == ("100", "50", "Two bars")


@each_page
def test_what_a_replay_plays_lies_beside_its_page(book, pages, path):
    boxes = {box["data-src"] for box in pages[f"{path.stem}.html"].of("div", "jq-alive") if "data-src" in box}
    replays = {
        f"data/{name}.json": json.loads(data[ALIVE]["record"])
        for name, data, _ in outputs(path)
        if data.get(ALIVE, {}).get("kind") == "replay"
    }
    assert boxes == replays.keys()
    for address, record in replays.items():
        assert read(book / address)["record"] == record


def test_a_panel_has_its_positions_in_files_of_their_own_and_the_page_to_run(monkeypatch):
    data = {"kind": "panel", "question": "?", "controls": [], "start": {}, "positions": {"jitter": [{"words": "7"}]}}
    monkeypatch.setattr(panels, "computed", lambda make, kept: data)
    (path,) = (path for path in NOTEBOOKS if path.stem == "04_retries")
    made = page(path, "lite/")
    shown = next(
        output["data"]["text/html"]
        for cell in json.loads(made.notebook)["cells"]
        for output in cell.get("outputs", [])
        if 'data-kind="panel"' in "".join(output.get("data", {}).get("text/html", ""))
    )
    (box,) = Html("".join(shown)).of("div", "jq-alive")
    assert box["data-run"] == "lite/lab/index.html?path=04_retries.ipynb"
    beside = json.loads(made.files[box["data-src"]])["positions"]["jitter"]
    assert json.loads(made.files[f"data/04_retries/{beside}"]) == [{"words": "7"}]


@each_page
def test_making_a_page_leaves_the_notebook_as_it_is(path):
    saved = read(path)
    edition(saved, path.stem, "lite/", {}, panels_move=False)
    assert saved == read(path)


@each_page
def test_links_of_a_page_lead_into_the_book(pages, path):
    hrefs = [tag["href"] for tag in pages[f"{path.stem}.html"].of("a") if "href" in tag]
    notebook_links = [h for h in hrefs if h.split("#")[0].endswith((".ipynb", ".md")) and "?" not in h]
    assert notebook_links == [f"{path.stem}.ipynb"]  # the download


def test_what_is_said_of_a_page_to_others_is_its_own(book, pages):
    seen = set()
    for path in NOTEBOOKS:
        metas = {
            m.get("property") or m.get("name"): m["content"]
            for m in pages[f"{path.stem}.html"].of("meta")
            if "content" in m
        }
        assert metas["og:title"] == title(read(path))
        assert len(metas["og:description"]) > 60
        assert metas["description"] == metas["og:description"]
        assert not re.search(r"[`*]|\]\(", metas["og:description"])
        png = (book / metas["og:image"]).read_bytes()
        assert struct.unpack(">II", png[16:24]) == (1200, 630)
        assert len(png) < 60e3
        seen |= {metas["og:description"], png}
    assert len(seen) == 2 * len(NOTEBOOKS)


def test_previews_in_the_reference_are_found_from_there(book, pages):
    metas = {m.get("property"): m["content"] for m in pages["reference/worker.html"].of("meta") if "content" in m}
    assert (book / "reference" / metas["og:image"]).is_file()


# --- the contents ---


def test_the_first_page_lists_all_pages_with_minutes_and_objectives(book, pages):
    text = (book / "index.html").read_text(encoding="utf-8")
    start = next(a for a in pages["index.html"].of("a", "jq-door") if "jq-quiet" not in a["class"])
    assert start["href"] == "00_start_here.html"
    assert "data-autoplay" in text
    for path in NOTEBOOKS:
        entry = text.partition(f'<a href="{path.stem}.html"><span class="jq-number">')[2].partition("</ul>")[0]
        assert re.search(r'class="jq-minutes">\d\d min<', entry), path.stem
        assert entry.count("<li>") == len(objectives(read(path)))


def test_the_next_and_the_previous_page_are_those_of_the_course(pages):
    stems = ["index", *(path.stem for path in NOTEBOOKS)]
    for before, name, after in zip(stems, stems[1:], stems[2:], strict=False):
        links = {link["rel"]: link["href"] for link in pages[f"{name}.html"].of("link") if "rel" in link}
        assert (links["prev"], links["next"]) == (f"{before}.html", f"{after}.html")


# --- what is looked up ---


def test_each_term_leads_to_the_page_that_introduces_it_and_back(pages):
    hrefs = {a["href"] for a in pages["glossary.html"].of("a") if "href" in a}
    for path in NOTEBOOKS:
        html = pages[f"{path.stem}.html"]
        for term in terms(path):
            assert f"{path.stem}.html#cell-id={term.cell}" in hrefs
            assert term_id(term.name) in html.ids
            assert f"glossary.html#{term_id(term.name)}" in {a.get("href") for a in html.of("a")}
            assert term_id(term.name) in pages["glossary.html"].ids


def test_the_index_has_terms_and_the_packages_names(pages):
    hrefs = {a["href"] for a in pages["genindex.html"].of("a") if "href" in a}
    assert "reference/worker.html#jobqueue_lesson.worker.Worker" in hrefs
    assert any(href.startswith("04_retries.html#index-") for href in hrefs)
    assert "glossary.html#term-jitter" in hrefs


def test_every_module_that_the_pages_import_is_in_the_reference(pages):
    code = "\n".join(source(cell) for path in NOTEBOOKS for cell in read(path)["cells"] if cell["cell_type"] == "code")
    imported = set(re.findall(rf"^from {PACKAGE.name}\.([\w.]+) import", code, re.MULTILINE))
    imported = {name for name in imported if name.split(".")[0] not in ("exercises", "labs", "course", "__main__")}
    assert len(imported) > 15
    assert imported <= set(reference.modules())
    assert {f"reference/{name}.html" for name in reference.modules()} <= pages.keys()


def test_a_module_of_the_reference_leads_to_its_source_and_to_the_page_that_teaches_it(pages):
    for name in reference.modules():
        hrefs = {a["href"].partition("#")[0] for a in pages[f"reference/{name}.html"].of("a") if "href" in a}
        for number in reference.taught_on(reference.said(name)):
            (path,) = (path for path in NOTEBOOKS if int(path.stem[:2]) == number)
            assert f"../{path.stem}.html" in hrefs, name
    hrefs = {a["href"] for a in pages["reference/worker.html"].of("a") if "href" in a}
    assert "../_modules/jobqueue_lesson/worker.html#Worker" in hrefs


def test_types_in_the_reference_are_named_as_people_name_them(book):
    for name in reference.modules():
        text = (book / f"reference/{name}.html").read_text(encoding="utf-8")
        for sign in re.findall(r'(?s)<dt class="sig.*?</dt>', text):
            said = re.sub(r"<[^>]+>", "", sign)
            assert not re.search(r"&lt;|~|collections\.abc|typing\.", said), said


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("(page 4).", [4]), ("(pages 2, 4 and 7).", [2, 4, 7]), ("pages of 12", []), ("on page 14, as far as", [14])],
)
def test_the_pages_that_a_docstring_names_are_read_from_it(text, numbers):
    assert reference.taught_on(text) == numbers


def test_only_the_numbers_in_the_name_of_a_page_become_links():
    titles = {4: ("04_retries", "4 · Retries")}
    assert (
        reference.with_links("4 of them (pages 4 and 99)", titles) == "4 of them (pages :doc:`4 </04_retries>` and 99)"
    )
