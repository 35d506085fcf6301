"""The contract that every connector passes, inherited whole: `TestShopee = connector_contract(ShopeeConnector, ...)`.

Tests are data, in the connector's folder: `contract.json` (settings, credentials, secrets, statuses), `request/*.json`
(what a method sends, step by step, and what it makes of the answers), `errors/table.json` (answers and what they mean).
"""

import copy
import logging
from pathlib import Path
from typing import Any, ClassVar

import pytest
from contracts.sync.v1 import PlatformStatusV1
from structlog.testing import capture_logs
from sync.connectors.kit import errors
from sync.connectors.kit.canonical import Hooks
from sync.connectors.kit.connector import Connector, OrderPage
from sync.connectors.kit.manifest import Capability

from .playing import Json, Player, World, leaves, plain, replace_at, silent

READ_BACK = frozenset({Capability.FETCH_LABEL, Capability.UPLOAD_TRACKING})
ALWAYS = frozenset({"authorize_url", "exchange_code", "pull_page", "pull_orders"})


class Contract:
    """What every connector promises."""

    world: ClassVar[World]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test a scenario, a row of the error table, a write."""
        match metafunc.function.__name__:
            case "test_scenario":
                metafunc.parametrize("name", list(self.world.scenarios))
            case "test_error_table":
                metafunc.parametrize("row", self.world.error_table, ids=lambda row: row["about"])
            case "test_a_write_without_an_answer_is_unknown_and_read_back":
                metafunc.parametrize(("name", "index"), list(self.world.writes()))
            case _:
                pass

    def test_capabilities_are_the_methods_overridden(self) -> None:
        """The manifest claims what the code does, no more and no less."""
        overridden = {each for each in Capability if getattr(self.world.kind, each) is not getattr(Connector, each)}
        assert overridden == self.world.kind.manifest.capabilities

    def test_every_method_has_a_golden_scenario(self) -> None:
        """No request goes out that nobody has looked at."""
        covered = {scenario["method"] for scenario in self.world.scenarios.values()}
        assert covered >= ALWAYS | self.world.kind.manifest.capabilities

    async def test_scenario(self, name: str) -> None:
        """Each request equals the golden one, and so does what is made of the answers."""
        scenario = self.world.scenarios[name]
        expected = scenario.get("raises")
        if expected is None:
            assert plain(await self.world.play(scenario)) == scenario["returns"]
            return
        with pytest.raises(errors.ConnectorError) as caught:
            await self.world.play(scenario)
        assert described(caught.value, expected) == expected

    async def test_error_table(self, row: Json) -> None:
        """An answer means what the table says."""
        scenario = self.world.scenarios[row["scenario"]]
        step = row.get("step", 0)
        steps = [*scenario["steps"][:step], {**scenario["steps"][step], "response": row["response"]}]
        with pytest.raises(errors.ConnectorError) as caught:
            await self.world.play(scenario, steps=steps)
        assert described(caught.value, row["raises"]) == row["raises"]

    def test_every_error_code_of_the_manifest_is_in_the_table(self) -> None:
        """No code is mapped without a test."""
        tested = {row["code"] for row in self.world.error_table if "code" in row}
        assert tested == set(self.world.kind.manifest.errors)

    async def test_a_write_without_an_answer_is_unknown_and_read_back(self, name: str, index: int) -> None:
        """After silence the next run begins with a read."""
        scenario = self.world.scenarios[name]
        player = Player(silent(scenario["steps"], index), self.world.folder)
        connector, _, _ = self.world.connector(player)
        with pytest.raises(errors.OutcomeUnknown) as caught:
            await self.world.call(connector, scenario)
        if scenario["method"] not in READ_BACK:
            return
        stop = {"response": {"silence": True}}
        connector, edge, _ = self.world.connector(Player([stop], self.world.folder, compare=False))
        with pytest.raises(errors.Transient):
            await self.world.call(connector, scenario, progress=caught.value.progress)
        assert [call.writes for call in edge.calls] == [False]

    async def test_a_read_without_an_answer_is_transient(self) -> None:
        """A lost read costs time only."""
        scenario = self.world.scenarios[self.world.contract["orders"]["scenario"]]
        with pytest.raises(errors.Transient):
            await self.world.play(scenario, steps=silent(scenario["steps"], 0))

    def test_pages_resume_from_any_cursor(self) -> None:
        """A run goes on from a stored cursor, in another process."""
        # Each page is played by a connector of its own (test_scenario), so all a page needs is its cursor.
        pages = [self.world.scenarios[name] for name in self.world.contract["pages"]]
        cursors = [page["arguments"].get("cursor") for page in pages]
        assert len(pages) > 1
        assert [*cursors[1:], None] == [page["returns"]["next_cursor"] for page in pages]
        assert cursors[0] is None
        assert len(set(cursors)) == len(cursors)
        ids = [order["platform_order_id"] for page in pages for order in page["returns"]["orders"]]
        assert len(set(ids)) == len(ids)

    @pytest.mark.parametrize("cursor", ["", "%%%", "bnVsbA", "e30", "WzFd"])
    async def test_a_foreign_cursor_is_refused(self, cursor: str) -> None:
        """A cursor that is not ours is refused for good and says what to do."""
        scenario = copy.deepcopy(self.world.scenarios[self.world.contract["pages"][0]])
        scenario["arguments"]["cursor"] = cursor
        with pytest.raises(errors.Refused, match="start the run again") as caught:
            await self.world.play(scenario, steps=[])
        assert caught.value.final

    async def test_a_malformed_order_is_parked_and_its_neighbours_pass(self) -> None:
        """Whatever field is damaged, the page goes on."""
        kept: list[Any] = []
        whole: OrderPage = await self.world.play(self.world.with_orders(kept.extend), compare=False)
        first = whole.orders[0]
        parked = 0
        for path in leaves(kept[0]):

            def damage(orders: list[Any], path: tuple[str | int, ...] = path) -> None:
                replace_at(orders[0], path, {"unexpected": []})

            page: OrderPage = await self.world.play(self.world.with_orders(damage), compare=False)
            neighbours = [order for order in page.orders if order.platform_order_id != first.platform_order_id]
            assert tuple(neighbours[-len(whole.orders) + 1 :]) == whole.orders[1:], path
            assert len(page.parked) in (len(whole.parked), len(whole.parked) + 1, len(whole.parked) + 2), path
            assert all(each.reason for each in page.parked), path
            parked += len(page.parked) > len(whole.parked)
        assert parked > 10

    async def test_an_order_that_is_no_object_is_parked(self) -> None:
        """Even nonsense in place of an order."""

        def damage(orders: list[Any]) -> None:
            orders.insert(0, "nonsense")

        page: OrderPage = await self.world.play(self.world.with_orders(damage), compare=False)
        assert page.orders
        assert b'"nonsense"' in [each.raw for each in page.parked]

    async def test_unlisted_fields_are_counted(self) -> None:
        """What the platform adds is noticed."""
        seen: list[tuple[str, str]] = []
        hooks = Hooks(unlisted_field=lambda platform, path: seen.append((platform, path)))

        def extend(orders: list[Any]) -> None:
            orders[0]["brandNewField"] = 1

        await self.world.play(self.world.with_orders(extend), compare=False, hooks=hooks)
        assert seen == [(self.world.kind.manifest.platform, "brandNewField")]

    async def test_an_unlisted_status_is_unknown_and_reported(self) -> None:
        """A new word is never guessed."""
        seen: list[tuple[str, str]] = []
        hooks = Hooks(unknown_status=lambda platform, word: seen.append((platform, word)))

        def rename(orders: list[Any]) -> None:
            replace_at(orders[0], tuple(self.world.contract["status_path"]), "ABDUCTED")

        page: OrderPage = await self.world.play(self.world.with_orders(rename), compare=False, hooks=hooks)
        assert page.orders[0].status is PlatformStatusV1.UNKNOWN
        assert "ABDUCTED" in page.orders[0].raw_status
        assert [platform for platform, word in seen if "ABDUCTED" in word] == [self.world.kind.manifest.platform]

    def test_the_status_table_is_total(self) -> None:
        """Every documented word is mapped as it was written down by hand."""
        found = {word: status.value for word, status in self.world.kind.manifest.statuses.items()}
        assert found == self.world.contract["statuses"]

    async def test_secrets_stay_secret(self, caplog: pytest.LogCaptureFixture) -> None:
        """No log line, error or repr shows a token or a key, however a call ends."""
        shown: list[str] = [repr(self.world.settings()), repr(self.world.credentials())]
        with capture_logs() as logs, caplog.at_level(logging.DEBUG):
            for scenario in self.world.scenarios.values():
                for index in range(len(scenario["steps"])):
                    player = Player(silent(scenario["steps"], index), self.world.folder)
                    connector, edge, _ = self.world.connector(player)
                    with pytest.raises(errors.ConnectorError) as caught:
                        await self.world.call(connector, scenario)
                    shown += [repr(caught.value), str(caught.value), repr(edge.calls)]
                if "raises" not in scenario:
                    shown.append(repr(await self.world.play(scenario)))
            for row in self.world.error_table:
                shown.append(str(row["raises"]))
        shown += [repr(logs), caplog.text]
        assert self.world.contract["secrets"]
        for secret in self.world.contract["secrets"]:
            assert not [text for text in shown if secret in text]


def connector_contract(kind: type[Connector], *, fixtures: Path) -> type[Contract]:
    """The test class of one connector."""
    return type(f"{kind.__name__}Contract", (Contract,), {"world": World(kind, fixtures)})


def described(error: errors.ConnectorError, expected: Json) -> Json:
    """The error in the form of a golden file, as far as that speaks of it."""
    found = {"type": type(error).__name__, **{key: getattr(error, key, None) for key in expected if key != "type"}}
    return {key: plain(value) for key, value in found.items()}
