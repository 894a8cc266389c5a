import os

import pytest

from tools import site as tool

from .distribution import NPM, distribution


def need(place, target):
    """Skip a test if something that `make` installs is not there; with REQUIRE_BROWSER=1, let it fail."""
    if not place.exists():
        how = f"{place.name} is not there: run `make .venv/{target}`"
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(how)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The web site, built once, with Pyodide in it; matplotlib is a stand-in that draws nothing."""
    need(NPM, "npm")
    need(tool.LITE, "lite")
    output = tmp_path_factory.mktemp("site") / "site"
    tool.build(output, distribution(tmp_path_factory.mktemp("pyodide")))
    return output


def pytest_collection_modifyitems(items):
    """Put the tests that look at what others left behind them, and the browser tests at the very end.

    Playwright's loop runs in this thread from then on, and asyncio.run refuses to.
    """

    def turn(item):
        in_browser = item.get_closest_marker("browser") is not None
        return in_browser, in_browser or item.path.stem == "test_nothing_left"

    items.sort(key=turn)
