def pytest_collection_modifyitems(items):
    """Run the browser tests last: Playwright's loop runs in this thread from then on, and asyncio.run refuses to."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
