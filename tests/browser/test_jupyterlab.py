"""Every notebook in a real JupyterLab in a real browser, as a learner runs it."""

import json

import pytest

from .lab import NOTEBOOKS

pytestmark = pytest.mark.browser

NAMES = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
ERRORS = (
    '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"],'
    ' .jp-RenderedText[data-mime-type*="error"], .jupyter-widgets-error'
)


def saved(name):
    return json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]


@pytest.mark.parametrize("name", NAMES)
def test_all_cells_run_and_what_they_put_out_is_seen(lab, name):
    page = lab.open(name)
    try:
        lab.run_all(page)
        code = [cell for cell in saved(name) if cell["cell_type"] == "code"]
        assert page.locator(".jp-Notebook .jp-CodeCell").count() == len(code)
        assert page.locator(ERRORS).count() == 0
        pictures = sum("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"])
        shown = page.locator('.jp-RenderedImage img[src^="data:image/png"]')
        assert shown.count() == pictures
        for place in range(pictures):
            assert shown.nth(place).bounding_box()["width"] > 400
        for cell, box in zip(code, page.locator(".jp-Notebook .jp-CodeCell").all(), strict=True):
            printed = "".join("".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream").strip()
            if printed:
                assert printed in box.locator(".jp-OutputArea").inner_text().replace("\xa0", " "), cell["id"]
        assert page.faults == []
    finally:
        page.context.close()


@pytest.mark.parametrize("name", [name for name in NAMES if "_lab()" in json.dumps(saved(name))])
def test_a_labs_slider_is_moved_and_the_picture_and_the_words_follow(lab, name):
    page = lab.open(name)
    try:
        lab.run_all(page)
        picture = page.locator(".jupyter-widgets img.widget-image, img.widget-image").first
        picture.wait_for()
        words = page.locator(".widget-html-content").nth(-1)
        before = (picture.get_attribute("src"), words.inner_text())
        handle = page.locator(".noUi-handle").first
        handle.focus()
        for _ in range(8):
            handle.press("ArrowLeft")
        page.wait_for_function(
            "([img, src]) => img.src !== src", arg=[picture.element_handle(), before[0]], timeout=10_000
        )
        assert page.locator(ERRORS).count() == 0
        assert page.faults == []
    finally:
        page.context.close()
