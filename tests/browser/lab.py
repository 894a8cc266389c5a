"""A real JupyterLab and a real browser, for tests and for screenshots."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Page, Playwright

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"

# All cells in the page at once, no news, no dialogs about kernels: what a test looks for must be there.
SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
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


class Lab:
    """A running JupyterLab over a copy of the notebooks."""

    def __init__(self, url: str, token: str, folder: Path, browser: Browser) -> None:
        self.url, self.token, self.folder, self.browser = url, token, folder, browser

    def write(self, name: str, *cells: str) -> None:
        """Save a notebook of these code cells beside the course's."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        )
        nbformat.write(notebook, self.folder / f"{name}.ipynb")

    def open(self, name: str, *, width: int = 1280, height: int = 800, reduced_motion: bool = False) -> Page:
        """Open a notebook in a page of its own. What goes wrong in the page is kept in `page.faults`."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce" if reduced_motion else "no-preference"
        )
        page = context.new_page()
        page.faults = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.faults.append(str(error)))  # type: ignore[attr-defined]
        page.on("console", lambda m: m.type == "error" and page.faults.append(m.text))  # type: ignore[attr-defined]
        page.goto(f"{self.url}/lab/workspaces/{secrets.token_hex(4)}/tree/{name}.ipynb?token={self.token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=30_000)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=30_000)  # before this, Run All runs nothing
        return page

    def run_all(self, page: Page) -> None:
        """Choose Run → Run All Cells, and wait until all have run (a folded one shows no number)."""
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        page.wait_for_function(
            """() => {
                const prompts = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].map(
                    cell => cell.querySelector('.jp-InputPrompt').textContent.trim());
                return prompts.length > 0 && prompts.every(text => text === '' || /^\\[\\d+\\]:$/.test(text));
            }""",
            timeout=40_000,
        )
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=30_000)


@contextmanager
def running_lab(folder: Path, browser: Browser, *, theme: str = "JupyterLab Light") -> Iterator[Lab]:
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
    with serving(command, work, folder) as (url, token):
        yield Lab(url, token, work, browser)


@contextmanager
def serving(
    command: list[str], work: Path, folder: Path, environment: dict[str, str] | None = None
) -> Iterator[tuple[str, str]]:
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
            yield _address(server, folder / "runtime", folder / "lab.log", token), token
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
                with urllib.request.urlopen(f"{url}/api/status?token={token}", timeout=2) as answer:
                    if answer.status == 200:
                        return url
            except (OSError, ValueError):
                pass
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")
