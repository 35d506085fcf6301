"""`python -m sandbox --host 127.0.0.1 --port 8410 [--journal FILE]`."""

import logging
import time
from pathlib import Path
from typing import Annotated

import typer

from sandbox.app import SandboxApp
from sandbox.journal import BrokenJournal, Journal
from sandbox.serve import make_server
from sandbox.world import World


def main(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8410,
    journal: Annotated[Path | None, typer.Option(help="File that keeps every effect; replayed at start.")] = None,
    public_url: Annotated[str, typer.Option(help="How others reach this process; default http://host:port.")] = "",
) -> None:
    """Serve Shopify, Shopee, WMS warehouses and the control API."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    log = logging.getLogger("sandbox")
    kept = Journal(journal) if journal else None
    world = World(public_url=public_url or f"http://{host}:{port}", journal=kept)
    if kept is not None:
        begin = time.monotonic()
        try:
            count = kept.replay(world)
        except (BrokenJournal, OSError) as err:
            typer.echo(f"The journal is refused: {err}", err=True)
            raise typer.Exit(2) from err
        log.info("journal_replayed effects=%d seconds=%.2f", count, time.monotonic() - begin)
    log.info("sandbox_listening url=%s", world.public_url)
    try:
        make_server(SandboxApp(world), host=host, port=port).run()
    finally:
        if kept is not None:
            kept.close()


if __name__ == "__main__":
    typer.run(main)
