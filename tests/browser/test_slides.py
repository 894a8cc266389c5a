"""Every deck as it is shown: at 1280 × 720, with no network, its widgets alive."""

import re

import nbformat
import pytest
from playwright.sync_api import expect

from jobqueue_lesson.course.editions import make_edition, speaker_note
from jobqueue_lesson.labs.panel import Choice, Slider
from jobqueue_lesson.labs.positions import panel_data
from jobqueue_lesson.show.saved import ALIVE
from tests.support.axe import violations
from tests.support.installed import need
from tests.support.lab import new_context
from tests.support.page_objects import Stage
from tools import panels, paths, slides

pytestmark = pytest.mark.browser

PATHS = paths.notebooks()
SMALLEST = 20  # px, of any text on a slide
SMALLEST_LABEL = 17  # px, of what is written in a widget's picture; that in a plot is tested where it is drawn

# Go through all slides with all their fragments, and say what is wrong with each.
FAULTS = """
async ([smallest, smallestLabel]) => {
    const faults = [];
    const frame = () => new Promise(requestAnimationFrame);
    const sizeOf = e => {
        const size = parseFloat(getComputedStyle(e).fontSize);
        const matrix = e instanceof SVGElement && e.getScreenCTM();
        if (matrix) return size * Math.hypot(matrix.a, matrix.b);
        return size * Reveal.getScale() * e.currentCSSZoom;
    };
    const seen = node => node.getClientRects().length && getComputedStyle(node).visibility !== 'hidden';
    for (const slide of Reveal.getSlides()) {
        const { h, v } = Reveal.getIndices(slide);
        Reveal.slide(h, v, 99);
        for (let n = 0; n < 3 && slide.querySelector('.jq-replay'); n++) await frame(); // it fits itself to its room
        const where = `slide ${Reveal.getSlidePastCount() + 1}`;
        const notes = slide.querySelectorAll('aside.notes');
        const parts = [...slide.querySelectorAll('*')].filter(e => !e.closest('aside.notes') && seen(e));
        const text = parts.filter(e => !e.closest('svg.jq-picture')).flatMap(e => [...e.childNodes])
            .filter(n => n.nodeType === 3 && n.data.trim());
        const pictures = parts.filter(e => e.matches('img, svg.jq-picture'));
        if (!text.length && !pictures.length) faults.push(`${where} is empty`);
        else if (!pictures.length && text.every(n => n.parentElement.closest('h2, h3')))
            faults.push(`${where} has only a heading`);
        for (const picture of pictures) {
            if (picture.naturalWidth === 0) faults.push(`${where}: a picture does not show`);
            if (picture.getBoundingClientRect().width < 400) faults.push(`${where}: a picture is small`);
        }
        for (const node of text) {
            const size = sizeOf(node.parentElement);
            const least = node.parentElement.closest('svg') ? smallestLabel : smallest;
            const code = node.parentElement.closest(':not(pre) > code');
            if (code && size !== sizeOf(code.parentElement)) faults.push(`${where}: code of ${size} px in prose`);
            if (node.data.includes('`') && !node.parentElement.closest('code, pre'))
                faults.push(`${where}: a backtick`);
            if (size < least - 0.01) faults.push(`${where}: ${size} px: ${node.data.trim().slice(0, 40)}`);
        }
        for (const part of parts) {
            const box = part.getBoundingClientRect();
            if (box.bottom > 690.5 || box.right > 1280.5 || box.left < -0.5 || box.top < -0.5) {
                faults.push(`${where}: leaves the slide: ${part.tagName} ${part.textContent.trim().slice(0, 40)}`);
                break;
            }
            if (part.tagName === 'PRE' && part.scrollWidth > part.clientWidth + 1) faults.push(`${where}: cut off`);
        }
    }
    return faults;
}
"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    need(paths.REVEAL, "npm")
    folder = tmp_path_factory.mktemp("slides")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(panels, "computed", sketched)
        slides.build(folder, PATHS)
    return folder


def sketched(make, kept=None):
    """Compute a panel's data for one position of each control: all of them take a minute or two."""
    lab = make()
    lab.given = {
        name: Choice(control.label, (control.start,), control.start)
        if isinstance(control, Choice)
        else Slider(control.label, control.start, control.start + control.step, control.step, control.start)
        for name, control in lab.given.items()
    }
    return panel_data(lab)


@pytest.fixture(scope="module")
def page(browser):
    """A page that notes every request that does not stay on this machine, and every error."""
    context = new_context(browser, viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.faults = []
    page.on("request", lambda r: r.url.split(":")[0] in ("file", "data", "blob") or page.faults.append(r.url))
    page.on("requestfailed", lambda r: page.faults.append(f"failed: {r.url}"))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda m: m.type == "error" and page.faults.append(m.text))
    yield page
    context.close()


def open_deck(page, path, scale=1):
    """Open a deck, and wait until it is laid out and its widgets are awake."""
    page.goto(path.as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    page.evaluate("() => document.fonts.ready")
    page.wait_for_function("scale => Math.abs(Reveal.getScale() - scale) < 0.01", arg=scale)
    page.wait_for_function("document.querySelector('.jq-awake') || !document.querySelector('.jq-alive')")


def cells_of(page):
    """Return the cells of a notebook, its JSON, that are on slides, and its notes."""
    kinds = {"skip": [], "notes": []}
    cells = []
    for cell in nbformat.reads(page, as_version=4).cells:
        kinds.get(cell.metadata.get("slideshow", {}).get("slide_type"), cells).append(cell)
    return cells, kinds["notes"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_slide_is_filled_readable_and_whole_with_no_network(decks, page, path):
    open_deck(page, decks / f"{path.stem}.html")
    assert page.evaluate(FAULTS, [SMALLEST, SMALLEST_LABEL]) == []
    cells, _ = cells_of(make_edition(path.read_bytes(), "slides"))
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    alive = [data[ALIVE]["kind"] for data in outputs if ALIVE in data]
    expect(page.locator(".jq-awake")).to_have_count(sum(kind != "bars" for kind in alive))
    pictures = sum("image/png" in data for data in outputs if ALIVE not in data)
    expect(page.locator(".slides :is(img, svg.jq-picture)")).to_have_count(pictures)
    unnamed = 'img:not([alt]), img[alt=""], svg.jq-picture:not([aria-label])'
    expect(page.locator(f".slides :is({unnamed})")).to_have_count(0)
    said = page.locator("aside.notes").all_text_contents()
    _, notes = cells_of(path.read_bytes())
    assert [text.split()[1:4] for text in said] == [speaker_note(cell).split()[:3] for cell in notes]
    assert page.faults == []


def test_a_long_conversation_can_be_read_from_the_back_of_the_room(decks, page):
    open_deck(page, decks / "06_api_pattern.html")
    picture = page.locator('svg.jq-picture[aria-label^="Sequence diagram"]')
    sizes = picture.evaluate(
        """picture => {
            const { h, v } = Reveal.getIndices(picture.closest('section'));
            Reveal.slide(h, v, 99);
            const scale = text => Math.hypot(text.getScreenCTM().a, text.getScreenCTM().b);
            return [...picture.querySelectorAll('text')].map(t => parseFloat(getComputedStyle(t).fontSize) * scale(t));
        }"""
    )
    assert len(sizes) > 20
    assert min(sizes) > 16


def test_a_cells_output_comes_a_step_after_its_code(decks, page):
    open_deck(page, decks / "01_why_background_jobs.html")
    said = page.locator("pre", has_text="twenty requests: first 200 ms, last 1000 ms")
    said.evaluate(
        """said => {
            const { h, v } = Reveal.getIndices(said.closest('section'));
            Reveal.slide(h, v, -1);
        }"""
    )
    expect(said).to_be_hidden()
    for _ in range(2):  # one request, then twenty
        page.keyboard.press("Space")
    expect(said).to_be_visible()


def test_the_speakers_window_shows_the_notes_of_the_slide(decks, page):
    (path,) = (path for path in PATHS if path.stem == "03_worker")
    open_deck(page, decks / f"{path.stem}.html")
    page.evaluate(
        """() => {
            const slide = document.querySelector('aside.notes').closest('section');
            const { h, v } = Reveal.getIndices(slide);
            Reveal.slide(h, v, 99);
        }"""
    )
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    words = page.locator("section.present section.present aside.notes").first.text_content().split()[:6]
    opened.value.get_by_text(" ".join(words)).first.wait_for()
    opened.value.close()
    assert page.faults == []


# --- widgets on slides ---


def go_to(page, kind, number=0):
    """Go to the slide of a widget, with all that is on it; return the widget."""
    widget = page.locator(f'.jq-alive[data-kind="{kind}"]').nth(number)
    widget.evaluate(
        """widget => {
            const { h, v } = Reveal.getIndices(widget.closest('section'));
            Reveal.slide(h, v, 99);
        }"""
    )
    expect(widget).to_be_visible()
    return widget


def number(page):
    """The number of the slide that is shown, as it says."""
    return page.locator(".slide-number-a")


def expect_next(page, press):
    """Expect the next slide after something is done."""
    shown = int(number(page).text_content())
    press()
    expect(number(page)).to_have_text(str(shown + 1))


def test_a_replay_steps_on_a_slide_and_the_arrows_go_on_once_it_has_given_the_keys_back(decks, page):
    open_deck(page, decks / "00_start_here.html")
    go_to(page, "replay")
    stage = Stage(page)
    here = number(page).text_content()
    expect_next(page, lambda: page.keyboard.press("ArrowRight"))  # nobody has clicked it
    page.keyboard.press("ArrowLeft")
    expect(number(page)).to_have_text(here)

    stage.canvas.click()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    stage.expect_count(2)
    page.keyboard.press("Space")
    expect(stage.button("Pause")).to_be_visible()
    page.keyboard.press("Space")
    expect(stage.button("Play")).to_be_visible()
    expect(number(page)).to_have_text(here)

    page.keyboard.press("Escape")
    assert not page.evaluate("Reveal.isOverview()")
    expect_next(page, lambda: page.keyboard.press("ArrowRight"))
    page.keyboard.press("ArrowLeft")
    stage.canvas.click()
    page.mouse.click(20, 700)  # beside it
    expect_next(page, lambda: page.keyboard.press("Space"))


def test_a_replay_stops_when_its_slide_is_left(decks, page):
    open_deck(page, decks / "00_start_here.html")
    go_to(page, "replay")
    stage = Stage(page)
    stage.button("Play").click()
    expect(stage.button("Pause")).to_be_visible()
    page.keyboard.press("PageDown")
    page.keyboard.press("PageUp")
    expect(stage.button("Play")).to_be_visible()


@pytest.mark.parametrize("deck", ["00_start_here", "05_priorities"])
def test_a_clicker_is_never_swallowed(decks, page, deck):
    open_deck(page, decks / f"{deck}.html")
    for kind in ("card", "replay", "panel"):
        if not page.locator(f'.jq-alive[data-kind="{kind}"]').count():
            continue
        widget = go_to(page, kind)
        back = number(page).text_content()
        controls = "button:not(:disabled), input:not(:disabled), select, canvas.jq-stage"
        many = widget.locator(controls).count()
        assert many >= 3
        for n in range(many):
            for key, by in (("PageDown", 1), ("PageUp", -1)):
                go_to(page, kind)
                widget.locator(controls).nth(n).focus()
                page.keyboard.press(key)
                expect(number(page)).to_have_text(str(int(back) + by))
                expect(page.locator("body")).to_be_focused()


def test_tab_leads_through_the_widgets_of_a_slide_and_out_of_them(decks, page):
    open_deck(page, decks / "00_start_here.html")
    go_to(page, "replay")
    seen = []
    for _ in range(20):
        page.keyboard.press("Tab")
        inside = "() => document.activeElement?.closest('.slides section:not(.stack)')?.className ?? 'outside'"
        seen.append(page.evaluate(inside))
        if seen[-1] == "outside":
            break
    assert {"present"} < {*seen, "outside"}
    assert set(seen[:-1]) == {"present"}
    assert seen[-1] == "outside"


def test_an_answer_is_committed_to_and_its_reason_shows_on_a_later_slide_under_its_question(decks, page):
    open_deck(page, decks / "04_retries.html")
    card = go_to(page, "card", 1)
    question = card.locator("legend").inner_text()
    said = card.get_by_label("B · ")
    options = [label.inner_text() for label in card.locator("label").all()]
    said.check()
    card.get_by_role("button", name="Commit").click()
    expect(card).to_contain_text("You said B.")
    expect_next(page, lambda: page.keyboard.press("ArrowRight"))

    reason = go_to(page, "reason")
    expect(reason.locator(".jq-asked")).to_have_text(question)
    rows = reason.locator(".jq-right, .jq-wrong")
    expect(rows).to_have_count(len(options))
    for row, option in zip(rows.all(), options, strict=True):
        expect(row).to_contain_text(option)
    expect(reason.locator("mark")).to_have_count(1)
    expect(rows.filter(has=page.locator("mark"))).to_contain_text("B · ")

    unanswered = go_to(page, "reason", 1)  # of a card that nobody has answered
    expect(unanswered.locator(".jq-right, .jq-wrong")).to_have_count(3)
    expect(unanswered.locator("mark")).to_have_count(0)
    page.reload()  # the next class
    expect(page.locator(".jq-card input:checked")).to_have_count(0)


def test_keys_alone_answer_a_card(decks, page):
    open_deck(page, decks / "04_retries.html")
    card = go_to(page, "card", 1)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(card.get_by_label("B · ")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(card).to_contain_text("You said B.")
    expect_next(page, lambda: page.keyboard.press("Space"))


def test_a_panels_control_shows_another_position_and_gives_the_keys_back(decks, page):
    open_deck(page, decks / "04_retries.html")
    panel = go_to(page, "panel")
    slider = panel.get_by_label("factor")
    expect(slider).to_have_value("0")
    slider.press("ArrowRight")
    expect(slider).to_have_value("1")
    expect(panel.locator("svg")).to_be_visible()
    page.keyboard.press("Escape")
    expect_next(page, lambda: page.keyboard.press("ArrowRight"))


def test_a_live_stage_works_without_a_kernel(decks, page):
    open_deck(page, decks / "01_why_background_jobs.html")
    stage = go_to(page, "live")
    stage.get_by_role("button", name="Send a request").click()
    expect(stage.locator(".jq-replay")).to_have_attribute("data-count", re.compile(r"[1-9]"))
    expect(stage.locator(".jq-words")).to_contain_text("request #1")


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 800), (800, 450)])
def test_a_job_on_a_slide_is_found_under_the_pointer_at_any_scale(decks, page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    try:
        open_deck(page, decks / "00_start_here.html", scale=min(width / 1280, height / 720))
        go_to(page, "replay")
        stage = Stage(page)
        stage.button("Last event").click()
        stage.rest()
        token = stage.canvas.evaluate(ORANGE_MARK)
        stage.canvas.click(position=token)
        expect(stage.root.get_by_label("job to follow")).not_to_have_value("-1")
    finally:
        page.set_viewport_size({"width": 1280, "height": 720})


# The last event's job has an orange frame: return its middle, in pixels of the page from the canvas's corner.
ORANGE_MARK = """
canvas => {
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let [left, right, top, bottom] = [Infinity, -1, Infinity, -1];
    for (let n = 0; n < data.length; n += 4) {
        if (data[n] !== 0xd5 || data[n + 1] !== 0x5e || data[n + 2] !== 0x00 || data[n + 3] !== 255) continue;
        const [x, y] = [(n / 4) % width, Math.floor(n / 4 / width)];
        [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
    }
    const box = canvas.getBoundingClientRect();
    const scale = box.width / width;
    return { x: (scale * (left + right)) / 2, y: (scale * (top + bottom)) / 2 };
}
"""


def test_a_solution_is_two_steps_after_its_exercise(decks, page):
    open_deck(page, decks / "04_retries.html")
    exercise = page.locator("section", has_text="Not yet: nothing has changed").last
    exercise.evaluate(
        """slide => {
            const { h, v } = Reveal.getIndices(slide);
            Reveal.slide(h, v, 99);
        }"""
    )
    solution = page.locator("section.present:not(.stack) pre")
    expect_next(page, lambda: page.keyboard.press("PageDown"))
    expect(page.get_by_role("heading", name="Exercise 2: a solution")).to_be_visible()
    curtain = page.locator("section.present:not(.stack) .curtain")
    expect(curtain).to_be_visible()
    expect(solution).to_be_hidden()
    page.keyboard.press("PageDown")
    expect(solution).to_be_visible()
    expect(curtain).to_be_hidden()


def test_on_paper_a_replay_is_its_timeline(decks, page):
    page.goto((decks / "01_why_background_jobs.html").as_uri() + "?print-pdf")
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    expect(page.locator(".pdf-page").first).to_be_attached()
    expect(page.locator(".jq-stage")).to_have_count(0)
    expect(page.locator(".jq-card").first).to_be_attached()
    expect(page.locator('.slides img[alt^="Timeline of 20 jobs"]')).to_have_count(1)


# --- the list of decks, and all of them ---


def test_the_first_page_leads_to_every_deck(decks, page):
    page.goto((decks / "index.html").as_uri())
    links = page.locator("li a")
    expect(links).to_have_count(len(PATHS))
    for link, path in zip(links.all(), PATHS, strict=True):
        expect(link).to_have_attribute("href", f"{path.stem}.html")
    links.nth(4).click()
    page.get_by_role("heading", name="4 · Retries").wait_for()
    assert page.faults == []


def test_a_deck_and_the_list_of_decks_shut_nobody_out(decks, page):
    page.goto((decks / "index.html").as_uri())
    assert violations(page) == []
    open_deck(page, decks / "04_retries.html")
    # All slides at once, as they are printed: else axe would see the first alone.
    shown = "display: block !important; visibility: visible !important; opacity: 1 !important"
    page.add_style_tag(content=f".reveal section, .reveal .fragment {{ {shown} }}")
    assert violations(page, ".slides") == []
