"""Every lab: its plain function gives known results, and its panel shows what the plain function returns."""

import inspect
import io
import itertools
import json
import re
import sys

import pytest
from matplotlib import pyplot as plt
from matplotlib.image import imread

from jobqueue_lesson import Simulation
from jobqueue_lesson.labs import panel
from jobqueue_lesson.labs.api_pattern import full_queue
from jobqueue_lesson.labs.dead_letters import dead_letters
from jobqueue_lesson.labs.durability import leases
from jobqueue_lesson.labs.find_the_race import every_step
from jobqueue_lesson.labs.how_many_workers import sizing_lab
from jobqueue_lesson.labs.job_queue import life_of_a_job
from jobqueue_lesson.labs.panel import Slider
from jobqueue_lesson.labs.priorities import starvation
from jobqueue_lesson.labs.progress import reporting
from jobqueue_lesson.labs.recurring_jobs import draw_runs, recurring, say_runs
from jobqueue_lesson.labs.retries import retry_storm, say_storm
from jobqueue_lesson.labs.why_background_jobs import rush, slow_api
from jobqueue_lesson.labs.worker import polling
from jobqueue_lesson.show.prose import to_html
from jobqueue_lesson.show.saved import WAKE, WIDGET_VIEW
from tests.support.played import PAGES, PANELS
from tools.paths import notebooks

NOTEBOOKS = notebooks()


@pytest.fixture(params=PANELS)
def lab(request):
    lab = PANELS[request.param]()
    lab.plain = getattr(sys.modules[PANELS[request.param].__module__], request.param)
    return lab


def says(lab, outcome):
    return to_html(lab.say(outcome)).replace("\n", "<br>")


def other_values(control):
    """Name values that a control can be set to, other than the one it has."""
    if hasattr(control, "options"):
        return [value for value in control.options if value != control.value]
    if control.description == "seed":
        return [control.value + 1, control.value + 2]
    middle = control.min + round((control.max - control.min) / 2 / control.step) * control.step
    return [value for value in (control.min, middle, control.max) if value != control.value]


def test_a_panel_shows_what_the_plain_function_returns_for_every_control(lab):
    for name, control in lab.controls.items():
        for value in other_values(control):
            lab.reset()
            control.value = value
            assert lab.values[name] == control.value == pytest.approx(value)
            assert lab.words.value == says(lab, lab.plain(**lab.values))
            assert bytes(lab.picture.value).startswith(b"\x89PNG")


def test_every_control_changes_something(lab):
    for name, control in lab.controls.items():
        lab.reset()
        if name == "seed" and "jitter" in lab.controls:
            lab.controls["jitter"].value = "full"  # without jitter nothing is left to chance
        before = (lab.words.value, lab.picture.value)
        changed = []
        for value in other_values(control):
            control.value = value
            changed.append((lab.words.value, lab.picture.value) != before)
        assert any(changed), name


def test_reset_puts_everything_back(lab):
    before = (lab.values, lab.words.value, lab.picture.value)
    for control in lab.controls.values():
        control.value = other_values(control)[-1]
    assert lab.values != before[0]
    lab.children[-4].children[0].click()
    assert (lab.values, lab.words.value, lab.picture.value) == before


def test_a_panel_has_two_to_four_controls_and_shows_their_limits(lab):
    assert 2 <= len(set(lab.controls) - {"seed"}) <= 4
    *boxes, last = [child for child in lab.children if type(child).__name__ == "HBox"]
    assert last.children[0].description == "Reset"
    for box in boxes:
        slider, limits = box.children
        assert limits.value == f"from {slider.min:g} to {slider.max:g}"
    sliders = [control for name, control in lab.controls.items() if hasattr(control, "min") and name != "seed"]
    assert len(boxes) == len(sliders) > 0


def test_where_no_panel_can_be_shown_its_text_stands_in_its_place(lab):
    bundle, _ = lab._repr_mimebundle_()
    assert bundle[WIDGET_VIEW]["model_id"] == lab.model_id
    text = bundle["text/plain"].removesuffix(f"\n{WAKE}")
    assert text != bundle["text/plain"]
    assert text.startswith(lab.question)
    assert text.endswith(lab.say(lab.plain(**lab.values)))
    assert all(control.description in text for control in lab.controls.values())


def test_the_plain_functions_defaults_are_where_the_controls_start(lab):
    defaults = {name: parameter.default for name, parameter in inspect.signature(lab.plain).parameters.items()}
    assert {name: defaults[name] for name in lab.controls} == lab.values


def test_a_slider_of_whole_numbers_gives_whole_numbers():
    assert isinstance(panel._widget(Slider("n", 1, 5, 1, 2)).value, int)
    assert isinstance(panel._widget(Slider("x", 0.5, 5.0, 0.5, 2.0)).value, float)


def test_a_queue_makes_the_answer_faster_and_not_the_work():
    outcome = rush(requests=20, work_ms=200, at_once=4)
    assert outcome.waited == pytest.approx([0.2] * 4 + [0.4] * 4 + [0.6] * 4 + [0.8] * 4 + [1.0] * 4)
    assert max(outcome.queued) == pytest.approx(0.005)
    assert max(outcome.done) == pytest.approx(1.001)


@pytest.mark.parametrize(("failures", "max_attempts"), [*itertools.product(range(4), range(1, 4))])
def test_a_job_fails_for_good_when_it_fails_as_often_as_it_is_tried(failures, max_attempts):
    history = life_of_a_job(failures, max_attempts)
    assert history.events[-1].status == ("failed" if failures >= max_attempts else "completed")


def test_polling_waits_and_waking_does_not():
    polled, woken = polling(every_ms=50), polling(worker="is woken")
    assert 0.015 < sum(polled.waits) / 40 < 0.035
    assert max(polled.waits) <= 0.05
    assert max(woken.waits) <= 0.02
    assert woken.empty <= 40 < polled.empty


def test_the_seed_of_the_page_waits_for_about_half_of_each_interval():
    for every_ms in (5, 50, 500):
        assert sum(polling(every_ms=every_ms).waits) / 40 == pytest.approx(every_ms / 2000, rel=0.1)


def test_the_interval_cannot_be_moved_while_the_queue_wakes_the_worker():
    lab = PANELS["polling"]()
    lab.controls["worker"].value = "is woken"
    assert lab.controls["every_ms"].disabled
    lab.reset()
    assert not lab.controls["every_ms"].disabled


def test_without_jitter_ten_clients_a_wave_get_through():
    storm = retry_storm(jitter="none")
    assert (len(storm.calls), storm.refused, storm.gave_up) == (
        100 + 100 + 90 + 80 + 70 + 60 + 50 + 40 + 30 + 20 + 10,
        550,
        0,
    )
    assert storm.recovered == 2 + 4 + 8 + 16 + 6 * 30


@pytest.mark.parametrize("jitter", ["full", "equal", "decorrelated"])
def test_any_jitter_ends_the_storm_in_seconds(jitter):
    assert retry_storm(jitter=jitter).recovered < 15


def test_clients_that_run_out_of_attempts_give_up():
    storm = retry_storm(outage=1000.0, max_attempts=2)
    assert (storm.gave_up, storm.refused) == (100, 200)
    assert say_storm(storm) == "200 calls, 200 of them refused. 100 clients gave up; the last call was at 2 s."


def test_aging_ends_starvation_and_urgent_jobs_pay():
    strict, aged = starvation(aging=0), starvation(aging=10)
    assert strict.unserved > 20
    assert aged.unserved < 10

    def mean(waits):
        return sum(wait for _, wait in waits) / len(waits)

    assert mean(aged.urgent) > mean(strict.urgent)
    assert starvation(urgent_per_second=0).unserved == 0


def test_a_longer_queue_refuses_less_and_waits_more():
    short, long = full_queue(max_pending=1), full_queue(max_pending=60)
    assert len(short.refused) > len(long.refused) == 0
    assert max(wait for _, wait in short.accepted) < 0.3 < 3 < max(wait for _, wait in long.accepted)
    assert not full_queue(workers=2).refused


def test_a_seed_is_there_where_chance_plays_a_part(lab):
    assert ("seed" in lab.controls) == ("random" in inspect.getsource(lab.plain))


def test_the_axes_stay_where_they_are_while_a_slider_moves(lab):
    before = lab._axes
    for control in lab.controls.values():
        control.value = other_values(control)[-1]
    assert lab._axes == before


def test_an_api_without_a_queue_makes_clients_wait_and_give_up():
    sim = Simulation()

    async def eight_requests():
        stage = slow_api(places=2, work=1.0, timeout=1.5, clock=sim.time)
        for _ in range(8):
            stage.press(0)
        await stage.queue.join()
        assert stage.state == "The last answer took 2.0 s."
        stage.close()
        return stage

    stage = sim.run(eight_requests())
    assert stage.queue.stats() == {"pending": 0, "processing": 0, "completed": 4, "failed": 4}
    assert stage.queue.get(8).error == "GaveUp: after 1.5 s at the door"


def test_the_record_of_a_storm_has_every_call():
    storm = retry_storm(jitter="full")
    assert [event.at for event in storm.history.events if event.move == "dequeue"] == storm.calls


def test_enough_attempts_leave_only_the_poison():
    few, many = dead_letters(outage=60, max_attempts=3), dead_letters(outage=60, max_attempts=6)
    assert (len(few.completed), len(few.dead), len(few.poison)) == (63, 53, 4)
    assert (len(many.completed), len(many.dead), len(many.poison)) == (116, 0, 4)
    assert many.failed > few.failed
    assert (few.slowest, many.slowest) == (2 + 4, 2 + 4 + 8 + 16 + 32)
    assert not dead_letters(outage=0, max_attempts=1).dead


def test_a_recurring_job_that_takes_too_long_loses_ticks_and_never_overlaps():
    assert [len(recurring(5, 4.0, overlap).runs) for overlap in ("skip", "coalesce", "queue one")] == [12, 12, 12]
    for overlap, expected in {"skip": 6, "coalesce": 7, "queue one": 7}.items():
        runs = recurring(5, 8.0, overlap).runs
        assert len(runs) == expected
        assert all(after >= before + 8 for (before, _), (after, _) in itertools.pairwise(runs))


@pytest.mark.parametrize(
    ("overlap", "own"), [("skip", [1, 4, 7, 10]), ("queue one", [1, 2, 4, 7]), ("coalesce", [1, 3, 6, 8])]
)
def test_each_policy_gives_its_runs_to_other_ticks(overlap, own):
    found = recurring(1, 2.5, overlap, seconds=10.9)
    assert found.own == own
    lost = ", ".join(str(tick) for tick in range(1, 11) if tick not in own)
    assert say_runs(found) == (f"10 ticks in 10.9 s, 4 runs started. No run of their own: 6 ticks, at {lost} s.")
    axes = plt.figure().subplots()
    draw_runs(found, axes)
    *_, with_a_run, without = axes.lines
    assert list(with_a_run.get_xdata()) == own
    assert len(without.get_xdata()) == 6
    plt.close()


def test_where_every_tick_has_a_run_the_panel_says_so():
    assert say_runs(recurring(10, 8.0)) == "6 ticks in 60 s, 6 runs started. Every tick has a run of its own."
    assert "those at" not in say_runs(recurring(1, 20.0))


def test_reports_are_dear_when_there_are_many_and_rare_when_there_are_few():
    each, some, few = (reporting(every_rows=n) for n in (1, 100, 2500))
    assert (round(each.seconds), round(some.seconds, 2), round(few.seconds, 2)) == (35, 10.25, 10.01)
    assert each.silence < some.silence < 0.3 < 5 < few.silence
    assert reporting(every_rows=300, report_ms=0).seconds == pytest.approx(10)


def test_a_lease_is_worth_it_when_it_is_longer_than_a_stall_and_not_much_longer():
    short, right, long = (leases(lease=seconds, stall=10) for seconds in (5, 10.5, 30))
    assert (len(short.needless), len(right.needless), len(long.needless)) == (10, 0, 0)
    assert short.refused == 10
    mean = [sum(wait for _, wait in found.recovered) / len(found.recovered) for found in (short, right, long)]
    assert 5 < mean[0] < 10.5 < mean[1] < 13 < 30 < mean[2]


def test_no_lease_ends_before_its_time():
    for seconds in (2, 5, 9, 10.5, 30):
        found = leases(lease=seconds, stall=10)
        assert all(wait >= seconds - 1e-9 for _, wait in found.recovered + found.needless)


def emails(*settings):
    return {run.emails for run in every_step(*settings)}


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("lease", [5.0, 10.5, 20.0])
def test_only_a_key_that_the_mail_server_knows_sends_one_email_wherever_a_worker_crashes(workers, lease):
    assert emails("look, send, record", "crashes", workers, lease) == {1, 2}
    assert emails("look, record, send", "crashes", workers, lease) == {0, 1}
    assert emails("send with a key", "crashes", workers, lease) == {1}


def test_against_a_pause_a_longer_lease_is_enough_and_so_is_a_single_worker():
    pause = "stands still for 10 s"
    for lease in (1.0, 5.0, 10.0):
        assert emails("look, send, record", pause, 2, lease) == {1, 2}
    for lease in (10.5, 12.0, 20.0):
        assert emails("look, send, record", pause, 3, lease) == {1}
    assert emails("look, send, record", pause, 1, 5.0) == {1}
    for handler in ("look, record, send", "send with a key"):
        assert emails(handler, pause, 2, 5.0) == {1}


@pytest.mark.parametrize("workers", [3, 5, 8])
def test_the_numbers_under_a_picture_are_not_cut_off_at_its_edge(workers):
    lab = sizing_lab()
    lab.controls["workers"].value = workers
    pixels = imread(io.BytesIO(lab.picture.value))
    assert (pixels[:, -1] == pixels[0, 0]).all()


def test_every_page_has_its_module():
    assert {path.stem[3:] for path in NOTEBOOKS} == set(PAGES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_page_plays_with_what_is_in_the_module_of_its_name(path):
    sources = "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"])
    assert set(re.findall(r"jobqueue_lesson\.labs\.(\w+)", sources)) == {path.stem[3:]}
    assert set(re.findall(r"jobqueue_lesson\.exercises\.(\w+)", sources)) == {path.stem[3:]}
    assert set(re.findall(r'predict\("(.+?)"\)', sources)) == set(PAGES[path.stem[3:]].QUESTIONS)
