# Everything happens in a virtual environment of this folder's own, .venv, made on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LAB_ARGS ?=
PAGE ?= 00_start_here
PYTEST_ARGS ?=
SITE_ARGS ?=
PIP_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help lab edit doctor test test-quick test-search check links notebooks pictures slides present editions book site bench torture \
  test-newest test-lowest clean

help:  ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab: $(VENV)/course  ## set up, and open the course in JupyterLab: copies of your own, in my-course
	$(BIN)/python -m jobqueue_lesson open my-course $(LAB_ARGS)

edit: $(VENV)/course  ## open the course's own pages in JupyterLab, to change the course
	$(BIN)/jupyter lab notebooks/00_start_here.ipynb --LabApp.default_url=/lab/tree/00_start_here.ipynb $(LAB_ARGS)

doctor: $(VENV)/course  ## check this machine: what is missing, and the command that fixes it
	$(BIN)/python -m jobqueue_lesson doctor

test: $(VENV)/test $(VENV)/book $(VENV)/deck $(VENV)/lite $(VENV)/npm  ## set up, and run all tests: the package, the browser, every output of every notebook
	$(BIN)/python -m tools.run_tests $(PYTEST_ARGS)

test-quick: $(VENV)/test  ## while you work, under a minute: the package, and the notebooks that have changed
	$(BIN)/python -m tools.run_tests --quick $(PYTEST_ARGS)

test-search: $(VENV)/test  ## search for new examples that make a generated test fail; so does CI, every week
	$(BIN)/python -m tools.run_tests --search $(PYTEST_ARGS)

check: $(VENV)/check $(VENV)/test $(VENV)/book $(VENV)/bench $(VENV)/npm  ## lint code and notebooks, check types, spelling, links inside the repository, and that notebooks are saved clean
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/node node_modules/.bin/biome check --error-on-warnings
	$(BIN)/typos
	$(BIN)/lychee --offline .
	$(BIN)/python -m tools.notebooks check

links: $(VENV)/check  ## check the links that lead out of the repository as well; so does CI, every week
	$(BIN)/lychee .

notebooks: $(VENV)/test  ## re-run all notebooks and save their outputs, and what is made from them: minutes, glossary
	$(BIN)/python -m tools.picture
	$(BIN)/python -m tools.notebooks run
	$(BIN)/python -m tools.minutes --write
	$(BIN)/python -m tools.objectives --write
	$(BIN)/python -m tools.glossary
	$(BIN)/python -m tools.notebooks check

pictures: $(VENV)/test  ## draw the README's pictures, the one that moves and the one that does not
	$(BIN)/python -m tools.picture
	$(BIN)/python -m tools.moving_picture

slides: $(VENV)/course $(VENV)/npm  ## write the slides to build/slides: reveal.js decks that need no network
	$(BIN)/python -m tools.slides

present: $(VENV)/course $(VENV)/deck  ## present a page live, with widgets on the slides: make present PAGE=04_retries
	$(BIN)/python -m tools.present $(PAGE) $(LAB_ARGS)

editions: $(VENV)/course  ## write the zips to hand out, the learner's and the instructor's, to build/editions
	$(BIN)/python -m tools.handouts

book: $(VENV)/book  ## build the book in build/book: the pages to read anywhere, with replays that play
	$(BIN)/python -m tools.panels
	$(BIN)/python -m tools.book

site: $(VENV)/book $(VENV)/lite $(if $(PYODIDE),,$(VENV)/npm)  ## build the web site in build/site, the book and in it JupyterLite; PYODIDE=folder puts Pyodide in it
	$(BIN)/python -m tools.website $(if $(PYODIDE),--pyodide "$(PYODIDE)") $(SITE_ARGS)

bench: $(VENV)/test $(VENV)/bench  ## measure, as ratios against peers, and write the table to benchmarks/README.md
	$(BIN)/python -m benchmarks --write

torture: $(VENV)/test  ## kill workers, freeze them, kill the server: 100,000 jobs on SQLite, then the engine; some minutes
	$(BIN)/python -m benchmarks.torture sqlite
	$(BIN)/python -m benchmarks.torture engine

test-newest:  ## run all tests on the newest versions there are, in an environment of their own, .venv-newest
	rm -rf $(addprefix .venv-newest/,course test book deck lite web)
	$(MAKE) test VENV=.venv-newest PIP_ARGS='--upgrade --upgrade-strategy eager'

test-lowest: .venv-lowest/constraints.txt  ## run all tests on the lowest versions that are promised, in .venv-lowest
	$(MAKE) test VENV=.venv-lowest PIP_ARGS='--constraint .venv-lowest/constraints.txt'

clean:  ## remove the virtual environments and all caches
	rm -rf $(VENV) .venv-newest .venv-lowest node_modules build .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
	find . -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

# What is installed is noted in a file a set of dependencies: made last, so that a failed install leaves none.
$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "The course needs Python 3.11 or newer; this is $$($(PYTHON) --version 2>&1). Say which: make PYTHON=python3.13 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; rm -rf $(VENV); exit 1; }
	@echo '{}' > $(VENV)/package.json  # or node takes JupyterLab's scripts for modules, as package.json says of ours
	@touch $@

$(VENV)/course: pyproject.toml | $(VENV)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --editable .
	@touch $@

# pip knows dependency groups since 25.1, and a new environment has the pip that its Python came with, which may be older.
# This takes about three seconds, once, and only where development tools are installed.
$(VENV)/pip: | $(VENV)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@touch $@

$(VENV)/test $(VENV)/check $(VENV)/bench $(VENV)/book $(VENV)/web: pyproject.toml | $(VENV)/course $(VENV)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --group $(@F)
	@touch $@

# Apart from the rest: JupyterLab would load the extensions in it for learners too, and one is not made for it at all.
$(VENV)/deck: APART := --no-deps
$(VENV)/deck $(VENV)/lite: pyproject.toml | $(VENV)/course $(VENV)/pip
	rm -rf $@
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) $(APART) --target $@ --group $(@F)
	@touch $@

$(VENV)/npm: package.json | $(VENV)/web
	PATH="$(CURDIR)/$(BIN):$$PATH" npm install --silent --no-package-lock
	@touch $@

.venv-lowest/constraints.txt: pyproject.toml tools/lowest.py tools/paths.py
	mkdir -p $(@D)
	$(PYTHON) -m tools.lowest > $@.new
	mv $@.new $@
