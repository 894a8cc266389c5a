"""What a page without a kernel shows of a panel: what the panel itself would show."""

import gc
import json
import re

import pytest

from jobqueue_lesson.labs.job_queue import life_of_a_job_lab
from jobqueue_lesson.labs.panel import Choice, Slider, uninterrupted
from jobqueue_lesson.labs.positions import lab_of, panel_data, values_of
from jobqueue_lesson.show.prose import to_html
from jobqueue_lesson.show.saved import ALIVE
from tests.support.played import PANELS
from tools import panels
from tools.paths import notebooks


@pytest.fixture(scope="module")
def data():
    return panel_data(life_of_a_job_lab())


def test_every_position_of_each_control_says_what_the_panel_says_there(data):
    lab = life_of_a_job_lab()
    for name, control in lab.given.items():
        every = data["positions"][name]
        assert len(every) == len(values_of(control))
        for value, position in zip(values_of(control), every, strict=True):
            lab.reset()
            lab.controls[name].value = value
            assert to_html(position["words"]).replace("\n", "<br>") == lab.words.value
            assert position["alt"] == lab.access.picture


@pytest.mark.parametrize("before", [True, False])
def test_garbage_is_collected_afterwards_if_it_was_before(before):
    try:
        (gc.enable if before else gc.disable)()
        with pytest.raises(ZeroDivisionError), uninterrupted():
            assert not gc.isenabled()
            _ = 1 / 0
        assert gc.isenabled() == before
        panel_data(life_of_a_job_lab())
        assert gc.isenabled() == before
    finally:
        gc.enable()


def test_the_start_is_a_position_of_each_control(data):
    assert data["question"] == life_of_a_job_lab().question
    for control in data["controls"]:
        assert data["positions"][control["name"]][control["start"]] == data["start"]


def test_pictures_differ_where_outcomes_do_and_are_the_same_each_time(data):
    assert data == panel_data(life_of_a_job_lab())
    pictures = {position["words"]: position["picture"] for position in data["positions"]["failures"]}
    assert len(set(pictures.values())) == len(pictures) > 2
    assert all(picture.startswith('<svg aria-hidden="true" viewBox=') for picture in pictures.values())


@pytest.mark.parametrize("name", PANELS)
def test_every_control_of_the_course_starts_at_one_of_its_positions(name):
    lab = PANELS[name]()
    for control, widget in ((lab.given[name], lab.controls[name]) for name in lab.given):
        values = values_of(control)
        assert control.start in values
        if isinstance(control, Slider):
            assert (values[0], values[-1]) == (widget.min, widget.max)
        else:
            assert tuple(values) == widget.options


def test_a_controls_values_are_those_that_somebody_would_write():
    assert values_of(Slider("base", 0.1, 0.6, 0.1, 0.1)) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert values_of(Slider("workers", 1, 3, 1, 2)) == [1, 2, 3]
    assert values_of(Choice("jitter", ("none", "full"), "full")) == ["none", "full"]


def test_a_legend_fits_its_picture(data):
    """One that is wider than the picture would squeeze the axes to nothing."""
    picture = data["start"]["picture"]
    width = float(re.match(r'<svg aria-hidden="true" viewBox="0 0 ([\d.]+) ', picture)[1])
    words = [float(x) for x in re.findall(r'<text [^>]*text-anchor="start"[^>]* x="([\d.]+)"', picture)]
    assert len(words) >= 3
    assert max(words) < 0.85 * width


def test_every_panel_of_the_pages_is_found():
    found = panels.panels(notebooks())
    assert {make.__name__ for make in found.values()} == {make.__name__ for make in PANELS.values()}
    assert lab_of("04_retries", "x = 1") is None
    assert lab_of("04_retries", "") is None
    assert lab_of("04_retries", "no_such_lab()") is None


def test_a_panel_is_computed_once_and_again_when_the_package_has_changed(tmp_path, monkeypatch):
    computed = []
    monkeypatch.setattr(panels, "panel_data", lambda lab: computed.append(lab) or {"positions": {}})
    for _ in range(2):
        assert panels.computed(life_of_a_job_lab, tmp_path) == {"positions": {}}
    assert len(computed) == 1
    monkeypatch.setattr(panels, "_version", lambda: "another")
    panels.computed(life_of_a_job_lab, tmp_path)
    assert len(computed) == 2
    assert len(list(tmp_path.iterdir())) == 1


def test_an_output_is_filled_with_its_positions_or_with_their_addresses(tmp_path, monkeypatch, data):
    monkeypatch.setattr(panels, "panel_data", lambda lab: data)
    page, source = "02_job_queue", "life_of_a_job_lab()"
    output = {"data": {ALIVE: {"kind": "panel"}}}
    assert panels.fill(output, page, source, kept=tmp_path) == {}
    whole = output["data"][ALIVE]
    assert isinstance(whole["positions"]["failures"], list)

    output = {"data": {ALIVE: {"kind": "panel"}}}
    files = panels.fill(output, page, source, address="data/02-play.json", kept=tmp_path)
    assert output["data"][ALIVE]["positions"] == {name: f"02-play-{name}.json" for name in whole["positions"]}
    assert {name: json.loads(made) for name, made in files.items()} == {
        f"02-play-{name}.json": every for name, every in whole["positions"].items()
    }
    with pytest.raises(ValueError, match="no panel of 02_job_queue"):
        panels.fill(output, page, "print(1)", kept=tmp_path)
