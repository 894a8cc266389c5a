"""What a run of the tests has for itself, how its workers share the work, and that nothing of it is left.

A run has a folder for temporary files, and every process that it starts inherits the folder's name: so it can look for
what is left of it, and finds nothing of anybody else's.
"""

import atexit
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import nbval.kernel
import pytest
from hypothesis import settings

# --- a folder of its own ---

RUN = "JOBQUEUE_LESSON_TEST_RUN"
BEGUN_HERE = RUN not in os.environ  # and not by the run whose worker this is

if BEGUN_HERE:
    # Where pytest keeps what failed, to be looked at.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    os.environ[RUN] = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="run-")
    os.chmod(os.environ[RUN], 0o711)  # when root runs the tests, PostgreSQL runs as somebody else
    atexit.register(shutil.rmtree, os.environ[RUN], ignore_errors=True)
    tempfile.tempdir = None
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job, and in all that it starts
        signal.signal(signal.SIGINT, signal.default_int_handler)

# What is solved in this folder must not change what the notebooks print.
SOLVED = Path(tempfile.mkdtemp(), "solved.json")
os.environ["JOBQUEUE_LESSON_SOLVED"] = str(SOLVED)

# Nor must the program in which the tests are run.
for sign in ("COLAB_RELEASE_TAG", "JPY_SESSION_NAME", "TERM_PROGRAM", "VSCODE_CWD", "VSCODE_PID"):
    os.environ.pop(sign, None)


def pytest_runtest_teardown(item, nextitem):
    """Let no file's tests find what another's have solved."""
    if nextitem is None or nextitem.path != item.path:
        SOLVED.unlink(missing_ok=True)


# --- generated examples: always the same, and searched for new ones every week, by `make test-search` ---

settings.register_profile("ci", derandomize=True, print_blob=True, deadline=None, database=None)
settings.register_profile("search", derandomize=False, print_blob=True, deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "ci")


# --- side by side ---

# The longest first, so that no worker has one of them to itself in the end.
LONGEST = (
    "test_wheel",
    "test_pyodide",
    "test_exercises",
    "test_replay",
    "test_website",
    "test_book",
    "test_site",
    "test_present",
    "test_jupyterlab",
    "test_accessibility",
    "test_coming_back",
    "test_alive",
    "test_slides",
    "test_progress",
    "test_labs",
    "11_production_engine",
)
TOGETHER = ("tests/engine/", "tests/producer/")  # folders whose tests share a server, and processes connected to it
BUILT = {"book", "site", "wheel"}  # fixtures that take long


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Tests wait a lot, above all for browsers: more of them than there are processors."""
    return min((os.cpu_count() or 1) + 2, 8)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give the tests of a file, or of a folder, to one worker, in their order; what they share is made once."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def add_node_collection(self, node, collection):
            # schemathesis gives the tests of all addresses one name, of which only the first would be run
            met = Counter()
            numbered = [(name, met.update([name]) or met[name]) for name in collection]
            super().add_node_collection(node, [name if n == 1 else f"{name} ({n})" for name, n in numbered])

        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            if file.endswith("test_jupyterlab.py"):
                return nodeid.partition("[")[2] or file
            return next((folder for folder in TOGETHER if file.startswith(folder)), file)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(config, items):
    """Mark what needs something built, and put the longest files first where workers share them."""
    for item in items:
        if BUILT & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    if hasattr(config, "workerinput"):
        turn = {name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: turn.get(item.path.stem, len(turn)))


# --- kernels ---


def start_kernel(*arguments, start=nbval.kernel.start_new_kernel, **options):
    """Start a notebook's kernel; if another process has taken one of its ports, again, with others.

    jupyter_client looks for free ports, and the kernel opens them later. A kernel that finds one taken dies at once.
    """
    try:
        return start(*arguments, **options)
    except RuntimeError as error:
        if "Kernel died before replying" not in str(error):
            raise
        return start(*arguments, **options)


nbval.kernel.start_new_kernel = start_kernel


def execute_cell(kernel, source, allow_stdin=None):
    """Run a cell as JupyterLab does: it gets a number, by which the course names it, as in "cell 5, line 2"."""
    return kernel.kc.execute(source, allow_stdin=allow_stdin, stop_on_error=False)


nbval.kernel.RunningKernel.execute_cell_input = execute_cell


# --- nothing is left ---

# These, and the first one's socket, this process keeps until its end.
HELPERS = (b"multiprocessing.forkserver", b"multiprocessing.resource_tracker")


def left_over():
    """Name what still runs, but for this process, and the sockets that are still there."""
    run = os.environ[RUN]
    mark = f"{RUN}={run}".encode()
    inside = (Path(folder, name) for folder, _, names in os.walk(run) for name in names)  # while it is being removed
    found = [str(path) for path in inside if path.is_socket() and not path.match("pymp-*/listener-*")]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
            if command and mark in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                found += [f"{folder.name}: {command.decode(errors='replace')}"] * (
                    not any(h in command for h in HELPERS)
                )
        except OSError:  # it has ended meanwhile, or belongs to somebody else
            continue
    return found


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """Count it as an error if a process or a socket of this run is left after all workers have ended."""
    if not BEGUN_HERE or not sys.platform.startswith("linux"):
        return
    give_up = time.monotonic() + 8
    while (left := left_over()) and time.monotonic() < give_up:
        time.sleep(0.05)
    if left:
        what = "\n".join(["left by the tests:", *left])
        report = pytest.TestReport(
            "nothing-is-left", ("conftest.py", None, "nothing-is-left"), {}, "failed", what, "teardown"
        )
        session.config.hook.pytest_runtest_logreport(report=report)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
