"""Which program shows the pages, and what widgets need there, told from signs such as each of them leaves."""

from types import ModuleType, SimpleNamespace

import pytest

from jobqueue_lesson.course import doctor, front_ends
from jobqueue_lesson.course.front_ends import Signs, advice

SOURCES = '"jupyter.widgetScriptSources": ["jsdelivr.com", "unpkg.com"]'


def seen(environment=None, names=None, modules=None, platform="linux"):
    return Signs(environment or {}, names or {}, modules or {}, platform)


@pytest.fixture
def colab():
    """Colab's module, as far as it is used here, and how often its widget manager was enabled."""
    enabled = []
    module = ModuleType("google.colab")
    module.output = SimpleNamespace(enable_custom_widget_manager=lambda: enabled.append(True))
    return SimpleNamespace(module=module, enabled=enabled)


@pytest.mark.parametrize(
    ("signs", "name"),
    [
        (seen(platform="emscripten"), "JupyterLite"),
        (seen({"COLAB_RELEASE_TAG": "release-colab"}), "Google Colab (not tried by us)"),
        (seen({"COLAB_RELEASE_TAG": "x", "JPY_SESSION_NAME": "a.ipynb"}), "Google Colab (not tried by us)"),
        (seen({"VSCODE_PID": "12"}), "VS Code (not tried by us)"),
        (seen({"VSCODE_CWD": "/home/ada"}), "VS Code (not tried by us)"),
        (seen(names={"__vsc_ipynb_file__": "/home/ada/04.ipynb"}), "VS Code (not tried by us)"),
        (seen({"JPY_SESSION_NAME": "/home/ada/04.ipynb"}), "JupyterLab or Notebook"),
        (seen({"JPY_SESSION_NAME": "/home/ada/04.ipynb", "VSCODE_PID": "12"}), "JupyterLab or Notebook"),
        (seen({"JPY_SESSION_NAME": "/home/ada/04.ipynb", "TERM_PROGRAM": "vscode"}), "JupyterLab or Notebook"),
        (seen({"TERM_PROGRAM": "vscode"}), "a terminal in VS Code"),
    ],
)
def test_a_front_end_is_recognised(signs, name):
    assert advice(signs).startswith(f"front end: {name}: ")
    assert "\n" not in advice(signs)


def test_nothing_is_said_of_what_is_not_known():
    assert advice(seen({"TERM_PROGRAM": "xterm"})) == ""


def test_in_vs_code_the_setting_is_named():
    assert SOURCES in advice(seen({"VSCODE_PID": "12"}))
    assert SOURCES in advice(seen({"TERM_PROGRAM": "vscode"}))


def test_in_a_page_of_colab_its_widget_manager_is_enabled(colab):
    said = advice(seen(modules={"google.colab": colab.module}))
    assert colab.enabled == [True]
    assert "custom widget manager, which is now enabled" in said


def test_beside_a_page_of_colab_it_says_what_to_run_in_a_cell():
    assert advice(seen({"COLAB_RELEASE_TAG": "x"})).endswith(
        "run: from google.colab import output; output.enable_custom_widget_manager()"
    )


def test_a_widget_manager_that_cannot_be_enabled_is_no_reason_to_stop(colab):
    del colab.module.output.enable_custom_widget_manager
    assert "cannot be enabled: " in advice(seen(modules={"google.colab": colab.module}))


def test_a_page_says_it_only_where_something_is_needed(monkeypatch):
    ready = "Ready: this environment has everything the course needs."
    for signs in (seen({"JPY_SESSION_NAME": "04.ipynb"}), seen({"TERM_PROGRAM": "vscode"}), seen()):
        monkeypatch.setattr(front_ends, "signs", lambda signs=signs: signs)
        assert doctor.ready() == ready
    monkeypatch.setattr(front_ends, "signs", lambda: seen({"VSCODE_PID": "12"}))
    assert doctor.ready() == f"{ready}\n{advice(seen({'VSCODE_PID': '12'}))}"


def test_the_doctor_says_it_after_its_findings(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(doctor, "PROBES", {})
    monkeypatch.setattr(front_ends, "signs", lambda: seen({"JPY_SESSION_NAME": "04.ipynb"}))
    assert doctor.examine(tmp_path)
    assert capsys.readouterr().out.startswith("· front end: JupyterLab or Notebook: widgets need nothing more.")


def test_the_signs_here_are_read_from_this_process(monkeypatch):
    monkeypatch.setenv("VSCODE_PID", "12")
    assert front_ends.signs().environment["VSCODE_PID"] == "12"
