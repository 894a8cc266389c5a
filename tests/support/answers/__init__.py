"""Answers that people give to the exercises: right ones, and wrong ones with the words that must name their fault.

One module per page, with the page's name. An answer is a function or a value. Each wrong one is a pair: the answer, and
words that the check must use for what it saw or expected.
"""

from importlib import import_module
from pkgutil import iter_modules

RIGHT = {}
WRONG = {}

for page in iter_modules(__path__):
    module = import_module(f"{__name__}.{page.name}")
    RIGHT |= module.RIGHT
    WRONG |= module.WRONG
