"""The tests are laid out as the package is; they share helpers and fixtures, never one another's modules."""

import ast
import re

from tools.paths import PACKAGE, ROOT

TESTS = ROOT / "tests"
MODULES = list(TESTS.rglob("*.py"))


def imported(path):
    """Name the modules that a module imports from, and what it imports from them, as these may be modules as well."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def test_nothing_is_imported_from_a_module_of_tests_or_of_fixtures():
    for path in MODULES:
        names = [name for name in imported(path) if re.search(r"(^|\.)(test_|conftest)", name)]
        assert not names, path.relative_to(TESTS)


def test_each_part_of_the_package_has_its_tests_in_a_folder_of_its_name():
    parts = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert parts <= {path.parent.name for path in TESTS.glob("*/test_*.py")}
    assert not list((TESTS / "support").glob("test_*"))


def test_no_module_is_too_long_to_be_read_at_one_sitting():
    for folder in ("jobqueue_lesson", "tools", "tests", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 450, path.relative_to(ROOT)
