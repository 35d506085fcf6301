"""Products over HTTP."""

from typing import Any

import pytest
from common.kernel.ids import uuid7
from common.testing.delivery import take_outbox
from contracts.inventory.v1 import ProductChangedV1

from .harness import STAFF, Harness, of_type

MUG = {"sku": "A-1", "title": "Mug", "weight_grams": 2000}
MEASURES = {"weight_grams": 2400, "length_mm": 100, "width_mm": 90, "height_mm": 80}


async def made(harness: Harness, **more: Any) -> Any:
    response = await harness.call("POST", "/products", seller_id=harness.seller_id, json={**MUG, **more})
    assert response.status_code == 201, response.text
    return response.json()


async def said(harness: Harness) -> list[ProductChangedV1]:
    return of_type(await take_outbox(harness.runtime.transactions), ProductChangedV1)


class TestLife:
    async def test_from_draft_to_measured(self, harness: Harness) -> None:
        product = await made(harness)
        path = f"/products/{product['id']}"
        assert (product["status"], product["version"], product["measured"]) == ("draft", 1, False)
        submitted = await harness.call("POST", f"{path}/submit", seller_id=harness.seller_id)
        assert submitted.json()["status"] == "in_audit"
        rejected = await harness.call("POST", f"{path}/reject", json={"reason": "no photo"})
        assert (rejected.json()["status"], rejected.json()["reject_reason"]) == ("rejected", "no photo")
        again = await harness.call("POST", f"{path}/submit", seller_id=harness.seller_id)
        assert (again.status_code, again.json()["code"], again.json()["state"]) == (
            409,
            "illegal_transition",
            "rejected",
        )
        await harness.call("POST", f"{path}/reopen", seller_id=harness.seller_id)
        await harness.call("POST", f"{path}/submit", seller_id=harness.seller_id)
        approved = await harness.call("POST", f"{path}/approve", roles=STAFF)
        assert approved.json()["status"] == "approved"
        repeated = await harness.call("POST", f"{path}/approve", roles=STAFF)
        assert repeated.json()["version"] == approved.json()["version"]
        measured = (await harness.call("POST", f"{path}/measure", roles=STAFF, json=MEASURES)).json()
        assert measured["declared"]["weight_grams"] == 2000
        assert measured["measures"] == MEASURES
        events = await said(harness)
        assert [(event.version, event.status, event.measured) for event in events] == [
            (1, "draft", False),
            (2, "in_audit", False),
            (3, "rejected", False),
            (4, "draft", False),
            (5, "in_audit", False),
            (6, "approved", False),
            (7, "approved", True),
        ]
        assert (events[-1].weight_grams, events[-1].length_mm, events[0].weight_grams) == (2400, 100, 2000)
        audit = (await harness.get(f"{path}/audit", seller_id=harness.seller_id))["items"]
        assert [(row["source"], row["target"], row["reason"]) for row in audit] == [
            ("draft", "in_audit", ""),
            ("in_audit", "rejected", "no photo"),
            ("rejected", "draft", ""),
            ("draft", "in_audit", ""),
            ("in_audit", "approved", ""),
        ]
        assert audit[0]["actor"].startswith("seller:")
        assert audit[1]["actor"].startswith("operator:")

    async def test_sellers_do_not_approve_their_own(self, harness: Harness) -> None:
        product = await made(harness)
        for action, body in (("approve", None), ("reject", {"reason": "x"}), ("measure", MEASURES)):
            path = f"/products/{product['id']}/{action}"
            answer = await harness.call("POST", path, seller_id=harness.seller_id, json=body)
            assert answer.status_code == 403


class TestEdit:
    async def test_needs_the_version_that_was_read(self, harness: Harness) -> None:
        product = await made(harness)
        path = f"/products/{product['id']}"
        edit: dict[str, Any] = {"seller_id": harness.seller_id, "json": {"title": "Cup", "weight_grams": None}}
        assert (await harness.call("PATCH", path, **edit)).status_code == 428
        done = await harness.call("PATCH", path, headers={"If-Match": '"1"'}, **edit)
        assert (done.json()["title"], done.json()["declared"]["weight_grams"]) == ("Cup", None)
        stale = await harness.call("PATCH", path, headers={"If-Match": "1"}, **edit)
        assert (stale.status_code, stale.json()["current_version"]) == (412, 2)

    async def test_what_was_approved_stays(self, harness: Harness) -> None:
        await harness.approved("A-1")
        (product,) = (await harness.get("/products"))["items"]
        path, match = f"/products/{product['id']}", {"If-Match": str(product["version"])}
        for body in ({"sku": "A-2"}, {"hazard_class": "9"}):
            answer = await harness.call("PATCH", path, headers=match, json=body)
            assert (answer.status_code, answer.json()["code"]) == (409, "product_locked")
            assert answer.json()["remedy"]
        assert (await harness.call("DELETE", path, headers=match)).status_code == 409
        assert (await harness.call("PATCH", path, headers=match, json={"title": "Cup"})).status_code == 200

    async def test_a_deleted_draft_is_gone_and_its_sku_keeps_its_id(self, harness: Harness) -> None:
        product = await made(harness)
        path = f"/products/{product['id']}"
        assert (await harness.call("DELETE", path, headers={"If-Match": "1"})).status_code == 204
        assert (await harness.call("GET", path)).status_code == 404
        assert (await harness.get("/products"))["items"] == []
        again = await made(harness, title="Cup")
        assert (again["id"], again["version"], again["title"]) == (product["id"], 3, "Cup")

    async def test_wrong_values_name_field_value_and_remedy(self, harness: Harness) -> None:
        for field, value in (("sku", " A"), ("sku", ""), ("sku", "A\x00B"), ("title", " "), ("weight_grams", -1),
                             ("weight_grams", 1.5), ("hazard_class", "<b>"), ("colour", "red")):  # fmt: skip
            answer = await harness.call("POST", "/products", seller_id=uuid7(), json={**MUG, field: value})
            assert answer.status_code == 422, (field, value)
            (error,) = answer.json()["errors"]
            assert (error["field"], error["value"]) == (field, value)
            assert error["remedy"]

    async def test_an_operator_says_for_whom(self, harness: Harness) -> None:
        answer = await harness.call("POST", "/products", json=MUG)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "seller_id")


class TestUpsert:
    async def test_each_row_says_what_became_of_it(self, harness: Harness) -> None:
        await harness.approved("OK", "LOCKED")
        rows = [
            {"sku": "OK", "title": "Product OK"},
            {"sku": "LOCKED", "title": "x", "hazard_class": "9"},
            {"sku": "NEW", "title": "New"},
            {"sku": "NEW", "title": "Newer"},
            {"sku": "new", "title": "another, because case counts"},
        ]
        body = {"rows": rows}
        answer = (await harness.call("POST", "/products/batch", seller_id=harness.seller_id, json=body)).json()
        assert (answer["ok"], answer["failed"]) == (3, 2)
        assert [(r["ok"], r["code"] or r["message"]) for r in answer["results"]] == [
            (True, "unchanged"),
            (False, "product_locked"),
            (True, "created"),
            (False, "sku_twice"),
            (True, "created"),
        ]
        again = (await harness.call("POST", "/products/batch", seller_id=harness.seller_id, json=body)).json()
        assert [r["message"] for r in again["results"] if r["ok"]] == ["unchanged"] * 3

    async def test_a_file_can_be_tried_imported_and_imported_again(self, harness: Harness) -> None:
        lines = ["sku,title,weight_grams", *(f"S-{n},Product {n},{n + 1}" for n in range(1200)), "BAD,,x"]
        content = "\n".join(lines).encode()

        async def send(**params: Any) -> Any:
            path = "/products/import"
            answer = await harness.call("POST", path, seller_id=harness.seller_id, content=content, params=params)
            assert answer.status_code == 200, answer.text
            return answer.json()

        tried = await send(dry_run=True)
        assert (tried["dry_run"], tried["ok"], tried["failed"]) == (True, 1200, 1)
        assert tried["results"][-1]["ref"] == "line 1202"
        assert await said(harness) == []
        assert (await harness.get("/products/counts"))["draft"] == 0
        first, second = await send(), await send()
        assert {r["message"] for r in first["results"] if r["ok"]} == {"created"}
        assert {r["message"] for r in second["results"] if r["ok"]} == {"unchanged"}
        assert len(await said(harness)) == 1200
        assert await harness.get("/products/counts") == {"draft": 1200, "in_audit": 0, "approved": 0, "rejected": 0}

    async def test_a_file_with_a_bad_header_is_refused(self, harness: Harness) -> None:
        answer = await harness.call("POST", "/products/import", seller_id=uuid7(), content=b"name\nx\n")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "header")


class TestBatchMoves:
    async def test_by_sku_and_by_id(self, harness: Harness) -> None:
        product = await made(harness)
        await made(harness, sku="B")
        body = {"product_ids": [product["id"], str(uuid7())], "skus": ["A-1", "B", "nope"]}
        answer = (await harness.call("POST", "/products/submit", seller_id=harness.seller_id, json=body)).json()
        assert [(r["ok"], r["message"]) for r in answer["results"] if r["ok"]] == [
            (True, "in_audit"),
            (True, "unchanged"),
            (True, "in_audit"),
        ]
        assert [r["code"] for r in answer["results"] if not r["ok"]] == ["not_found", "not_found"]
        reject = {"product_ids": [product["id"]], "reason": "no photo"}
        assert (await harness.call("POST", "/products/reject", json=reject)).json()["ok"] == 1
        assert (await harness.call("POST", "/products/approve", json={"product_ids": [product["id"]]})).json()[
            "results"
        ][0]["code"] == "illegal_transition"
        reopened = await harness.call(
            "POST", "/products/reopen", seller_id=harness.seller_id, json={"skus": ["A-1", "B"]}
        )
        assert (reopened.json()["ok"], reopened.json()["failed"]) == (1, 1)

    async def test_measuring_names_products_by_seller_and_sku(self, harness: Harness) -> None:
        await made(harness)
        row = {**MEASURES, "seller_id": str(harness.seller_id), "sku": "A-1"}
        body = {"rows": [row, {**row, "sku": "nope"}, {**MEASURES, "product_id": str(uuid7())}]}
        answer = (await harness.call("POST", "/products/measure", roles=STAFF, json=body)).json()
        assert [r["ok"] for r in answer["results"]] == [True, False, False]
        assert (await harness.get("/products"))["items"][0]["measured"] is True

    @pytest.mark.parametrize("body", [{}, {"skus": []}, {"skus": ["A"] * 1001}])
    async def test_names_something_but_not_everything(self, harness: Harness, body: dict[str, Any]) -> None:
        answer = await harness.call("POST", "/products/submit", seller_id=harness.seller_id, json=body)
        assert answer.status_code == 422


class TestList:
    async def test_pages_and_filters(self, harness: Harness) -> None:
        rows = [{"sku": f"S{n}", "title": f"Thing {n}"} for n in range(7)]
        await harness.call("POST", "/products/batch", seller_id=harness.seller_id, json={"rows": rows})
        await harness.call("POST", "/products/submit", seller_id=harness.seller_id, json={"skus": ["S1", "S2"]})
        seen: list[str] = []
        cursor = None
        while True:
            params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
            page = await harness.get("/products", params=params)
            seen += [row["sku"] for row in page["items"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        assert seen == [f"S{n}" for n in range(7)]

        async def skus(**params: Any) -> list[str]:
            return [row["sku"] for row in (await harness.get("/products", params=params))["items"]]

        assert await skus(status="in_audit") == ["S1", "S2"]
        assert await skus(sku="S3") == ["S3"]
        assert await skus(search="thing 4") == ["S4"]
        assert await skus(measured=True) == []
        assert await skus(seller_id=str(uuid7())) == []
        assert (await harness.call("GET", "/products", params={"cursor": "nonsense"})).status_code == 422
