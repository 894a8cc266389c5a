"""The book as people meet it: on a phone, on a projector, in the dark, by keyboard, with no other host in reach."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.axe import violations
from tests.support.lab import frames, new_context
from tests.support.page_objects import Stage
from tests.support.serving import served

pytestmark = pytest.mark.browser

WIDTHS = (360, 390, 800, 1280, 1920)
WEIGHT = 1_500_000  # bytes that a page may ask for before somebody scrolls

# What sticks out of the page and is not in a box that scrolls by itself.
STICKS_OUT = """() => [...document.querySelectorAll('.content *')].filter(e => {
    const box = e.getBoundingClientRect();
    if (box.width === 0 || box.right <= innerWidth + 0.5) return false;
    for (let p = e; p; p = p.parentElement)
        if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(p).overflowX) && p.closest('.content')) return false;
    return true;
}).map(e => `${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 40)}`)"""


@pytest.fixture(scope="module")
def address(book):
    with served(book) as address:
        yield address


@pytest.fixture(scope="module")
def visit(browser, address):
    """Open a page of the book. Requests to anybody else are refused, and are a fault of the book."""
    contexts, foreign = [], []

    def guard(route):
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            foreign.append(route.request.url)
            route.abort()

    def visit(where, width=1280, height=800, **options):
        context = new_context(browser, viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.route("**/*", guard)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda message: message.type == "error" and page.faults.append(message.text))
        page.goto(f"{address}/{where}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert foreign == []


@pytest.fixture(scope="module")
def reader(visit):
    """One window, in which page after page is read."""
    return visit("index.html")


PAGES = [
    "index.html",
    "00_start_here.html",
    "04_retries.html",
    "07_dead_letters.html",
    "09_progress.html",
    "11_production_engine.html",
    "13_find_the_race.html",
    "glossary.html",
    "what_next.html",
    "instructors.html",
    "genindex.html",
    "reference/index.html",
    "reference/explore.html",
    "_modules/jobqueue_lesson/worker.html",
]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone_and_a_projector_without_sideways_scrolling(reader, address, name):
    reader.goto(f"{address}/{name}")
    for width in WIDTHS:
        reader.set_viewport_size({"width": width, "height": 800})
        frames(reader)
        assert reader.evaluate("document.documentElement.scrollWidth") <= width, width
        assert reader.evaluate(STICKS_OUT) == [], width
    assert reader.faults == []


@pytest.mark.parametrize("name", ["index", "04_retries", "05_priorities", "13_find_the_race", "instructors"])
def test_a_page_asks_for_little_before_somebody_scrolls(visit, name):
    page = visit("search.html", 390, 844)
    loaded = []
    page.context.on("response", lambda response: loaded.append(response))
    page.goto(page.url.replace("search", name))
    page.wait_for_load_state("networkidle")
    assert any(response.url.endswith(f"{name}.html") for response in loaded)
    assert 50_000 < sum(int(response.headers["content-length"]) for response in loaded) < WEIGHT


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("index", "light"),
        ("04_retries", "light"),
        ("04_retries", "dark"),
        ("13_find_the_race", "light"),
        ("glossary", "dark"),
        ("reference/worker", "light"),
    ],
)
def test_a_page_shuts_nobody_out(visit, name, scheme):
    page = visit(f"{name}.html", color_scheme=scheme)
    if page.locator(".jq-replay").count() or name == "index":
        expect(page.locator(".jq-replay").first).to_be_attached()
    assert violations(page) == []


@pytest.mark.parametrize(
    ("asked", "page_of_it"),
    [
        ("jitter", "04_retries"),
        ("dead letter", "07_dead_letters"),
        ("enqueue", "01_why_background_jobs"),
    ],
)
def test_the_search_lists_where_a_term_is_taught_and_the_glossary_first(visit, asked, page_of_it):
    page = visit("index.html")
    page.get_by_role("textbox", name="Search").fill(asked)
    page.keyboard.press("Enter")
    expect(page.locator("#search-results")).to_contain_text("Search finished")
    links = page.locator("#search-results .search > li > a:first-child")
    found = [link.get_attribute("href").partition("#")[0].removesuffix(".html") for link in links.all()]
    assert set(found[:2]) == {page_of_it, "glossary"}
    assert any(name.startswith("reference/") for name in found[2:])
    links.nth(found.index(page_of_it)).click()
    expect(page.locator("dfn", has_text=re.compile(f"^{asked}", re.IGNORECASE))).to_be_in_viewport()
    assert page.faults == []


def test_the_search_lists_a_name_of_the_package_that_is_asked_for_first(visit):
    page = visit("search.html?q=SQLiteQueue")
    first = page.locator("#search-results .search > li > a:first-child").first
    expect(first).to_have_attribute("href", "reference/durable.html#jobqueue_lesson.durable.SQLiteQueue")


def test_a_replay_of_page_4_plays_with_no_kernel(visit):
    page = visit("04_retries.html", 390, 844)
    page.locator('.jq-alive[data-kind="replay"]').first.scroll_into_view_if_needed()
    stage = Stage(page)
    expect(stage.root.get_by_label("speed")).to_have_value("5")  # as its cell says
    stage.choose_speed(-1)
    stage.button("Play").click()
    stage.expect_count(stage.root.locator(".jq-clock").inner_text().split()[-1])
    assert page.faults == []


def test_the_first_replay_moves_by_itself_unless_somebody_wants_less_motion(visit):
    page = visit("index.html")
    expect(page.locator(".jq-replay")).not_to_have_attribute("data-count", "0")
    calm = visit("index.html", reduced_motion="reduce")
    expect(calm.locator(".jq-replay")).to_have_attribute("data-count", "0")
    calm.locator(".jq-replay").get_by_role("button", name="Play").click()
    expect(calm.locator(".jq-replay")).not_to_have_attribute("data-count", "0")


@pytest.mark.parametrize(("name", "data"), [("index", "first"), ("04_retries", "04_retries/")])
def test_a_replay_needs_the_script_and_its_record_and_no_more(visit, name, data):
    page = visit("search.html", 390, 844)
    asked = []
    page.on(
        "request", lambda request: request.resource_type in ("script", "fetch", "xhr") and asked.append(request.url)
    )
    page.goto(page.url.replace("search", name))
    page.locator('.jq-alive[data-kind="replay"]').first.evaluate("box => box.scrollIntoView()")
    stage = Stage(page)
    if name != "index":
        stage.button("Play").click()
    expect(stage.root).not_to_have_attribute("data-count", "0")
    records = [url for url in asked if "/data/" in url]
    assert len(records) == len(set(records))
    assert any(f"/data/{data}" in url for url in records)
    assert all(f"/data/{name}/" in url or f"/data/{data}.json" in url or "/_static/" in url for url in asked)
    assert len([url for url in asked if "/_static/alive" in url]) == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_the_first_replay_has_its_place_before_it_is_there(visit, width):
    page = visit("search.html", width, 844)
    address = page.url.replace("search", "index")
    box = page.locator('.jq-alive[data-kind="replay"]')
    page.route("**/alive.js*", lambda route: route.abort())
    page.goto(address)
    before = box.bounding_box()
    page.unroute("**/alive.js*")
    page.goto(address)
    expect(page.locator(".jq-replay")).not_to_have_attribute("data-count", "0")
    after = box.bounding_box()
    assert before["y"] == after["y"]
    assert abs(before["height"] - after["height"]) < 30


def test_a_page_is_read_by_keyboard_alone(visit):
    page = visit("04_retries.html", 390, 844)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.textContent") != "Run this page":
        assert page.evaluate("document.activeElement.closest('article, .content-icon-container, header') !== null")
        page.keyboard.press("Tab")

    fold = page.locator("details.hide", has=page.get_by_text("Show the solution")).first
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(fold.get_by_text("def backoff_solution")).to_be_visible()

    wide = page.locator("pre", has_text="retry_storm(base=1").first
    expect(wide).to_have_attribute("tabindex", "0")
    wide.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("pre => pre.scrollLeft > 0", arg=wide.element_handle())


def test_who_chooses_the_dark_keeps_it_on_the_next_page(visit):
    page = visit("03_worker.html", color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    while page.locator("body").get_attribute("data-theme") != "dark":
        page.locator(".theme-toggle-content button").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.locator(".related-pages .next-page").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("4 · Retries")
    assert page.evaluate(ground) == dark


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lab/index.html?path=04_retries.ipynb", "lite/lab/index.html?path=04_retries.ipynb"),
        ("lab/index.html?path=GLOSSARY.md", "glossary.html"),
        ("GLOSSARY.html#term-jitter", "glossary.html#term-jitter"),
    ],
)
def test_an_old_address_leads_to_the_new_one(visit, address, old, new):
    page = visit(old)
    page.wait_for_url(f"{address}/{new}")


@pytest.fixture
def phone(visit):
    return visit("04_retries.html", 390, 844, has_touch=True, is_mobile=True)


def test_on_a_phone_printed_words_are_all_there_and_what_scrolls_has_a_shadow(phone):
    fits = "box => box.scrollWidth <= box.clientWidth"
    assert phone.locator("pre", has_text="calls in each second: [100").first.evaluate(fits)
    drawing = phone.locator(".cell_output pre", has_text="backing off").first
    assert not drawing.evaluate(fits)
    for box in (drawing, phone.locator(".jq-picture-box").first):
        assert "local" in box.evaluate("box => getComputedStyle(box).backgroundAttachment")


def test_on_a_phone_a_picture_that_is_not_whole_says_so(phone):
    hint = "link => getComputedStyle(link, '::after').content"
    for says, whole in (("Wait before the next", False), ("Two panels. No jitter", True)):
        picture = phone.locator(".jq-large", has=phone.locator(f'svg[aria-label^="{says}"]'))
        box = picture.locator(".jq-picture-box")
        box.scroll_into_view_if_needed()
        assert box.evaluate("box => box.scrollWidth <= box.clientWidth") == whole
        assert ("Swipe" not in picture.evaluate(hint)) == whole
        assert (box.get_attribute("tabindex") is None) == whole


def test_on_a_phone_the_list_of_headings_closes_once_one_is_chosen(phone):
    phone.locator(".toc-header-icon").click()
    drawer = phone.locator(".toc-drawer")
    expect(drawer).to_be_in_viewport()
    drawer.get_by_role("link", name="Takeaways").click()
    expect(drawer).not_to_be_in_viewport()
    expect(phone.get_by_role("heading", name="Takeaways")).to_be_in_viewport()


def test_on_a_phone_a_swipe_over_the_slider_scrolls_the_page(phone):
    phone.locator('.jq-alive[data-kind="replay"]').first.scroll_into_view_if_needed()
    slider = phone.locator(".jq-scrub input").first
    assert slider.evaluate("slider => getComputedStyle(slider).touchAction") == "pan-y"


def test_the_story_of_a_job_is_told_in_the_same_words_by_the_minified_script(phone):
    replay = phone.locator('.jq-alive[data-kind="replay"]').first
    replay.scroll_into_view_if_needed()
    stage = Stage(phone)
    stage.root.get_by_label("job to follow").select_option(index=1)
    stage.button("Last event").click()
    expect(stage.detail).to_contain_text("2 s picked up by worker-1, attempt 2 → 2 s completed")


def test_on_paper_there_is_text_and_no_button(visit):
    page = visit("04_retries.html")
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="Run this page", exact=True)).to_be_hidden()
    expect(page.get_by_role("heading", name="Takeaways")).to_be_visible()
    pre = page.locator("pre", has_text="retry_storm(base=1").first
    assert pre.evaluate("pre => pre.scrollWidth <= pre.clientWidth")
