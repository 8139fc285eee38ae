"""The commands that start the assistant: serve the page, or let it show itself once."""

import asyncio
import sys
from pathlib import Path

import click

from earwitness import build, demo
from earwitness.cli.options import HOME, out
from earwitness.config import Settings


@click.command()
@click.option("--host", help="Address to listen on; anything but loopback is served by TLS 1.3 alone.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one.")
@HOME
@click.pass_obj
def run(settings: Settings, host: str | None, port: int | None, home_file: Path | None) -> None:
    """Serve the page where you talk to it."""
    with build.House(settings, home_file=home_file) as house:
        asyncio.run(build.serve(house, host=host, port=port, say=out.print))


@click.command(name="demo")
@click.option("--text", default=demo.COMMAND, show_default=True, help="What the voice says after the wake word.")
@click.pass_obj
def demo_command(settings: Settings, text: str) -> None:
    """Let one voice speak a command aloud into the whole chain, and show the turn as it happens."""
    with build.House(settings, is_passing=True) as house:
        turn = asyncio.run(demo.show(house, text=text, say=out.print))
    if turn.outcome.value not in ("done", "answered"):
        sys.exit(1)
