"""The three handlers of the course's product: written on page 3, and unchanged since.

Their sleeps stand in for the slow part: the mail server, the pixels, the database.
"""

from __future__ import annotations

import asyncio
from typing import Any


async def send_email(data: dict[str, Any]) -> dict[str, Any]:
    """Send an e-mail to `data["to"]`."""
    await asyncio.sleep(0.010)
    return {"sent": True, "to": data["to"]}


async def resize_image(data: dict[str, Any]) -> dict[str, Any]:
    """Resize an image to `data["size"]`."""
    await asyncio.sleep(0.020)
    return {"resized": True, "size": data["size"]}


async def generate_report(data: dict[str, Any]) -> dict[str, Any]:
    """Generate a report in `data["format"]`."""
    await asyncio.sleep(0.030)
    return {"pages": 5, "format": data["format"]}


HANDLERS = {
    "send-email": send_email,
    "resize-image": resize_image,
    "generate-report": generate_report,
}
