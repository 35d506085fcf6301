"""From arranging a package to its document, and seller logistics."""

import json
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from .clients import Town

FIXTURES = Path(__file__).parent / "fixtures" / "shopee"


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


async def arranged(town: Town, **fields: Any) -> tuple[str, str]:
    order_sn = await town.control.make(town.shopee.shop_id, **fields)
    assert (await town.shopee.arrange(order_sn))["error"] == ""
    return order_sn, await town.shopee.tracking(order_sn)


async def create(town: Town, order_sn: str, tracking: str, **fields: Any) -> Any:
    row = {"order_sn": order_sn, "tracking_number": tracking} | fields
    return await town.shopee.post("logistics/create_shipping_document", order_list=[row])


async def result(town: Town, order_sn: str) -> Any:
    answer = await town.shopee.post("logistics/get_shipping_document_result", order_list=[{"order_sn": order_sn}])
    return answer["response"]["result_list"][0]


class TestWholeChain:
    async def test_every_step_answers_as_documented(self, town: Town) -> None:
        order_sn = await town.control.make(town.shopee.shop_id)
        parameter = await town.shopee.get("logistics/get_shipping_parameter", order_sn=order_sn)
        wanted = recorded("get_shipping_parameter-pickup")
        assert set(parameter) == set(wanted)
        assert set(parameter["response"]) == set(wanted["response"])
        address = parameter["response"]["pickup"]["address_list"][0]
        assert set(address) == set(wanted["response"]["pickup"]["address_list"][0])
        assert (await town.shopee.arrange(order_sn))["error"] == ""
        tracking = await town.shopee.get(
            "logistics/get_tracking_number",
            order_sn=order_sn,
            response_optional_fields="first_mile_tracking_number",
        )
        assert set(tracking["response"]) == set(recorded("get_tracking_number-ok")["response"])
        number = tracking["response"]["tracking_number"]
        kinds = await town.shopee.post("logistics/get_shipping_document_parameter", order_list=[{"order_sn": order_sn}])
        kind = kinds["response"]["result_list"][0]["suggest_shipping_document_type"]
        made = await create(town, order_sn, number, shipping_document_type=kind)
        assert (made["error"], "fail_error" in made["response"]["result_list"][0]) == ("", False)
        ready = await result(town, order_sn)
        assert set(ready) == set(recorded("get_shipping_document_result-ready")["result_list"][0])
        assert ready["status"] == "READY"
        body = {"shipping_document_type": kind, "order_list": [{"order_sn": order_sn}]}
        file = await town.shopee.raw_post("logistics/download_shipping_document", **body)
        assert file.headers["content-type"] == "application/pdf"
        text = pypdfium2.PdfDocument(file.content)[0].get_textpage().get_text_range()
        assert number in text
        report = await town.control.order(town.shopee.shop_id, order_sn)
        assert (report["arrangements"], report["documents"], report["downloads"]) == (1, 1, 1)
        assert (report["tracking_issued"], report["status"]) == ([number], "PROCESSED")

    async def test_carrier_scan_ships(self, town: Town) -> None:
        order_sn, _ = await arranged(town)
        await town.control.change(town.shopee.shop_id, order_sn, "carrier_scan")
        assert (await town.control.order(town.shopee.shop_id, order_sn))["status"] == "SHIPPED"

    async def test_several_packages_each_on_its_own(self, town: Town) -> None:
        lines = [{"sku": sku, "quantity": 1} for sku in "AB"]
        order_sn = await town.control.make(town.shopee.shop_id, lines=lines, packages=2)
        found = await town.shopee.get("order/get_shipment_list", page_size=9)
        numbers = [row["package_number"] for row in found["response"]["order_list"]]
        pickup = {"address_id": 123, "pickup_time_id": ""}
        without = await town.shopee.post("logistics/ship_order", order_sn=order_sn, pickup=pickup)
        assert without["error"] == "logistics.ship_order_need_pacakge_number"
        first = await town.shopee.arrange(order_sn, package_number=numbers[0])
        assert first["error"] == ""
        assert (await town.control.order(town.shopee.shop_id, order_sn))["status"] == "READY_TO_SHIP"
        await town.shopee.arrange(order_sn, package_number=numbers[1])
        tracking = [await town.shopee.tracking(order_sn, package_number=number) for number in numbers]
        assert len(set(tracking)) == 2
        report = await town.control.order(town.shopee.shop_id, order_sn)
        assert (report["status"], report["arrangements"], report["duplicates"]) == ("PROCESSED", 2, [])


class TestShipOrder:
    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ({}, "logistics.ship_order_only_support_one_type"),
            ({"pickup": {"address_id": 123}, "dropoff": {}}, "logistics.ship_order_only_support_one_type"),
            ({"dropoff": {}}, "error_param"),
            ({"non_integrated": {"tracking_number": "X"}}, "error_param"),
            ({"pickup": {"address_id": 9}}, "error_param"),
            ({"pickup": {"address_id": 123, "pickup_time_id": "never"}}, "error_param"),
            ({"pickup": {"address_id": 123}, "package_number": ""}, "error_param"),
            ({"pickup": {"address_id": 123}, "package_number": "OFG1"}, "logistics.ship_order_not_need_pacakge_number"),
            ({"pickup": {"address_id": 123, "colour": 1}}, "error_param"),
        ],
    )
    async def test_wrong_shape(self, town: Town, body: dict[str, Any], error: str) -> None:
        order_sn = await town.control.make(town.shopee.shop_id)
        assert (await town.shopee.post("logistics/ship_order", order_sn=order_sn, **body))["error"] == error
        assert (await town.control.order(town.shopee.shop_id, order_sn))["arrangements"] == 0

    async def test_repeat_is_refused_with_the_leading_blank(self, town: Town) -> None:
        order_sn, _ = await arranged(town)
        assert (await town.shopee.arrange(order_sn))["error"] == " logistics.package_already_shipped"
        assert (await town.control.order(town.shopee.shop_id, order_sn))["arrangements"] == 1

    @pytest.mark.parametrize("action", ["cancel", "request_cancel", "hold"])
    async def test_not_ready(self, town: Town, action: str) -> None:
        order_sn = await town.control.make(town.shopee.shop_id)
        await town.control.change(town.shopee.shop_id, order_sn, action)
        assert (await town.shopee.arrange(order_sn))["error"] == "logistics.ship_order_not_ready_to_ship"

    async def test_unknown_order(self, town: Town) -> None:
        answer = await town.shopee.post("logistics/ship_order", order_sn="NONE", dropoff={})
        assert answer["error"] == "logistics.order_not_exist"

    async def test_dropoff_with_an_empty_object(self, town: Town) -> None:
        channels = [{"id": 5, "name": "Point", "info_needed": "both", "slots": False}]
        shop = {"platform": "shopee", "shop": 9, "app": 2001887, "channels": channels}
        granted = await town.control.post("shops", **shop, grant=True)
        town.shopee.shop_id, town.shopee.token = 9, granted["access_token"]
        order_sn = await town.control.make(9)
        parameter = await town.shopee.get("logistics/get_shipping_parameter", order_sn=order_sn)
        assert parameter["response"]["info_needed"] == {"dropoff": [], "pickup": ["address_id"]}
        assert parameter["response"]["pickup"]["address_list"][0]["time_slot_list"] is None
        assert (await town.shopee.post("logistics/ship_order", order_sn=order_sn, dropoff={}))["error"] == ""


class TestSellerLogistics:
    async def test_ships_with_its_own_number_and_corrects_it(self, town: Town) -> None:
        order_sn = await town.control.make(town.shopee.shop_id, channel=90099)
        parameter = await town.shopee.get("logistics/get_shipping_parameter", order_sn=order_sn)
        assert list(parameter["response"]["info_needed"]) == ["non_integrated"]
        empty = await town.shopee.post("logistics/ship_order", order_sn=order_sn, non_integrated={})
        assert empty["error"] == "logistics.ship_order_need_tracking_number"
        body = {"order_sn": order_sn, "non_integrated": {"tracking_number": "T1"}}
        assert (await town.shopee.post("logistics/ship_order", **body))["error"] == ""
        same = await town.shopee.post("logistics/update_shipping_order", **body)
        assert same["error"] == "logistics.update_shipping_order_no_param_change"
        body["non_integrated"] = {"tracking_number": "T2"}
        assert (await town.shopee.post("logistics/update_shipping_order", **body))["error"] == ""
        report = await town.control.order(town.shopee.shop_id, order_sn)
        assert (report["status"], report["tracking_stored"]) == ("SHIPPED", ["T1", "T2"])

    async def test_has_no_document(self, town: Town) -> None:
        order_sn = await town.control.make(town.shopee.shop_id, channel=90099)
        answer = await create(town, order_sn, "T1")
        assert answer["error"] == "common.batch_api_all_failed"


class TestLateLabels:
    async def test_tracking_number_is_empty_for_some_calls(self, town: Town) -> None:
        order_sn = await town.control.make(town.shopee.shop_id, label={"tracking_empty_calls": 2})
        await town.shopee.arrange(order_sn)
        numbers = [await town.shopee.tracking(order_sn) for _ in range(3)]
        assert numbers[:2] == ["", ""]
        assert numbers[2]

    async def test_tracking_number_is_empty_for_some_time(self, town: Town, clock: Any) -> None:
        order_sn = await town.control.make(town.shopee.shop_id, label={"tracking_empty_seconds": 30})
        await town.shopee.arrange(order_sn)
        assert await town.shopee.tracking(order_sn) == ""
        clock.pass_seconds(31)
        assert await town.shopee.tracking(order_sn) != ""

    async def test_document_takes_a_while(self, town: Town) -> None:
        order_sn, tracking = await arranged(town, label={"document_processing_calls": 1})
        await create(town, order_sn, tracking)
        early = await town.shopee.post("logistics/download_shipping_document", order_list=[{"order_sn": order_sn}])
        assert early["error"] == "logistics.download_later"
        assert [(await result(town, order_sn))["status"] for _ in range(2)] == ["PROCESSING", "READY"]


class TestDocuments:
    async def test_document_before_its_creation(self, town: Town) -> None:
        order_sn, _ = await arranged(town)
        body = {"order_list": [{"order_sn": order_sn}]}
        answer = await town.shopee.post("logistics/get_shipping_document_result", **body)
        assert answer["error"] == "common.batch_api_all_failed"
        row = answer["response"]["result_list"][0]
        assert row["fail_error"] == "logistics.shipping_document_should_print_first"
        download = await town.shopee.post("logistics/download_shipping_document", **body)
        assert download["error"] == "logistics.shipping_document_should_print_first"

    async def test_partly_failed_batch_has_no_top_level_error(self, town: Town) -> None:
        order_sn, tracking = await arranged(town)
        rows = [{"order_sn": order_sn, "tracking_number": tracking}, {"order_sn": "NONE"}]
        answer = await town.shopee.post("logistics/create_shipping_document", order_list=rows)
        assert answer["error"] == ""
        assert ["fail_error" in row for row in answer["response"]["result_list"]] == [False, True]

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"tracking_number": "WRONG"}, "logistics.tracking_number_invalid"),
            ({"shipping_document_type": "POSTCARD"}, "logistics.shipping_document_type_invalid"),
        ],
    )
    async def test_wrong_document(self, town: Town, fields: dict[str, str], error: str) -> None:
        order_sn, tracking = await arranged(town)
        answer = await create(town, order_sn, tracking, **fields)
        assert answer["response"]["result_list"][0]["fail_error"] == error

    async def test_asking_again_makes_no_second_document(self, town: Town) -> None:
        order_sn, tracking = await arranged(town)
        for _ in range(2):
            await create(town, order_sn, tracking)
        report = await town.control.order(town.shopee.shop_id, order_sn)
        assert (report["documents"], report["document_requests"]) == (1, 2)

    async def test_batch_limit(self, town: Town) -> None:
        rows = [{"order_sn": f"N{number}"} for number in range(51)]
        answer = await town.shopee.post("logistics/get_shipping_document_result", order_list=rows)
        assert answer["error"] == "error_param"

    async def test_two_labels_in_one_file(self, town: Town) -> None:
        rows = []
        for _ in range(2):
            order_sn, tracking = await arranged(town)
            await create(town, order_sn, tracking)
            rows.append({"order_sn": order_sn})
        file = await town.shopee.raw_post("logistics/download_shipping_document", order_list=rows)
        assert len(pypdfium2.PdfDocument(file.content)) == 2
