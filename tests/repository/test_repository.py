"""What people find around the code: how to cite it, what changed, what it is licensed under, how to report a fault."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from itertools import pairwise

import pytest
import yaml

from tools.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("citation-file-format", [ROOT / "CITATION.cff"]),
        ("github-issue-config", [FORMS / "config.yml"]),
        ("github-issue-forms", sorted({*FORMS.iterdir()} - {FORMS / "config.yml"})),
    ],
)
def test_it_is_valid_by_its_schema(schema, paths):
    options = ["--builtin-schema", f"vendor.{schema}", "--force-filetype", "yaml"]
    command = [sys.executable, "-m", "check_jsonschema", *options, *paths]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_what_is_cited_is_this_version():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == PROJECT["version"]
    assert citation["title"].startswith(PROJECT["name"])


def test_a_wrong_cell_is_reported_with_its_page_its_cell_and_a_source():
    fields = {field["id"]: field for field in yaml.safe_load(read(FORMS / "wrong_cell.yml"))["body"]}
    assert list(fields) == ["page", "cell", "says", "right", "source"]
    assert all(field["validations"]["required"] for field in fields.values())
    pages = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert fields["page"]["attributes"]["options"][: len(pages)] == pages


def test_the_changelog_begins_with_what_is_unreleased_and_then_has_each_version_with_its_date():
    first, *released = re.findall(r"^## (.+)$", read("CHANGELOG.md"), re.MULTILINE)
    assert first == "[Unreleased]"
    versions = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d", heading).groups() for heading in released]
    assert all(tuple(map(int, newer)) > tuple(map(int, older)) for newer, older in pairwise(versions))
    kinds = set(re.findall(r"^### (.+)$", read("CHANGELOG.md"), re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_every_command_that_contributors_are_given_exists():
    text = read("CONTRIBUTING.md")
    targets = re.search(r"\.PHONY: ((?:.*\\\n)*.*)", read("Makefile"))[1].split()
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= set(targets)
    assert all(importlib.util.find_spec(module) for module in re.findall(r"python -m ([\w.]+)", text))
    named = re.findall(
        r"`(?:\.venv/bin/python )?((?:\.ci|\.github|jobqueue_lesson|notebooks|tests|tools)/[\w/.]*)", text
    )
    assert len(named) > 5
    assert all((ROOT / path).exists() for path in named), named


def test_the_code_is_under_mit_and_the_prose_under_cc_by():
    assert PROJECT["license"] == "MIT AND CC-BY-4.0"
    assert PROJECT["license-files"] == ["LICENSE", "LICENSE-prose"]
    assert read("LICENSE").startswith("MIT License\n")
    prose = read("LICENSE-prose")
    assert "https://creativecommons.org/licenses/by/4.0/" in prose
    assert "Creative Commons Attribution 4.0 International Public License" in prose
    assert {"LICENSE", "LICENSE-prose"} <= set(re.findall(r"\]\(([\w-]+)\)", read("README.md")))
