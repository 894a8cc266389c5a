"""The panel: change a control, and see what the queue does.

Each lab is a plain function first: `retry_storm(jitter="full")` returns what happened. The panel comes second:
`retry_storm_lab()` shows controls, calls that function, and draws what it returns. Where a panel cannot be shown, its
text is shown instead.
"""

from __future__ import annotations

import gc
import inspect
import io
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import ipywidgets
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

from ..show.access import Access
from ..show.cells import belongs_to_cell
from ..show.describe import describe
from ..show.prose import to_html
from ..show.saved import with_text
from ..show.style import course_style
from ..simulation import one_thread


class Slider(NamedTuple):
    """A control for a number, from low to high."""

    label: str
    low: float
    high: float
    step: float
    start: float


class Choice(NamedTuple):
    """A control for one of a few values."""

    label: str
    options: tuple[Any, ...]
    start: Any


Controls = Mapping[str, Slider | Choice]


class Lab(ipywidgets.VBox):  # type: ignore[misc]
    """A panel of controls for a plain function.

    Args:
        question: what the learner should find out with it.
        run: the plain function; it takes the controls' values by name.
        draw: draws the result of `run` on an Axes.
        say: returns the result of `run` in words.
        controls: a `Slider` or a `Choice` for each parameter of `run` that can be changed.

    If `run` is random, it also takes a `seed`, and the panel has a field for it.
    """

    def __init__(
        self,
        question: str,
        run: Callable[..., Any],
        draw: Callable[[Any, Axes], object],
        say: Callable[[Any], str],
        controls: Controls,
    ) -> None:
        self.question = question
        self.run, self.draw, self.say = run, draw, say
        self.given = controls
        self.controls = {name: _widget(control) for name, control in controls.items()}
        rows = [_with_limits(control) for control in self.controls.values()]
        reset = ipywidgets.Button(description="Reset", tooltip="Put every control back to its starting value")
        reset.on_click(lambda _: self.reset())
        last_row = [reset]
        seed = inspect.signature(run).parameters.get("seed")
        if seed is not None:
            self.controls["seed"] = _seed_field(seed.default)
            last_row.append(self.controls["seed"])
        self._start = self.values
        for control in self.controls.values():
            control.observe(lambda _: self._redraw(), names="value")
        self.words = ipywidgets.HTML(layout={"min_height": "3.4em"})  # a fixed height, so that nothing below moves
        self.picture = ipywidgets.Image(format="png", layout={"width": "100%", "max_width": "860px", "height": "330px"})
        self.picture.layout.object_fit = "contain"
        self.access = Access()
        self._axes: tuple[float, float, float, float] | None = None
        self._backgrounds: dict[Any, Any] = {}
        title = ipywidgets.HTML(f"<b>{to_html(question)}</b>")
        super().__init__([title, *rows, ipywidgets.HBox(last_row), self.words, self.picture, self.access])
        self._redraw()
        belongs_to_cell(self)

    @property
    def values(self) -> dict[str, Any]:
        """The values of the controls."""
        return {name: control.value for name, control in self.controls.items()}

    def reset(self) -> None:
        """Reset every control to its first value."""
        for name, value in self._start.items():
            self.controls[name].value = value

    def text(self) -> str:
        """Return the question, the settings and the outcome as text."""
        settings = ", ".join(f"{self.controls[name].description} = {value}" for name, value in self.values.items())
        return f"{self.question}\n{settings}\n{self.say(self.run(**self.values))}"

    def _redraw(self) -> None:
        """Run the function again and draw its result."""
        with uninterrupted():
            self._run_and_draw()

    def _run_and_draw(self) -> None:
        outcome = self.run(**self.values)
        self.words.value = to_html(self.say(outcome)).replace("\n", "<br>")
        with course_style():
            figure = Figure(figsize=(8.6, 3.3), dpi=100)
            axes = figure.subplots()
            self.draw(outcome, axes)
            if self._axes is None:  # laid out only once: it takes half of the time, and the axes would move
                figure.draw_without_rendering()
                x, y, width, height = axes.get_position().bounds
                self._axes = (x + 0.012, y, width - 0.028, height)  # room for one more digit, or two to the right
            figure.set_layout_engine("none")
            axes.set_position(self._axes)
            png = io.BytesIO()
            imsave(png, _pixels(figure, axes, self._backgrounds), format="png", pil_kwargs={"compress_level": 1})
        self.access.picture = describe(figure)
        self.picture.value = png.getvalue()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the panel; where that is not possible, its picture, or its text."""
        bundle, metadata = with_text(super()._repr_mimebundle_(**options), self.text(), alive={"kind": "panel"})
        bundle["image/png"] = bytes(self.picture.value)
        metadata["image/png"] = {"alt": self.access.picture}
        return bundle, metadata


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Run and draw with no other thread at it, and without garbage collection, which takes a third of the time.

    Both the garbage collection and the style of plots are changed for the whole process.
    """
    with one_thread:
        collects = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if collects:
                gc.enable()


def _pixels(figure: Figure, axes: Axes, backgrounds: dict[Any, Any]) -> Any:
    """Draw the data over a background, which is cached.

    Nearly all the time is spent on text: tick labels, axis labels, the legend. It changes only with the axes' limits.
    """
    canvas: Any = FigureCanvasAgg(figure)
    data = sorted([*axes.lines, *axes.collections, *axes.patches, *axes.texts], key=lambda artist: artist.zorder)
    legend = axes.get_legend()
    entries = [] if legend is None else [text.get_text() for text in (legend.get_title(), *legend.get_texts())]
    key = (axes.get_xlim(), axes.get_ylim(), axes.get_xlabel(), axes.get_ylabel(), *entries)
    if key in backgrounds:
        canvas.restore_region(backgrounds[key])
    else:
        for artist in data:
            artist.set_visible(False)
        canvas.draw()
        if len(backgrounds) == 50:  # of one megabyte each
            backgrounds.clear()
        backgrounds[key] = canvas.copy_from_bbox(figure.bbox)
        for artist in data:
            artist.set_visible(True)
    for artist in data:
        axes.draw_artist(artist)
    return canvas.buffer_rgba()


def round_up(number: float) -> float:
    """Round up to a number with one or two digits, so that an axis keeps its limits while a slider moves a little."""
    power = 10.0 ** math.floor(math.log10(number))
    return power * next(digit for digit in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if digit * power >= number * 0.999)


def _widget(control: Slider | Choice) -> Any:
    look = {"style": {"description_width": "220px"}, "layout": {"width": "560px"}}
    if isinstance(control, Choice):
        return ipywidgets.Dropdown(description=control.label, options=control.options, value=control.start, **look)
    whole = all(isinstance(number, int) for number in control[1:])
    slider = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return slider(
        description=control.label, min=control.low, max=control.high, step=control.step, value=control.start, **look
    )


def _seed_field(start: int) -> Any:
    return ipywidgets.BoundedIntText(
        description="seed",
        min=0,
        max=9999,
        value=start,
        tooltip="A different seed gives different random numbers",
        layout={"width": "170px"},
    )


def _with_limits(control: Any) -> Any:
    if not hasattr(control, "min"):
        return control
    return ipywidgets.HBox([control, ipywidgets.HTML(f"from {control.min:g} to {control.max:g}")])
