import os

import pytest
from playwright.sync_api import sync_playwright

from tests.support.lab import Lab, find_browser, open_browser, running_lab


@pytest.fixture(scope="module")
def browser():
    """A real Chromium. Without one the tests are skipped; with REQUIRE_BROWSER=1 they fail.

    It is started for a module and not for all: while Playwright's loop runs in this thread, asyncio.run refuses to.
    """
    with sync_playwright() as playwright:
        path = find_browser(playwright)
        if path is None:
            how = "no Chromium here: install one with `apt install chromium` or `.venv/bin/playwright install chromium`"
            (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(how)
        browser = open_browser(playwright, path)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory):
    """A real JupyterLab over a copy of the notebooks."""
    with running_lab(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="module")
def lab(jupyterlab, browser):
    """That JupyterLab, and the browser to open its pages in."""
    return Lab(jupyterlab, browser)
