"""The web site: what is in it, what it says of what a browser cannot do, and that it asks nobody else for anything.

That its Python works is test_pyodide.py's part, and in a real browser tests/browser/test_site.py's.
"""

import ast
import gzip
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from jobqueue_lesson.course.editions import site as site_edition
from tests.support.distribution import WHEELS
from tests.support.installed import NODE, need
from tests.support.trees import tree_of
from tools import website as tool
from tools.book.addresses import LAB
from tools.book.addresses import LITE as LITE_FOLDER
from tools.paths import LABEXTENSION, LITE, PYODIDE, ROOT, notebooks
from tools.website import lite, python

NOTEBOOKS = notebooks()


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def jupyterlite(site):
    return site / LITE_FOLDER


@pytest.fixture(scope="module")
def settings(jupyterlite):
    return read(jupyterlite / "jupyter-lite.json")["jupyter-config-data"]


# --- the pages in JupyterLite ---


def test_every_page_is_there_in_the_sites_edition_and_says_which_it_is(jupyterlite):
    names = {path.name for path in NOTEBOOKS}
    assert {path.name for path in (jupyterlite / "files").glob("*")} == names
    for path in NOTEBOOKS:
        page = read(jupyterlite / "files" / path.name)
        assert page["metadata"].pop(lite.STAMP) == {"page": path.name, "edition": lite.edition(page)}
        assert page == site_edition(read(path))
    listed = {entry["path"] for entry in read(jupyterlite / "api" / "contents" / "all.json")["content"]}
    assert listed == names


def test_an_edition_is_another_one_as_soon_as_a_cell_differs():
    one, other, kind = (
        {"cells": [{"cell_type": t, "source": s}]} for t, s in (("code", ["a\n", "b"]), ("code", "b"), ("raw", "b"))
    )
    assert lite.edition(one) == lite.edition({"cells": [{"cell_type": "code", "source": "a\nb"}]})
    assert len({lite.edition(notebook) for notebook in (one, other, kind)}) == 3


def test_the_browser_computes_the_same_edition(jupyterlite):
    need(NODE, "web")
    script = (
        "import { readFileSync } from 'node:fs';"
        f"import {{ edition, isOwn }} from '{(LABEXTENSION / 'copies.js').as_uri()}';"
        "for (const page of process.argv.slice(1)) {"
        "  const notebook = JSON.parse(readFileSync(page, 'utf8'));"
        "  console.log(edition(notebook), isOwn(notebook, page.split('/').at(-1)));"
        "}"
    )
    pages = sorted((jupyterlite / "files").glob("*.ipynb"))
    ran = subprocess.run(
        [NODE, "--input-type=module", "--eval", script, *(page.as_posix() for page in pages)],
        capture_output=True,
        text=True,
    )
    assert ran.stdout.splitlines() == [f"{lite.edition(read(page))} false" for page in pages], ran.stderr


def test_links_from_page_to_page_lead_somewhere(jupyterlite, settings):
    for path in NOTEBOOKS:
        words = "\n".join(
            "".join(c["source"])
            for c in read(jupyterlite / "files" / path.name)["cells"]
            if c["cell_type"] == "markdown"
        )
        for name in re.findall(r"\]\(([\w.]+\.(?:ipynb|md))", words):
            assert (jupyterlite / "files" / name).is_file() or name in settings[lite.OURS]["read"], (
                f"{path.name}: {name}"
            )


def test_every_package_of_the_lock_file_is_there_unchanged_with_all_that_it_needs(jupyterlite):
    packages = read(jupyterlite / lite.LOCK)["packages"]
    for name, package in packages.items():
        wheel = (jupyterlite / lite.LOCK).parent / package["file_name"]
        assert hashlib.sha256(wheel.read_bytes()).hexdigest() == package["sha256"], name
        assert set(package["depends"]) <= packages.keys(), name
    assert {path.name for path in (jupyterlite / lite.LOCK).parent.glob("*.whl")} == {
        package["file_name"] for package in packages.values()
    }


def test_every_module_that_the_pages_import_is_in_a_package(jupyterlite):
    packages = read(jupyterlite / lite.LOCK)["packages"]
    there = sys.stdlib_module_names | {name for package in packages.values() for name in package["imports"]}
    for path in (jupyterlite / "files").glob("*.ipynb"):
        for cell in read(path)["cells"]:
            if cell["cell_type"] == "code":
                tree = tree_of("".join(cell["source"]))
                wanted = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
                wanted |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
                assert {name.split(".")[0] for name in wanted} <= there, cell["id"]


def test_the_kernel_has_all_it_loads_in_the_lock_file_and_asks_no_index(jupyterlite, settings):
    kernel = settings["litePluginSettings"][lite.KERNEL_PLUGIN]
    assert kernel["disablePyPIFallback"] is True
    assert set(kernel["loadPyodideOptions"]["packages"]) <= read(jupyterlite / lite.LOCK)["packages"].keys()
    for place in (kernel["pyodideUrl"], kernel["loadPyodideOptions"]["lockFileURL"]):
        assert (jupyterlite / place).is_file()


def test_the_courses_extension_is_that_of_the_wheel(jupyterlite, wheel):
    there = jupyterlite / "extensions" / "jobqueue-lesson"
    with ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if "/labextensions/jobqueue-lesson/" in name]
        assert {path.name: path.read_bytes() for path in there.iterdir()} == {
            name.split("/")[-1]: archive.read(name) for name in names
        }
    assert {path.name for path in LABEXTENSION.iterdir()} <= {path.name for path in there.iterdir()}


# --- with the book ---


def test_the_site_is_the_book_with_jupyterlite_in_it(tmp_path, monkeypatch):
    """Both are stand-ins here: what they build is tested where they are."""
    told = {}

    def build_lite(output, pyodide, wheel, read):
        output.mkdir()
        (output / "jupyter-lite.json").touch()
        return lite.FirstStart(46_000_000, 27_000_000, pyodide.host)

    def build_book(output, at, **more):
        told.update(at=at, **more)
        output.mkdir()  # as it is the first time
        (output / "index.html").touch()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tool, "find_pyodide", lambda folder: python.Pyodide({}, folder, ""))
    monkeypatch.setattr(lite, "build", build_lite)
    monkeypatch.setattr(tool.book, "build", build_book)
    made = tool.build(Path("site"), tmp_path, Path("a.whl"), url="http://a/")
    assert (tmp_path / "site" / "index.html").is_file()
    assert (tmp_path / "site" / told["at"] / "jupyter-lite.json").is_file()
    assert (told["url"], told["wheel"].name, told["loads"]) == ("http://a/", "a.whl", made.in_words())


def test_jupyterlab_is_where_the_book_says(site):
    assert (site / LITE_FOLDER / LAB).is_file()
    assert f'"../{LITE_FOLDER}{LAB}" + location.search' in (site / LAB).read_text(encoding="utf-8")


def test_what_pages_link_to_is_read_in_the_book(site):
    assert {path.name for path in NOTEBOOKS[0].parent.glob("*.md")} == tool.READ.keys()


# --- what is downloaded, and from where ---


def hosts(*texts):
    return {host for text in texts for host in re.findall(r"https?://([\w.-]+)", text)}


def test_with_pyodide_inside_no_other_host_is_named(site, jupyterlite):
    places = [site / LAB, *(jupyterlite / name for name in ("jupyter-lite.json", lite.LOCK, "lab/jupyter-lite.json"))]
    assert hosts(*(place.read_text(encoding="utf-8") for place in places)) == set()


def test_without_pyodide_inside_only_its_content_network_is_named():
    need(PYODIDE, "npm")
    need(LITE, "lite")
    pyodide = python.find_pyodide(None)
    downloaded = lite.first_start([], pyodide.host)
    configuration = json.dumps(lite.configuration(pyodide, {}, downloaded))
    assert hosts(configuration) == {"cdn.jsdelivr.net"}
    assert "matplotlib from cdn.jsdelivr.net, which your browser must be able to reach." in downloaded.in_words()
    assert re.search(r"pyodide/v[\d.]+/full/pyodide\.mjs", configuration)


def test_without_pyodide_inside_what_only_it_has_is_named_there_and_the_rest_on_the_site(jupyterlite, tmp_path):
    for name, package in read(jupyterlite / lite.LOCK)["packages"].items():
        if name not in WHEELS:
            (tmp_path / package["file_name"]).symlink_to((jupyterlite / lite.LOCK).parent / package["file_name"])
    pyodide = python.find_pyodide(None)
    for name, package in python.make_lock(pyodide, tmp_path)["packages"].items():
        assert package["file_name"].startswith(pyodide.address) == (name in WHEELS), name


def test_what_a_first_start_downloads_is_counted_as_it_is_and_as_servers_compress_it(tmp_path):
    wheel, wasm = tmp_path / "a.whl", tmp_path / "a.wasm"
    wheel.write_bytes(bytes(3_000_000))  # a zip: no server compresses it
    wasm.write_bytes(bytes(5_000_000))
    counted = lite.first_start([wheel, wasm], "")
    assert counted.bytes == lite.APP[0] + 8_000_000
    assert lite.APP[1] + 3_000_000 < counted.compressed < lite.APP[1] + 3_100_000
    said = lite.FirstStart(45_600_000, 26_700_000, "").in_words()
    assert said == "The first start downloads 46 MB (27 MB if the server compresses), which your browser keeps."


def test_files_that_shrink_get_a_compressed_one_beside_them(tmp_path):
    text, random, wheel = tmp_path / "a" / "a.js", tmp_path / "b.js", tmp_path / "c.whl"
    text.parent.mkdir()
    text.write_bytes(b"let a = 1;\n" * 1000)
    random.write_bytes(hashlib.sha512(b"").digest())
    wheel.write_bytes(bytes(1000))
    tool.write_compressed(tmp_path)
    assert {path.name for path in tmp_path.rglob("*.gz")} == {"a.js.gz"}
    assert gzip.decompress((tmp_path / "a" / "a.js.gz").read_bytes()) == text.read_bytes()


# --- what is refused ---


def test_a_folder_without_pyodide_is_refused_with_what_to_do(tmp_path):
    need(LITE, "lite")
    with pytest.raises(SystemExit, match=r"no Pyodide in .*full distribution, pyodide-[\d.]+\.tar\.bz2"):
        python.find_pyodide(tmp_path)


def test_a_pyodide_with_another_python_is_refused_with_the_version_that_is_right(tmp_path):
    need(LITE, "lite")
    (tmp_path / "pyodide-lock.json").write_text(json.dumps({"info": {"python": "3.12.7"}, "packages": {}}))
    with pytest.raises(SystemExit) as refused:
        python.find_pyodide(tmp_path)
    right = python.right_version()
    assert f"has Python 3.12. The kernel of JupyterLite is made for Pyodide {right}" in str(refused.value)
    assert f"pyodide-{right}.tar.bz2" in str(refused.value)


def test_the_pyodide_of_npm_is_one_that_the_kernel_is_made_for():
    need(PYODIDE, "npm")
    need(LITE, "lite")
    assert read(PYODIDE / "package.json")["version"].split(".")[0] == python.right_version().split(".")[0]


def test_a_folder_with_pyodides_core_alone_is_refused_by_what_it_lacks(jupyterlite):
    pyodide = python.find_pyodide(PYODIDE)._replace(folder=PYODIDE)
    with pytest.raises(SystemExit, match=r"lacks .*numpy.*full distribution"):
        python.served(pyodide, (jupyterlite / lite.LOCK).parent.parent, read(PYODIDE / "pyodide-lock.json"))


def test_what_is_neither_on_pypi_nor_in_pyodide_is_an_error_that_names_it(tmp_path):
    nothing = python.Pyodide({"info": {"python": "3.14.2", "arch": "wasm32"}, "packages": {}}, None, "")
    with pytest.raises(SystemExit, match="neither PyPI nor this Pyodide"):
        python.make_lock(nothing, tmp_path)


def test_wheels_that_cannot_be_downloaded_are_an_error_with_what_pip_says(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(python, "requirements", lambda: ["nowhere"])
    info = {"python": "3.14.2", "abi_version": "2026_0", "arch": "wasm32"}
    with pytest.raises(SystemExit, match=r"Python 3\.14 on pyemscripten_2026_0_wasm32:\n(?s:.*)nowhere"):
        python.fetch_wheels(python.Pyodide({"info": info, "packages": {}}, None, ""), tmp_path)


# --- simulated time needs no sockets, threads or processes ---

WATCHED = """
import sys, threading
import matplotlib.font_manager  # the first time, it starts a process to look for fonts
from tests.support import in_pyodide

def watch(event, arguments):
    if event in ("socket.__new__", "socket.bind", "socket.connect", "subprocess.Popen", "os.fork", "os.posix_spawn"):
        raise AssertionError(event)

def start(self):
    raise AssertionError(f"a thread: {self}")

sys.addaudithook(watch)
threading.Thread.start = start

import asyncio, importlib, pkgutil
import jobqueue_lesson
for module in pkgutil.walk_packages(jobqueue_lesson.__path__, "jobqueue_lesson."):
    if not module.name.split(".")[1].startswith(("__main__", "engine", "postgres", "processes")):
        importlib.import_module(module.name)
in_pyodide.timelines()
in_pyodide.answers()
from jobqueue_lesson.labs import durability, recurring_jobs, retries
from jobqueue_lesson.show import replay
retries.retry_storm(), durability.leases(), recurring_jobs.recurring(), retries.retry_storm_lab()
sim = jobqueue_lesson.Simulation()
queue = jobqueue_lesson.JobQueue("tasks", clock=sim.time)
replay.Replay(jobqueue_lesson.History(queue))
try:
    import socket
    socket.socket()
except AssertionError as error:
    print("watched:", error)
"""


@pytest.mark.slow
def test_imports_and_simulated_time_open_no_socket_and_start_no_thread_or_process():
    made = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, cwd=ROOT)
    assert made.returncode == 0, made.stderr[-2000:]
    assert made.stdout.strip() == "watched: socket.__new__"
