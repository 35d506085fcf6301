"""A stand-in for a service and the sandbox: answers its health, and fails on command as real ones do."""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        settings = {name: value for name, value in os.environ.items() if name.startswith("ORDERDOCK_")}
        body = json.dumps({"pid": os.getpid(), "settings": settings}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def serve(port: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on {port}", flush=True)
    server.serve_forever()
    server.server_close()
    print("stopped cleanly", flush=True)


def main(service: str, role: str, rest: list[str]) -> int:
    match role:
        case "migrate":
            if service == os.environ.get("FAKE_MIGRATION_FAILS"):
                print("column does not exist")
                return 1
            print(f"migrated {service}")
        case "check":
            print(f"{service} is right about {rest}")
        case "wrong-settings":
            print("ORDERDOCK_DATABASE_URL: field required", flush=True)
            return 78
        case "dies":
            print("boom", flush=True)
            return 3
        case "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            Path(rest[0]).write_text(str(os.getpid()))
            signal.pause()
        case "--host":
            serve(int(rest[rest.index("--port") + 1]))
        case _:
            serve(int(os.environ["ORDERDOCK_PORT"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
