"""`python -m tools.book`."""

import sys

from . import main

sys.exit(main(sys.argv[1:]))
