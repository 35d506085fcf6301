"""A connector's world in tests: its folder of fixtures, a transport that plays them, a limiter that never waits."""

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import orjson
from contracts.common_parts import ParcelV1
from contracts.sync.v1 import ShippedLineV1
from pydantic import BaseModel
from sync.connectors.kit.canonical import Hooks
from sync.connectors.kit.connector import (
    Connector,
    Credentials,
    LabelRequest,
    StockLevel,
    UploadRequest,
    Window,
)
from sync.connectors.kit.http import Answer, Call, HTTPEdge, Meter
from sync.connectors.kit.manifest import Capability
from sync.connectors.kit.rate import Bucket, Taken

Json = dict[str, Any]


class FreeLimiter:
    """Grants everything, and remembers what the platform said of itself."""

    def __init__(self) -> None:
        self.blocked: list[float] = []
        self.corrected: list[tuple[float, float, float]] = []

    async def take(self, bucket: Bucket, *, cost: float, max_wait_seconds: float) -> Taken:
        """See Limiter."""
        return Taken(0.0, bucket.burst)

    async def correct(self, bucket: Bucket, *, available: float, rate: float, burst: float) -> None:
        """See Limiter."""
        self.corrected.append((available, rate, burst))

    async def block(self, bucket: Bucket, *, seconds: float) -> None:
        """See Limiter."""
        self.blocked.append(seconds)


class RecordingEdge(HTTPEdge):
    """The real edge, that remembers the calls it was given."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        super().__init__(transport=transport)
        self.calls: list[Call] = []

    async def send(self, call: Call, *, meter: Meter) -> Answer:
        """See HTTPEdge."""
        self.calls.append(call)
        return await super().send(call, meter=meter)


class Player(httpx2.AsyncBaseTransport):
    """Answers the steps of a scenario in their order and holds each request against the golden one."""

    def __init__(self, steps: list[Json], folder: Path, *, compare: bool = True) -> None:
        self._steps = steps
        self._folder = folder
        self._compare = compare
        self.at = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer the next step."""
        sent = as_sent(request)
        assert self.at < len(self._steps), f"one request too many: {sent['method']} {sent['url']}"
        step = self._steps[self.at]
        self.at += 1
        if self._compare:
            assert sent == step["request"]
        answer = step["response"]
        if "silence" in answer:
            raise httpx2.ReadTimeout("no answer", request=request)
        return httpx2.Response(answer.get("status", 200), headers=answer.get("headers"), content=self._body(answer))

    def _body(self, answer: Json) -> bytes:
        if "json" in answer:
            return orjson.dumps(answer["json"])
        if "file" in answer:
            return Path(self._folder, answer["file"]).read_bytes()
        return str(answer.get("text", "")).encode()


def as_sent(request: httpx2.Request) -> Json:
    """A request in the form of a golden file: the headers that we set, the JSON body read."""
    body = request.content
    headers = {name: value for name, value in request.headers.items() if name.startswith(("content-type", "x-"))}
    return {
        "method": request.method,
        "url": sent_url(request),
        "headers": headers,
        "body": orjson.loads(body) if body else None,
    }


def sent_url(request: httpx2.Request) -> str:
    """The address as it goes out: the edge hands the path with its query to the transport apart from the URL."""
    return str(request.url.join("/")).rstrip("/") + bytes(request.extensions["target"]).decode()


def plain(value: Any) -> Any:
    """A result in the form of a golden file."""
    match value:
        case BaseModel():
            return value.model_dump(mode="json", exclude_defaults=True)
        case datetime():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case tuple() | list() | frozenset():
            return [plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value):
            return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
        case _:
            return value


def arguments_of(method: str, given: Json) -> Json:
    """The arguments of a scenario as the port wants them."""
    arguments = dict(given)
    if "window" in arguments:
        since, until = arguments["window"]
        arguments["window"] = Window(datetime.fromisoformat(since), datetime.fromisoformat(until))
    if "request" in arguments and method == Capability.UPLOAD_TRACKING:
        form = arguments["request"]
        arguments["request"] = UploadRequest(
            platform_order_id=form["platform_order_id"],
            parcels=tuple(ParcelV1(**parcel) for parcel in form["parcels"]),
            lines=tuple(ShippedLineV1(**line) for line in form.get("lines", ())),
            notify_buyer=form.get("notify_buyer", False),
        )
    elif "request" in arguments:
        form = arguments["request"]
        arguments["request"] = LabelRequest(form["platform_order_id"], tuple(form.get("package_numbers", ())))
    if "levels" in arguments:
        arguments["levels"] = [StockLevel(**level) for level in arguments["levels"]]
    if isinstance(arguments.get("body"), str):
        arguments["body"] = arguments["body"].encode()
    return arguments


class World:
    """One connector's folder of fixtures."""

    def __init__(self, kind: type[Connector], folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.contract: Json = orjson.loads((folder / "contract.json").read_bytes())
        self.scenarios: dict[str, Json] = {
            path.stem: orjson.loads(path.read_bytes()) for path in sorted((folder / "request").glob("*.json"))
        }
        self.error_table: list[Json] = orjson.loads((folder / "errors" / "table.json").read_bytes())
        self.now = datetime.fromisoformat(self.contract["now"]).astimezone(UTC)

    def credentials(self) -> Credentials:
        """The store of the scenarios."""
        return Credentials.from_json(self.contract["credentials"])

    def settings(self) -> object:
        """The settings of the scenarios; lists in JSON are tuples in settings."""
        given = self.contract["settings"]
        return self.kind.settings_type(**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})

    def connector(
        self, transport: httpx2.AsyncBaseTransport, hooks: Hooks | None = None
    ) -> tuple[Any, RecordingEdge, FreeLimiter]:
        """A connector that talks to `transport` at a frozen time and never waits in place."""
        edge, limiter = RecordingEdge(transport), FreeLimiter()
        build: Callable[..., Connector] = self.kind
        connector = build(
            self.settings(),
            http=edge,
            limiter=limiter,
            hooks=hooks or Hooks(),
            clock=lambda: self.now,
            max_wait_seconds=0.0,
        )
        return connector, edge, limiter

    async def play(
        self, scenario: Json, *, steps: list[Json] | None = None, compare: bool = True, hooks: Hooks | None = None
    ) -> Any:
        """Run a scenario and return what the method returned."""
        steps = scenario["steps"] if steps is None else steps
        player = Player(steps, self.folder, compare=compare)
        connector, _, _ = self.connector(player, hooks)
        result = await self.call(connector, scenario)
        assert player.at == len(steps), f"{player.at} of {len(steps)} requests were made"
        return result

    async def call(self, connector: Any, scenario: Json, *, progress: object = None) -> Any:
        """Call the method of a scenario."""
        method = scenario["method"]
        arguments = arguments_of(method, scenario["arguments"])
        if progress is not None:
            arguments["progress"] = progress
        if method in ("authorize_url", "read_webhook"):
            return getattr(connector, method)(**arguments)
        first = arguments.pop("params") if method == "exchange_code" else self.credentials()
        return await getattr(connector, method)(first, **arguments)

    def writes(self) -> Iterator[tuple[str, int]]:
        """Each step of each scenario that changes something on the platform."""
        for name, scenario in self.scenarios.items():
            for index, step in enumerate(scenario["steps"]):
                if step.get("writes"):
                    yield name, index

    def with_orders(self, change: Callable[[list[Any]], None]) -> Json:
        """The page scenario with its orders changed in place."""
        where = self.contract["orders"]
        scenario = copy.deepcopy(self.scenarios[where["scenario"]])
        step = scenario["steps"][where["step"]]
        answer = step["response"]
        if "file" in answer:
            answer["json"] = orjson.loads((self.folder / answer.pop("file")).read_bytes())
        orders = answer["json"]
        for key in where["path"]:
            orders = orders[key]
        change(orders)
        return scenario


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value inside, objects and lists included."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from leaves(item, (*path, key))


def replace_at(value: Any, path: tuple[str | int, ...], item: Any) -> None:
    """Put `item` at `path`."""
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = item


def silent(steps: list[Json], index: int) -> list[Json]:
    """The steps up to `index`, whose answer is lost."""
    return [*steps[:index], {**steps[index], "response": {"silence": True}}]
