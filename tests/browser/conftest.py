import os

import pytest
from playwright.sync_api import sync_playwright

from .lab import find_browser, open_browser, running_lab


@pytest.fixture(scope="session")
def browser():
    """A real Chromium. Without one the tests are skipped; with REQUIRE_BROWSER=1 they fail."""
    with sync_playwright() as playwright:
        path = find_browser(playwright)
        if path is None:
            how = "no Chromium here: install one with `apt install chromium` or `.venv/bin/playwright install chromium`"
            (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(how)
        browser = open_browser(playwright, path)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    """A real JupyterLab over a copy of the notebooks."""
    with running_lab(tmp_path_factory.mktemp("lab"), browser) as lab:
        yield lab
