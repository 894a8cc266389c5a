"""Queues with one fault each, as people write them. A test plays them all to the judge."""

from tests.support.faults import handing_out, keeping_keys, lasting, retrying, telling, waking
from tests.support.faults.planting import FAULTS

__all__ = ["FAULTS", "handing_out", "keeping_keys", "lasting", "retrying", "telling", "waking"]
