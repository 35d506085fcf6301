"""Runs the application on uvicorn, with the connection within reach so that it can be cut."""

from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.app import TRANSPORT, SandboxApp


class CuttableProtocol(HttpToolsProtocol):
    """Puts the connection's transport into the scope of every request."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # uvicorn's typed dictionary has no room for extensions of ours
        scope["extensions"] = {TRANSPORT: self.transport}


def make_server(app: SandboxApp, *, host: str, port: int) -> uvicorn.Server:
    """Return a server that is ready to run."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=CuttableProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=60,
        server_header=False,
        date_header=False,
    )
    return uvicorn.Server(config)
