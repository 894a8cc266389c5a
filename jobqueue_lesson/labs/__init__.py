"""What the pages have to play with: the panels, and the questions of the cards. One module a page, named like it."""
