def pytest_collection_modifyitems(items):
    """Put the tests that look at what others left behind them, and the browser tests at the very end.

    Playwright's loop runs in this thread from then on, and asyncio.run refuses to.
    """

    def turn(item):
        in_browser = item.get_closest_marker("browser") is not None
        return in_browser, in_browser or item.module.__name__.endswith("test_nothing_left")

    items.sort(key=turn)
