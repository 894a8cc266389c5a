"""Kill workers, freeze them and kill their server while jobs run, and check that no job is lost, stuck or done twice.

    python -m benchmarks.torture sqlite [--jobs 100000] [--seconds 60]
    python -m benchmarks.torture engine [storm frozen quiet crashes keys]

An assertion fails if one is; otherwise the figures are printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jobqueue_lesson.engine import server

from . import engine, sqlite


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.torture", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    disk = kinds.add_parser("sqlite", help="the queue on disk: worker processes are killed at random")
    disk.add_argument("--jobs", type=int, default=100_000)
    disk.add_argument("--seconds", type=float, default=60.0, help="how long to go on killing (default: 60)")
    disk.add_argument("--every", type=float, default=0.05, help="seconds between two kills (default: 0.05)")
    disk.add_argument("--start-method", choices=sqlite.STARTS, default=sqlite.STARTS[0])
    trials = kinds.add_parser("engine", help="the engine on PostgreSQL: workers killed and frozen, the server killed")
    trials.add_argument("trials", nargs="*", metavar="trial", help=f"of {', '.join(engine.TRIALS)} (default: all)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        if options.kind == "sqlite":
            figures = {name: value for name, value in vars(options).items() if name != "kind"}
            print(sqlite.run(Path(folder, "torture.db"), **figures))
            return 0
        if unknown := set(options.trials) - engine.TRIALS.keys():
            trials.error(f"no such trial: {', '.join(sorted(unknown))}; there are {', '.join(engine.TRIALS)}")
        with server() as url:
            for name in options.trials or engine.TRIALS:
                print(f"{name}: {engine.TRIALS[name](url, Path(folder))}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
