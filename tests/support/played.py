"""What the pages have to play with, all of it: their cards' questions and their panels."""

import pkgutil
from importlib import import_module

from jobqueue_lesson import labs

PAGES = {
    module.name: import_module(f"{labs.__name__}.{module.name}")
    for module in pkgutil.iter_modules(labs.__path__)
    if module.name not in ("panel", "positions")
}
"""The modules of `labs`, by page."""

QUESTIONS = {name: question for page in PAGES.values() for name, question in page.QUESTIONS.items()}
REMEMBER = {
    f"{page}/{name}": question
    for page, module in PAGES.items()
    for name, question in getattr(module, "REMEMBER", {}).items()
}
"""The questions about earlier pages, by page and name."""
PANELS = {
    name.removesuffix("_lab"): make
    for page in PAGES.values()
    for name, make in vars(page).items()
    if name.endswith("_lab")
}
"""What makes a panel, by the name of its plain function."""
