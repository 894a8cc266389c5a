"""Pictures in JupyterLab: in the light theme and in the dark one."""

import io
import re
from collections import Counter

import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CELLS = (
    "from jobqueue_lesson.labs.retries import retry_storm_lab\n"
    "from jobqueue_lesson.show.states import plot_states\n"
    "from jobqueue_lesson.show.style import use_course_style\n"
    "from matplotlib import pyplot as plt\nuse_course_style()",
    "plot_states()\nplt.show()",
    "retry_storm_lab()",
    "from IPython.display import Image\nimport io\nphoto = io.BytesIO()\n"
    "plt.imsave(photo, [[0, 1]], cmap='gray', format='png')\nImage(photo.getvalue(), width=60, height=30)",
)
WHITE, BLACK, DARK = (255, 255, 255), (0, 0, 0), (17, 17, 17)  # the last: JupyterLab's own in the dark


def colours(picture):
    """Count the colours that are seen of a picture."""
    seen = Image.open(io.BytesIO(picture.screenshot())).convert("RGB")
    return Counter(seen.get_flattened_data() if hasattr(seen, "get_flattened_data") else seen.getdata())


def wait_for_ground(page, picture, ground):
    page.wait_for_function("picture => picture.complete && picture.naturalWidth > 0", arg=picture.element_handle())
    for _ in range(50):
        seen = colours(picture)
        if seen.most_common(1)[0][0] == ground:
            return seen
    raise AssertionError(f"{seen.most_common(3)}, not {ground}")


def test_a_picture_has_the_themes_ground_and_ink_and_a_photo_stays_as_it_is(lab):
    lab.write("pictures", *CELLS)
    change = "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })"
    with lab.open("pictures") as page:
        lab.run_all(page)
        plot, photo = page.locator(".jp-RenderedImage img").all()
        panel = page.locator(".jq-panel img")
        expect(plot).to_have_attribute("src", re.compile(r"^data:image/svg\+xml,"))
        light = plot.get_attribute("src")
        wait_for_ground(page, plot, WHITE)
        try:
            page.evaluate(change, "JupyterLab Dark")
            expect(plot).not_to_have_attribute("src", light)
            for picture in (plot, panel):
                seen = wait_for_ground(page, picture, DARK)
                assert max(min(colour) for colour in seen) > 200  # the ink
                assert sum(many for colour, many in seen.items() if min(colour) > 240) < 0.02 * seen.total()
            assert {WHITE, BLACK} <= set(colours(photo))
            sheets = "() => [...document.styleSheets].filter(({ href }) => href?.endsWith('/pictures.css')).length"
            assert page.evaluate(sheets) == 1
            expect(page.locator("#jupyterlab-splash")).to_have_count(0)  # shown twice, it is removed twice: an error
        finally:
            page.evaluate(change, "JupyterLab Light")
        expect(plot).to_have_attribute("src", light)
        wait_for_ground(page, panel, WHITE)
        expect(page.locator("#jupyterlab-splash")).to_have_count(0)
