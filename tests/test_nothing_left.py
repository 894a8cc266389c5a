"""After all other tests but those in the browser: no process and no server's folder of theirs is left."""

import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

# A mark of this session, which every process that a test starts inherits; see conftest.py at the top.
MARK = f"JOBQUEUE_LESSON_SOLVED={os.environ['JOBQUEUE_LESSON_SOLVED']}".encode()
OUR_OWN = (b"multiprocessing.forkserver", b"multiprocessing.resource_tracker")


def left_over():
    """Return the command lines of what still runs, but for this process and the helpers it keeps until its end."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            if command and MARK in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                found += [command.replace(b"\0", b" ")] * (not any(own in command for own in OUR_OWN))
        except OSError:  # it has ended meanwhile, or belongs to somebody else
            continue
    return found


def abandoned():
    """Return the folders of servers that nobody uses any more."""
    import fcntl

    found = []
    for path in Path(tempfile.gettempdir()).glob("jobqueue-*/in-use"):
        with suppress(OSError), path.open("rb") as lock:  # of another session, whose server still runs
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found.append(str(path.parent))
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_no_process_and_no_folder_is_left():
    give_up = time.monotonic() + 5
    while left_over() and time.monotonic() < give_up:
        time.sleep(0.05)
    assert left_over() == []
    assert abandoned() == []
