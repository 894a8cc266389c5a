"""The two colours that a picture takes from its page, and two that look like them and do not change."""

INK = "#1a1a1a"
PAPER = "#ffffff"
"""In a dark page, a picture has the page's ink and ground instead: see `pictures`."""

ON_PALE = "#1a1a1b"
ON_DARK = "#fffffe"
"""Words on a mark's own colour, which is the same in every page, and so are they. They are off ink and paper by one."""
