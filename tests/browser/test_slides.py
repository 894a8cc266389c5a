"""Every deck as it is shown: at 1280 × 720, with no network."""

import nbformat
import pytest
from playwright.sync_api import expect

from jobqueue_lesson.course.editions import speaker_note
from jobqueue_lesson.labs.panel import Choice, Slider
from jobqueue_lesson.labs.positions import panel_data
from tests.support.axe import violations
from tests.support.installed import need
from tests.support.lab import new_context
from tools import panels, paths, slides

pytestmark = pytest.mark.browser

PATHS = paths.notebooks()
SMALLEST = 20  # px, of any text on a slide
SMALLEST_LABEL = 17  # px, of what is written in a picture

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
        const text = parts.flatMap(e => [...e.childNodes]).filter(n => n.nodeType === 3 && n.data.trim());
        const pictures = parts.filter(e => e.tagName === 'IMG');
        if (!text.length && !pictures.length) faults.push(`${where} is empty`);
        for (const picture of pictures) {
            if (!picture.naturalWidth) faults.push(`${where}: a picture does not show`);
            if (picture.getBoundingClientRect().width < 400) faults.push(`${where}: a picture is small`);
        }
        for (const node of text) {
            const size = sizeOf(node.parentElement);
            const least = node.parentElement.closest('svg') ? smallestLabel : smallest;
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


def open_deck(page, path):
    """Open a deck, and wait until it is laid out."""
    page.goto(path.as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    page.evaluate("() => document.fonts.ready")
    page.wait_for_function("Reveal.getScale() === 1")


def shown(path):
    """Return the cells of a notebook that are on slides, and the notes."""
    kinds = {"skip": [], "notes": []}
    cells = []
    for cell in nbformat.read(path, as_version=4).cells:
        kinds.get(cell.metadata.get("slideshow", {}).get("slide_type"), cells).append(cell)
    return cells, kinds["notes"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_slide_is_filled_readable_and_whole_with_no_network(decks, page, path):
    open_deck(page, decks / f"{path.stem}.html")
    assert page.evaluate(FAULTS, [SMALLEST, SMALLEST_LABEL]) == []
    cells, notes = shown(path)
    pictures = sum("image/png" in o.get("data", {}) for cell in cells for o in cell.get("outputs", []))
    expect(page.locator(".slides img")).to_have_count(pictures)
    expect(page.locator('.slides img:not([alt]), .slides img[alt=""]')).to_have_count(0)
    said = page.locator("aside.notes").all_text_contents()
    assert [text.split()[1:4] for text in said] == [speaker_note(cell).split()[:3] for cell in notes]
    assert page.faults == []


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
