"""The web site: what is in it, what it says of what a browser cannot do, and that it asks nobody else for anything.

That its Python works is test_pyodide.py's part, and in a real browser tests/browser/test_site.py's.
"""

import ast
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from jobqueue_lesson.course.editions import site as site_edition
from tests.support.contrast import contrast
from tests.support.distribution import WHEELS
from tests.support.installed import need
from tests.support.trees import tree_of
from tools import website as tool
from tools.paths import PYODIDE, ROOT, TEMPLATES, notebooks

NOTEBOOKS = notebooks()


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_page_is_there_in_the_sites_edition(site):
    names = {path.name for path in [*NOTEBOOKS, *NOTEBOOKS[0].parent.glob("*.md")]}
    assert {path.name for path in (site / "files").glob("*")} == names
    for path in NOTEBOOKS:
        assert read(site / "files" / path.name) == site_edition(read(path))
    listed = {entry["path"] for entry in read(site / "api" / "contents" / "all.json")["content"]}
    assert listed == names


def test_links_from_page_to_page_lead_somewhere(site):
    for path in NOTEBOOKS:
        words = "\n".join(
            "".join(c["source"]) for c in read(site / "files" / path.name)["cells"] if c["cell_type"] == "markdown"
        )
        for name in re.findall(r"\]\(([\w.]+\.(?:ipynb|md))", words):
            assert (site / "files" / name).is_file(), f"{path.name}: {name}"


def test_every_package_of_the_lock_file_is_there_unchanged_with_all_that_it_needs(site):
    packages = read(site / tool.LOCK)["packages"]
    for name, package in packages.items():
        wheel = (site / tool.LOCK).parent / package["file_name"]
        assert hashlib.sha256(wheel.read_bytes()).hexdigest() == package["sha256"], name
        assert set(package["depends"]) <= packages.keys(), name
    assert {path.name for path in (site / tool.LOCK).parent.glob("*.whl")} == {
        package["file_name"] for package in packages.values()
    }


def test_every_module_that_the_pages_import_is_in_a_package(site):
    packages = read(site / tool.LOCK)["packages"]
    there = sys.stdlib_module_names | {name for package in packages.values() for name in package["imports"]}
    for path in (site / "files").glob("*.ipynb"):
        for cell in read(path)["cells"]:
            if cell["cell_type"] == "code":
                tree = tree_of("".join(cell["source"]))
                wanted = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
                wanted |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
                assert {name.split(".")[0] for name in wanted} <= there, cell["id"]


def test_the_kernel_has_all_it_loads_in_the_lock_file_and_asks_no_index(site):
    settings = read(site / "jupyter-lite.json")["jupyter-config-data"]["litePluginSettings"][tool.KERNEL_PLUGIN]
    assert settings["disablePyPIFallback"] is True
    assert set(settings["loadPyodideOptions"]["packages"]) <= read(site / tool.LOCK)["packages"].keys()
    for place in (settings["pyodideUrl"], settings["loadPyodideOptions"]["lockFileURL"]):
        assert (site / place).is_file()


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.images = [], []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.found += [attributes[name] for name in ("href", "src") if name in attributes]
        self.images += [attributes] if tag == "img" else []


def test_the_landing_pages_links_lead_to_files_and_its_picture_is_described(site):
    links = Links()
    links.feed((site / "index.html").read_text(encoding="utf-8"))
    for link in links.found:
        file, _, path = link.partition("?path=")
        assert link.startswith("data:") or (site / file).is_file(), link
        assert not path or (site / "files" / path).is_file(), link
    assert {f"lab/index.html?path={path.name}" for path in NOTEBOOKS} <= set(links.found)
    assert all(image["alt"] for image in links.images)


def test_the_landing_page_has_one_heading_a_language_and_no_mark_left(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    assert text.count("<h1>") == 1
    assert '<html lang="en">' in text
    assert not re.search(r"{{|{%", text)


def test_the_landing_pages_text_stands_out_from_what_is_behind_it():
    text = (TEMPLATES / "landing.html.j2").read_text(encoding="utf-8")
    pairs = [("#1a1a1a", "#ffffff"), ("#1a1a1a", "#f2f2f2"), ("#004d80", "#ffffff")]
    only_lines = {"#767676", "#d55e00"}
    assert set(re.findall(r"#[0-9a-f]{6}", text)) == {colour for pair in pairs for colour in pair} | only_lines
    for dark, light in pairs:
        assert contrast(light, dark) >= 4.5


def hosts(*texts):
    return {host for text in texts for host in re.findall(r"https?://([\w.-]+)", text)}


def test_with_pyodide_inside_no_other_host_is_named(site):
    texts = [(site / name).read_text(encoding="utf-8") for name in ("index.html", "jupyter-lite.json", tool.LOCK)]
    texts += [(site / "lab" / name).read_text(encoding="utf-8") for name in ("jupyter-lite.json",)]
    assert hosts(*texts) == set()


def test_without_pyodide_inside_only_its_content_network_is_named():
    need(PYODIDE, "npm")
    pyodide = tool.find_pyodide(None)
    configuration = json.dumps(tool._configuration(pyodide))
    landing = tool.landing_page([(path.name, read(path)) for path in NOTEBOOKS], pyodide, "a.whl")
    assert hosts(configuration) == {"cdn.jsdelivr.net"}
    assert "cdn.jsdelivr.net" in landing
    assert re.search(r"pyodide/v[\d.]+/full/pyodide\.mjs", configuration)


def test_without_pyodide_inside_what_only_it_has_is_named_there_and_the_rest_on_the_site(site, tmp_path):
    for name, package in read(site / tool.LOCK)["packages"].items():
        if name not in WHEELS:
            (tmp_path / package["file_name"]).symlink_to((site / tool.LOCK).parent / package["file_name"])
    pyodide = tool.find_pyodide(None)
    for name, package in tool.make_lock(pyodide, tmp_path)["packages"].items():
        assert package["file_name"].startswith(pyodide.address) == (name in WHEELS), name


def test_a_folder_without_pyodide_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(SystemExit, match="full distribution"):
        tool.find_pyodide(tmp_path)


def test_a_folder_with_pyodides_core_alone_is_refused_by_what_it_lacks(site):
    pyodide = tool.find_pyodide(PYODIDE)._replace(folder=PYODIDE)
    with pytest.raises(SystemExit, match=r"lacks .*numpy.*full distribution"):
        tool._files(pyodide, (site / tool.LOCK).parent.parent, read(PYODIDE / "pyodide-lock.json"))


def test_what_is_neither_on_pypi_nor_in_pyodide_is_an_error_that_names_it(tmp_path):
    nothing = tool.Pyodide({"info": {"python": "3.14.2", "arch": "wasm32"}, "packages": {}}, None, "")
    with pytest.raises(SystemExit, match="neither PyPI nor this Pyodide"):
        tool.make_lock(nothing, tmp_path)


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
