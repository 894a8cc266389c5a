"""Widgets on a page without a kernel: what can be read of them, and their data."""

import json
import re
from html.parser import HTMLParser

import pytest

from jobqueue_lesson.labs.job_queue import life_of_a_job_lab
from jobqueue_lesson.labs.positions import panel_data
from jobqueue_lesson.show import alive
from jobqueue_lesson.show.cards import Card, Option, Question
from jobqueue_lesson.show.prose import to_html
from jobqueue_lesson.show.saved import ALIVE, WAKE
from tools.paths import notebooks


class Reader(HTMLParser):
    """Reads a page as somebody without JavaScript does: its text, and its pictures' alternative texts."""

    def __init__(self, html):
        super().__init__()
        self.text, self.pictures, self.data, self.within = [], [], None, ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.within = tag
        attributes = dict(attributes)
        if tag == "img":
            self.pictures.append(attributes["alt"])
        if attributes.get("role") == "img":
            self.pictures.append(attributes["aria-label"])

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within == "script":
            self.data = json.loads(data)
        else:
            self.text.append(data)

    @property
    def said(self):
        return " ".join(" ".join(self.text).split())


def saved(kind):
    """Return all saved outputs of a kind, with the ids of their cells."""
    found = [
        (f"{path.stem}/{cell['id']}", output)
        for path in notebooks()
        for cell in json.loads(path.read_bytes())["cells"]
        for output in cell.get("outputs", [])
        if output.get("data", {}).get(ALIVE, {}).get("kind") == kind
    ]
    assert found
    return found


EVERY = [
    pytest.param(output, id=name)
    for kind in ("replay", "card", "reason", "bars", "panel", "live")
    for name, output in saved(kind)
]


def text_of(output):
    return "".join(output["data"]["text/plain"]).removesuffix(WAKE).strip()


@pytest.mark.parametrize("output", EVERY)
def test_whatever_is_saved_can_be_read_without_javascript(output):
    html, _ = alive.element(output, inline=True)
    read = Reader(html)
    assert re.match(r'<div class="jq-alive" data-kind="\w+"', html)
    assert WAKE not in html
    words = re.findall(r"\w+", text_of(output))
    if output["data"][ALIVE]["kind"] in ("card", "reason"):  # their letters are the list's
        words = [word for word in words if word not in "ABCD"]
    assert set(words) <= set(re.findall(r"\w+", read.said))
    assert len(read.pictures) == ("image/png" in output["data"])
    assert all(len(alt) > 20 for alt in read.pictures)


@pytest.mark.parametrize("output", EVERY)
def test_an_elements_data_are_in_the_page_or_fetched_and_the_same(output):
    inline, none = alive.element(output, inline=True)
    outside, fetched = alive.element(output, inline=False, address="data/one.json")
    data = Reader(inline).data
    assert none is None
    if fetched is None:
        assert Reader(outside).data == data
    else:
        assert 'data-src="data/one.json"' in outside
        assert Reader(outside).data is None
        assert json.loads(fetched) == data
    assert outside.startswith(inline.partition("<script")[0].partition(">")[0])


def test_a_replays_data_are_its_record_and_its_timelines_words():
    for name, output in saved("replay"):
        data = Reader(alive.element(output, inline=True)[0]).data
        assert data["record"] == json.loads(output["data"][ALIVE]["record"]), name
        assert data["timeline_words"] == output["metadata"]["image/png"]["alt"]


def test_a_picture_is_in_the_page_or_where_the_page_has_it():
    (_, output), *_ = saved("replay")
    assert 'src="data:image/png;base64,iVBOR' in alive.element(output, inline=False, address="a.json")[0]
    elsewhere, _ = alive.element(output, inline=False, address="a.json", picture="_images/a&b.png")
    assert 'src="_images/a&amp;b.png"' in elsewhere
    assert "base64" not in elsewhere


def test_what_a_question_says_cannot_end_the_script_it_is_in():
    asks = "</script><script>alert('A & \"B\"')</script> <!-- What?"
    question = Question(asks, (Option("<b>yes</b>", "</div>", right=True), Option("no", "\u2028")))
    bundle, _ = Card(question, "a/b")._repr_mimebundle_()
    html, _ = alive.element({"data": bundle}, inline=True)
    read = Reader(html)
    assert html.count("<script") == html.count("</script>") == 1
    assert read.data["asks"] == asks
    assert asks in read.said


def test_a_reasons_answers_are_folded_so_that_nobody_reads_them_by_chance():
    for _, output in saved("reason"):
        html, _ = alive.element(output, inline=True)
        before, _, folded = html.partition("</summary>")
        assert to_html(output["data"][ALIVE]["asks"]) in before
        assert all(to_html(option["reason"]) in folded for option in output["data"][ALIVE]["options"])
        assert "<details><summary>" in before


def test_what_is_in_backticks_is_code():
    question = Question("What does `a<b>` do?", (Option("It calls `c`.", "`d` & no `", right=True), Option("no", "e")))
    card = Card(question, "a/b")
    card.commit("A")
    reason = card.reason()
    for shown in (card, reason):
        html, _ = alive.element({"data": shown._repr_mimebundle_()[0]}, inline=True)
        read = html.partition("<script")[0]
        assert "What does <code>a&lt;b&gt;</code> do?" in read
        assert "It calls <code>c</code>." in read
    assert "<code>d</code> &amp; no `" in read
    assert "<code>d</code> &amp; no `" in reason.value


def test_bars_are_bars_without_javascript_too():
    bars = [["#1 report", 0.5, "50 % · half of it"], ["#2 report", 1.0, "100 % · completed"]]
    html, data = alive.element({"data": {ALIVE: {"kind": "bars", "bars": bars}, "text/plain": "?"}}, inline=True)
    assert data is None
    assert re.findall(r'<progress value="([\d.]+)">', html) == ["0.5", "1"]
    assert Reader(html).said == "#1 report 50 % · half of it #2 report 100 % · completed"


def test_the_last_saved_bars_are_those_of_a_finished_run():
    *_, (name, output) = saved("bars")
    html, _ = alive.element(output, inline=True)
    assert re.findall(r'<progress value="([\d.]+)">', html) == ["1"], name
    assert "100 % · completed" in Reader(html).said


def test_a_panel_is_alive_once_it_has_its_positions_and_readable_before():
    bundle, metadata = life_of_a_job_lab()._repr_mimebundle_()
    output = {"data": bundle | {"image/png": "iVBOR"}, "metadata": metadata}
    html, _ = alive.element(output, inline=True)
    assert Reader(html).data is None
    assert "run this page" in Reader(html).said
    assert alive.element(output, inline=False, address="panel.json")[1] is None
    assert 'data-src="panel.json"' in alive.element(output, inline=False, address="panel.json")[0]

    output["data"][ALIVE] = panel_data(life_of_a_job_lab())
    html, _ = alive.element(output, inline=True)
    assert Reader(html).data == output["data"][ALIVE]
    assert Reader(html).pictures == [output["data"][ALIVE]["start"]["alt"]]
    assert "<svg" in html
    assert "<img" not in html


def test_a_live_stage_is_alive_if_a_copy_of_it_is_known():
    known = {name: Reader(alive.element(output, inline=True)[0]).data for name, output in saved("live")}
    assert {name: data["copy"]["seconds"] for name, data in known.items()} == {
        "01_why_background_jobs/press": 1.0,
        "01_why_background_jobs/live": 1.0,
    }
    (_, other), *_ = saved("live")
    other = json.loads(json.dumps(other))
    del other["data"][ALIVE]["copy"]
    assert "<script" not in alive.element(other, inline=True)[0]


def test_an_output_that_is_no_widget_is_refused():
    with pytest.raises(KeyError):
        alive.element({"data": {"text/plain": "42"}}, inline=True)


def test_the_script_and_the_styles_ask_nobody_and_can_be_in_a_page():
    script, styles = alive.script(), alive.styles()
    script = script.replace("http://www.w3.org/2000/svg", "")  # a name, and nobody's address
    assert not re.search(r"</script|<!--|https?://|\bimport\b.*\bfrom\b", script)
    assert not re.search(r"</style|@import|url\(", styles)
    assert script.count("export default") == 0
