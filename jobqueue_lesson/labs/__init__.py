"""The pages' panels, and the questions of their cards: one module per page, with the page's name."""
