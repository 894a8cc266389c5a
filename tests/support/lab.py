"""A real JupyterLab and a real browser, for tests and for screenshots."""

from __future__ import annotations

import itertools
import json
import os
import re
import secrets
import shutil
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, WebSocket, expect

from jobqueue_lesson.course import copies
from tools.paths import NOTEBOOKS

SLOWED = max(1.0, float(os.environ.get("THROTTLE") or 1))  # how many times slower pages are made
TIMEOUT = 120_000 * SLOWED  # ms: of all that is waited for; it passes only where something is broken
expect.set_options(timeout=TIMEOUT)

# anywidget gives a widget two seconds to start, and hands it no message any more after that: too short for a machine
# that is busy with others besides, or for pages that are slowed down.
PATIENT = "AbortSignal.timeout = (own => time => own.call(AbortSignal, 60 * time))(AbortSignal.timeout)"

# All cells in the page at once, no dialogs: what a test looks for must be there.
SETTINGS = copies.SETTINGS | {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
    # A notebook that was saved with widgets cannot show them to the next test that opens it.
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/apputils-extension:themes": {"theme": "JupyterLab Light"},
}


def find_browser(playwright: Playwright) -> str | None:
    """Return the path of a Chromium: the system's, or Playwright's own; None if there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path is not None:
            return path
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def open_browser(playwright: Playwright, path: str) -> Browser:
    """Start Chromium without anything that calls home."""
    quiet = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return playwright.chromium.launch(
        executable_path=path,
        args=[*quiet, "--disable-sync", "--disable-quic", *(["--no-sandbox"] if as_root else [])],
    )


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Open a browser window that keeps nothing. THROTTLE=6 in the environment: its pages are six times slower."""
    context = browser.new_context(**options)
    context.set_default_timeout(TIMEOUT)
    context.add_init_script(PATIENT)
    if SLOWED > 1:

        def slow_down(page: Page) -> None:
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})

        context.on("page", slow_down)
    return context


def frames(page: Page) -> None:
    """Wait until a page has drawn what it knows: a frame that may have begun before, and one after it."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


# JupyterLab's own commands, in its own page. A notebook that was changed is closed without a question.
OPEN = """async path => {
    for (const widget of [...jupyterapp.shell.widgets('main')]) widget.dispose();  // the launcher
    const panel = await jupyterapp.commands.execute('docmanager:open', { path, factory: 'Notebook' });
    await panel.context.ready;
    await panel.sessionContext.ready;
}"""
CLOSE = """async () => {
    for (const widget of [...jupyterapp.shell.widgets('main')]) {
        await widget.sessionContext?.shutdown();
        widget.dispose();
    }
    await new Promise(done => requestIdleCallback(done));  // what comes late of it must not count for the next one
}"""


class Kernel:
    """What a page asks its kernel (and those of pages opened from it), read along on the WebSocket between them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.ids: set[str] = set()
        self.unanswered: set[str] = set()
        page.on("websocket", self._read_along)

    def settle(self) -> None:
        """Wait until the kernel has answered all, and the page has nothing to add: sliders ask one at a time."""
        give_up = time.monotonic() + TIMEOUT / 1000
        quiet = 0
        while quiet < 3:
            frames(self.page)
            quiet = 0 if self.unanswered else quiet + 1
            assert time.monotonic() < give_up, f"the kernel does not answer: {self.unanswered}"

    def forget(self) -> None:
        """Have nothing to do any more with the kernels so far: they were shut down."""
        self.ids.clear()
        self.unanswered.clear()

    def _read_along(self, socket: WebSocket) -> None:
        if found := re.search(r"/api/kernels/([\w-]+)/channels", socket.url):
            self.ids.add(found[1])
            socket.on("framesent", lambda frame: self._asked(*_parts(frame)))
            socket.on("framereceived", lambda frame: self._answered(*_parts(frame)))

    def _asked(self, channel: str, header: dict[str, Any], parent: dict[str, Any], content: dict[str, Any]) -> None:
        if channel == "shell":
            self.unanswered.add(header["msg_id"])

    def _answered(self, channel: str, header: dict[str, Any], parent: dict[str, Any], content: dict[str, Any]) -> None:
        if header["msg_type"] == "status" and content["execution_state"] == "idle":
            self.unanswered.discard(parent.get("msg_id", ""))


def _parts(frame: str | bytes) -> tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Take apart a message as v1.kernel.websocket.jupyter.org has it: how many offsets, the offsets, the parts."""
    assert isinstance(frame, bytes)
    count, *_ = struct.unpack_from("<Q", frame)
    offsets = struct.unpack_from(f"<{count}Q", frame, 8)
    channel, header, parent, _, content = (frame[a:b] for a, b in itertools.pairwise(offsets[:6]))
    return channel.decode(), json.loads(header), json.loads(parent), json.loads(content)


class Server(NamedTuple):
    """A running JupyterLab."""

    url: str
    token: str
    folder: Path
    """What it serves."""


class Lab:
    """A running JupyterLab over a copy of the notebooks, and a browser to open them in."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server, self.browser = server, browser
        self._free: dict[tuple[tuple[str, Any], ...], list[Page]] = {}

    def write(self, name: str, *cells: str) -> None:
        """Save a notebook of these code cells beside the course's."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        )
        nbformat.write(notebook, self.server.folder / f"{name}.ipynb")

    @contextmanager
    def open(self, name: str, *, width: int = 1280, height: int = 800, reduced_motion: bool = False) -> Iterator[Page]:
        """Open a notebook, alone in its JupyterLab, `page.kernel` beside it. At the end, nothing may have gone wrong.

        Its kernel is shut down with it: the next one to open that notebook has it as a learner does who starts. The
        page stays, for another notebook: JupyterLab takes several seconds of a processor to load.
        """
        look: tuple[tuple[str, Any], ...] = (("width", width), ("height", height), ("reduced_motion", reduced_motion))
        free = self._free.setdefault(look, [])
        page: Any = free.pop() if free else self._load(**dict(look))
        try:
            page.faults.clear()
            page.evaluate(OPEN, f"{name}.ipynb")
            page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
            self.idle(page)  # before this, Run All runs nothing
            page.kernel.settle()  # it has been asked which widgets it has: some, if cells were running by now
            yield page
            assert not page.faults, page.faults
            page.evaluate(CLOSE)  # JupyterLab complains of a kernel that is gone: that is not the notebook's fault
            page.kernel.forget()
            free.append(page)
        except BaseException:
            page.context.close()
            raise
        finally:
            for kernel in page.kernel.ids:
                _ask(f"{self.server.url}/api/kernels/{kernel}", self.server.token, "DELETE")

    def _load(self, width: int, height: int, reduced_motion: bool) -> Page:
        """Load JupyterLab in a window of its own, with nothing open in it."""
        motion: Any = "reduce" if reduced_motion else "no-preference"
        context = new_context(self.browser, viewport={"width": width, "height": height}, reduced_motion=motion)
        page: Any = context.new_page()
        page.kernel, page.faults = Kernel(page), []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda message: message.type == "error" and page.faults.append(message.text))
        page.goto(f"{self.server.url}/lab/workspaces/{secrets.token_hex(4)}?token={self.server.token}&reset")
        page.wait_for_function("() => window.jupyterapp?.restored")
        return page  # type: ignore[no-any-return]

    def idle(self, page: Page) -> None:
        """Wait until the kernel runs no cell."""
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(state="attached")

    def run_all(self, page: Page) -> None:
        """Choose Run → Run All Cells, and wait until all have run (a folded one shows no number)."""
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        page.wait_for_function(
            """() => {
                const prompts = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].map(
                    cell => cell.querySelector('.jp-InputPrompt').textContent.trim());
                return prompts.length > 0 && prompts.every(text => text === '' || /^\\[\\d+\\]:$/.test(text));
            }"""
        )
        page.kernel.settle()  # type: ignore[attr-defined]


def _ask(url: str, token: str, method: str = "GET") -> bytes:
    request = urllib.request.Request(url, headers={"Authorization": f"token {token}"}, method=method)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return bytes(answer.read())


@contextmanager
def running_lab(folder: Path, *, theme: str = "JupyterLab Light") -> Iterator[Server]:
    """Start JupyterLab on a free loopback port, with settings of its own; stop it and its kernels at the end."""
    work = folder / "notebooks"
    shutil.copytree(NOTEBOOKS, work, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for path in work.glob("*.ipynb"):  # as a learner opens them, but with nothing left of earlier runs
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
        path.write_text(json.dumps(notebook), encoding="utf-8")
    settings = folder / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(
        json.dumps(SETTINGS | {"@jupyterlab/apputils-extension:themes": {"theme": theme}}), encoding="utf-8"
    )
    command = [sys.executable, "-m", "jupyterlab", "--ip=127.0.0.1", f"--LabApp.app_settings_dir={settings}"]
    with serving(command, work, folder) as server:
        yield server


@contextmanager
def serving(
    command: list[str], work: Path, folder: Path, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """Run JupyterLab on a free loopback port, with nothing of this user's; stop it and its kernels at the end.

    Args:
        command: what starts it.
        work: the folder that it serves.
        folder: for its settings and its log.
        environment: what to add to the environment.
    """
    token = secrets.token_hex(16)
    own = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    own |= {"IPYTHONDIR": str(folder / "ipython"), "JUPYTERLAB_SETTINGS_DIR": str(folder / "user-settings")}
    options = [
        "--no-browser",
        "--port=0",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        "--allow-root",
        "--LabApp.extension_manager=readonly",
        "--LabApp.collaborative=False",
        "--LabApp.expose_app_in_browser=True",  # for `Lab.open`
    ]
    with (folder / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [*command, *options],
            cwd=work,
            env=os.environ | own | (environment or {}),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Server(_address(server, folder / "runtime", folder / "lab.log", token), token, work)
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _address(server: subprocess.Popen[bytes], runtime: Path, log: Path, token: str) -> str:
    """Wait until the server answers, and return where it is."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and server.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            try:
                url = str(json.loads(path.read_text(encoding="utf-8"))["url"]).rstrip("/")
                _ask(f"{url}/api/status", token)
                return url
            except (OSError, ValueError):
                pass
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")
