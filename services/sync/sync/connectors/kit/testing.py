"""The contract that every connector passes, inherited whole: `TestShopee = connector_contract(ShopeeConnector, ...)`.

Tests are data, in the connector's folder: `contract.json` (settings, credentials, secrets, statuses), `request/*.json`
(what a method sends, step by step, and what it makes of the answers), `errors/table.json` (answers and what they mean).
"""

import copy
import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from contracts.common_parts import ParcelV1
from contracts.sync.v1 import PlatformStatusV1, ShippedLineV1
from pydantic import BaseModel
from structlog.testing import capture_logs

from sync.connectors.kit import errors
from sync.connectors.kit.canonical import Hooks
from sync.connectors.kit.connector import (
    Connector,
    Credentials,
    LabelRequest,
    OrderPage,
    StockLevel,
    UploadRequest,
    Window,
)
from sync.connectors.kit.http import Answer, Call, HTTPEdge, Meter
from sync.connectors.kit.manifest import Capability
from sync.connectors.kit.rate import Bucket, Taken

Json = dict[str, Any]
_READ_BACK = frozenset({Capability.FETCH_LABEL, Capability.UPLOAD_TRACKING})
_ALWAYS = frozenset({"authorize_url", "exchange_code", "pull_page", "pull_orders"})


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


def connector_contract(kind: type[Connector], *, fixtures: Path) -> type:
    """The test class of one connector."""
    world = World(kind, fixtures)

    class Contract:
        """What every connector promises."""

        def test_capabilities_are_the_methods_overridden(self) -> None:
            overridden = {each for each in Capability if getattr(kind, each) is not getattr(Connector, each)}
            assert overridden == kind.manifest.capabilities

        def test_every_method_has_a_golden_scenario(self) -> None:
            covered = {scenario["method"] for scenario in world.scenarios.values()}
            assert covered >= _ALWAYS | kind.manifest.capabilities

        @pytest.mark.parametrize("name", world.scenarios)
        async def test_scenario(self, name: str) -> None:
            scenario = world.scenarios[name]
            expected = scenario.get("raises")
            if expected is None:
                assert plain(await world.play(scenario)) == scenario["returns"]
                return
            with pytest.raises(errors.ConnectorError) as caught:
                await world.play(scenario)
            assert described(caught.value, expected) == expected

        @pytest.mark.parametrize("row", world.error_table, ids=lambda row: row["about"])
        async def test_error_table(self, row: Json) -> None:
            scenario = world.scenarios[row["scenario"]]
            step = row.get("step", 0)
            steps = [*scenario["steps"][:step], {**scenario["steps"][step], "response": row["response"]}]
            with pytest.raises(errors.ConnectorError) as caught:
                await world.play(scenario, steps=steps)
            assert described(caught.value, row["raises"]) == row["raises"]

        def test_every_error_code_of_the_manifest_is_in_the_table(self) -> None:
            tested = {row["code"] for row in world.error_table if "code" in row}
            assert tested == set(kind.manifest.errors)

        @pytest.mark.parametrize(("name", "index"), list(world.writes()))
        async def test_a_write_without_an_answer_is_unknown_and_read_back(self, name: str, index: int) -> None:
            scenario = world.scenarios[name]
            player = Player(silent(scenario["steps"], index), fixtures)
            connector, _, _ = world.connector(player)
            with pytest.raises(errors.OutcomeUnknown) as caught:
                await world.call(connector, scenario)
            if scenario["method"] not in _READ_BACK:
                return
            stop = {"response": {"silence": True}}
            connector, edge, _ = world.connector(Player([stop], fixtures, compare=False))
            with pytest.raises(errors.Transient):
                await world.call(connector, scenario, progress=caught.value.progress)
            assert [call.writes for call in edge.calls] == [False]

        async def test_a_read_without_an_answer_is_transient(self) -> None:
            scenario = world.scenarios[world.contract["orders"]["scenario"]]
            with pytest.raises(errors.Transient):
                await world.play(scenario, steps=silent(scenario["steps"], 0))

        def test_pages_resume_from_any_cursor(self) -> None:
            # Each page is played by a connector of its own (test_scenario), so all a page needs is its cursor.
            pages = [world.scenarios[name] for name in world.contract["pages"]]
            cursors = [page["arguments"].get("cursor") for page in pages]
            assert len(pages) > 1
            assert [*cursors[1:], None] == [page["returns"]["next_cursor"] for page in pages]
            assert cursors[0] is None
            assert len(set(cursors)) == len(cursors)
            ids = [order["platform_order_id"] for page in pages for order in page["returns"]["orders"]]
            assert len(set(ids)) == len(ids)

        @pytest.mark.parametrize("cursor", ["", "%%%", "bnVsbA", "e30", "WzFd"])
        async def test_a_foreign_cursor_is_refused(self, cursor: str) -> None:
            scenario = copy.deepcopy(world.scenarios[world.contract["pages"][0]])
            scenario["arguments"]["cursor"] = cursor
            with pytest.raises(errors.Refused, match="start the run again") as caught:
                await world.play(scenario, steps=[])
            assert caught.value.final

        async def test_a_malformed_order_is_parked_and_its_neighbours_pass(self) -> None:
            kept: list[Any] = []
            whole: OrderPage = await world.play(world.with_orders(kept.extend), compare=False)
            first = whole.orders[0]
            parked = 0
            for path in leaves(kept[0]):

                def damage(orders: list[Any], path: tuple[str | int, ...] = path) -> None:
                    replace_at(orders[0], path, {"unexpected": []})

                page: OrderPage = await world.play(world.with_orders(damage), compare=False)
                neighbours = [order for order in page.orders if order.platform_order_id != first.platform_order_id]
                assert tuple(neighbours[-len(whole.orders) + 1 :]) == whole.orders[1:], path
                assert len(page.parked) in (len(whole.parked), len(whole.parked) + 1, len(whole.parked) + 2), path
                assert all(each.reason for each in page.parked), path
                parked += len(page.parked) > len(whole.parked)
            assert parked > 10

        async def test_an_order_that_is_no_object_is_parked(self) -> None:
            def damage(orders: list[Any]) -> None:
                orders.insert(0, "nonsense")

            page: OrderPage = await world.play(world.with_orders(damage), compare=False)
            assert page.orders
            assert b'"nonsense"' in [each.raw for each in page.parked]

        async def test_unlisted_fields_are_counted(self) -> None:
            seen: list[tuple[str, str]] = []
            hooks = Hooks(unlisted_field=lambda platform, path: seen.append((platform, path)))

            def extend(orders: list[Any]) -> None:
                orders[0]["brandNewField"] = 1

            await world.play(world.with_orders(extend), compare=False, hooks=hooks)
            assert seen == [(kind.manifest.platform, "brandNewField")]

        async def test_an_unlisted_status_is_unknown_and_reported(self) -> None:
            seen: list[tuple[str, str]] = []
            hooks = Hooks(unknown_status=lambda platform, word: seen.append((platform, word)))

            def rename(orders: list[Any]) -> None:
                replace_at(orders[0], tuple(world.contract["status_path"]), "ABDUCTED")

            page: OrderPage = await world.play(world.with_orders(rename), compare=False, hooks=hooks)
            assert page.orders[0].status is PlatformStatusV1.UNKNOWN
            assert "ABDUCTED" in page.orders[0].raw_status
            assert [platform for platform, word in seen if "ABDUCTED" in word] == [kind.manifest.platform]

        def test_the_status_table_is_total(self) -> None:
            assert {word: status.value for word, status in kind.manifest.statuses.items()} == world.contract["statuses"]

        async def test_secrets_stay_secret(self, caplog: pytest.LogCaptureFixture) -> None:
            shown: list[str] = [repr(world.settings()), repr(world.credentials())]
            with capture_logs() as logs, caplog.at_level(logging.DEBUG):
                for scenario in world.scenarios.values():
                    for index in range(len(scenario["steps"])):
                        player = Player(silent(scenario["steps"], index), fixtures)
                        connector, edge, _ = world.connector(player)
                        with pytest.raises(errors.ConnectorError) as caught:
                            await world.call(connector, scenario)
                        shown += [repr(caught.value), str(caught.value), repr(edge.calls)]
                    if "raises" not in scenario:
                        shown.append(repr(await world.play(scenario)))
                for row in world.error_table:
                    shown.append(str(row["raises"]))
            shown += [repr(logs), caplog.text]
            assert world.contract["secrets"]
            for secret in world.contract["secrets"]:
                assert not [text for text in shown if secret in text]

    return Contract


def described(error: errors.ConnectorError, expected: Json) -> Json:
    """The error in the form of a golden file, as far as that speaks of it."""
    found = {"type": type(error).__name__, **{key: getattr(error, key, None) for key in expected if key != "type"}}
    return {key: plain(value) for key, value in found.items()}
