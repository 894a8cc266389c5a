"""What tests ask of a PostgreSQL server of the course's."""

from pathlib import Path
from urllib.parse import unquote

import psycopg


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
