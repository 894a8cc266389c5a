"""Running a scenario once, with given surprises; and something to call in it."""

from jobqueue_lesson.faults import Crash, Surprise
from jobqueue_lesson.world import World


def run(scenario, *surprises, **options):
    """Run a scenario with these surprises, and return its world."""
    world = World([Surprise(*surprise) for surprise in surprises], tell=True, **options)
    world.run(scenario)
    return world


def told(world, *, who=None):
    return [line.what for line in world.story if who in (None, line.who)]


def crash_points(scenario, fault=None):
    """Yield the world of a run for each step at which there can be a fault: a crash, if no other is given."""
    fault = fault or Crash(restart=None)
    steps = run(scenario).trouble.places[fault.where]
    assert steps
    for step in range(steps):
        yield run(scenario, (fault, step))


class Bell:
    """A queue, as far as a world needs one: something that can be called."""

    def __init__(self):
        self.rung = []

    def ring(self, what="x"):
        self.rung.append(what)
        return len(self.rung)
