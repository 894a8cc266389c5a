"""What tests ask of a PostgreSQL server of the course's."""

from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest

from jobqueue_lesson.postgres import server


@contextmanager
def private_server():
    """Start a server of the test's own, whatever DATABASE_URL says, and give its URL."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        with server() as url:
            yield url


def folder_of(url):
    """Return the folder that a private server lives in."""
    return Path(unquote(url.partition("host=")[2]))


def connects(url):
    """Say whether the server takes a connection."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
