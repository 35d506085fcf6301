import psutil
from contracts.billing.v1 import HoldFundsV1
from contracts.common_parts import AddressV1
from fulfillment.app.saving import CARRIER_LABEL, VOID_LABEL
from fulfillment.domain.house_number import is_house_number

from .world import PDF, World, admin, key, of, one, seller_header


class TestCarrier:
    async def test_the_label_is_made_and_submitted_by_the_switch(self, world: World) -> None:
        channel = await world.channel("carrier", carrier={"prefix": "GA", "service": "Ground"})
        await world.switch(0)
        fulfillment_id = await world.drafted(world.create(channel, parcels=()))
        assert await world.state(fulfillment_id) == "draft/fetching_label"
        await world.run_jobs(CARRIER_LABEL)
        assert one(await world.deliver.said(), HoldFundsV1).parcels == 1
        parcel = (await world.show(fulfillment_id))["parcels"][0]
        assert is_house_number(parcel["tracking_number"], "GA")
        assert (parcel["carrier"], parcel["label_format"], parcel["has_label"]) == ("Ground", "pdf", True)
        label = await world.http.get(
            f"/api/v1/fulfillments/{fulfillment_id}/label", headers=seller_header(world.seller)
        )
        assert (label.headers["content-type"], label.content[:5]) == ("application/pdf", b"%PDF-")
        zpl = await world.http.get(f"/api/v1/fulfillments/{fulfillment_id}/label?format=zpl", headers=admin())
        assert zpl.content[:3] == b"^XA"
        assert await world.broken() == {}

    async def test_an_interrupted_run_makes_the_same_label(self, world: World) -> None:
        channel = await world.channel("carrier", carrier={"label_format": "zpl"})
        fulfillment_id = await world.drafted(world.create(channel, parcels=()))
        await world.sql("INSERT INTO house_labels VALUES (:r, :s, 'HC1', 'active', now())",
                        r=f"{fulfillment_id}:1", s=world.seller)  # fmt: skip
        await world.sql("UPDATE jobs SET leased = true, lease_id = id, next_at = now() - interval '1 second'")
        await world.run_jobs(CARRIER_LABEL)
        assert (await world.show(fulfillment_id))["parcels"][0]["tracking_number"] == "HC1"

    async def test_a_label_process_that_dies_costs_no_label_and_no_number(self, world: World) -> None:
        channel = await world.channel("carrier")
        await world.drafted(world.create(channel, parcels=()))
        await world.run_jobs(CARRIER_LABEL)
        (process,) = [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]
        process.kill()
        fulfillment_id = await world.drafted(world.create(channel, parcels=()))
        await world.run_jobs(CARRIER_LABEL)
        assert await world.state(fulfillment_id) == "draft/pending_submit"
        label = await world.http.get(f"/api/v1/fulfillments/{fulfillment_id}/label", headers=admin())
        assert label.content.startswith(b"%PDF-")
        (row,) = await world.sql("SELECT count(*) AS labels, max(tracking_number) AS last FROM house_labels")
        assert (row.labels, row.last) == (2, (await world.show(fulfillment_id))["parcels"][0]["tracking_number"])

    async def test_a_refusal_is_corrected_by_an_edit(self, world: World) -> None:
        channel = await world.channel("carrier")
        ship_to = AddressV1(name="王小明", line1="1 Main St", city="Reno", country="US")
        fulfillment_id = await world.drafted(world.create(channel, parcels=(), ship_to=ship_to))
        await world.run_jobs(CARRIER_LABEL)
        shown = await world.show(fulfillment_id)
        assert (shown["draft_status"], shown["reason_code"]) == ("label_error", "address_not_latin")
        assert not await world.sql("SELECT 1 FROM house_labels")
        retried = await world.post(f"/fulfillments/{fulfillment_id}/retry-label")
        assert retried.json()["draft_status"] == "fetching_label"
        await world.run_jobs(CARRIER_LABEL)
        version = (await world.show(fulfillment_id))["version"]
        edit = await world.http.patch(
            f"/api/v1/fulfillments/{fulfillment_id}",
            json={"ship_to": {"name": "Wang", "line1": "1 Main St", "city": "Reno", "country": "US"}},
            headers=admin() | {"If-Match": f'"{version}"'},
        )
        assert edit.json()["draft_status"] == "fetching_label", edit.text
        await world.run_jobs(CARRIER_LABEL, VOID_LABEL)
        assert await world.state(fulfillment_id) == "draft/pending_submit"

    async def test_the_label_of_a_canceled_order_is_void(self, world: World) -> None:
        channel = await world.channel("carrier")
        done, early = world.create(channel, parcels=()), world.create(channel, parcels=())
        await world.drafted(done)
        await world.run_jobs(CARRIER_LABEL)
        early_id = await world.drafted(early)
        await world.deliver(world.cancel(done), world.cancel(early))
        await world.run_jobs(CARRIER_LABEL, VOID_LABEL)
        rows = await world.sql("SELECT state, tracking_number IS NULL AS early FROM house_labels ORDER BY early")
        assert [(row.state, row.early) for row in rows] == [("void", False), ("void", True)]
        assert await world.state(early_id) == "canceled"


class TestOwnLabel:
    async def test_it_is_required_and_then_submitted(self, world: World) -> None:
        channel = await world.channel("own_label")
        fulfillment_id = await world.drafted(world.create(channel, parcels=()))
        seller = seller_header(world.seller)
        path = f"/fulfillments/{fulfillment_id}"
        refused = await world.post(f"{path}/submit", headers=seller)
        assert (refused.status_code, refused.json()["code"]) == (409, "label_missing")
        assert "Upload it" in refused.json()["remedy"]
        await world.switch(0)
        uploaded = await world.http.post(
            f"/api/v1{path}/label",
            files={"file": ("label.pdf", PDF, "application/pdf")},
            data={"tracking_number": "1Z999", "carrier": "UPS"},
            headers=seller,
        )
        assert uploaded.status_code == 200, uploaded.text
        assert uploaded.json()["parcels"][0]["tracking_number"] == "1Z999"
        assert len(of(await world.deliver.said(), HoldFundsV1)) == 1
        label = await world.http.get(f"/api/v1{path}/label", headers=seller)
        assert label.content == PDF

    async def test_what_is_no_pdf_is_refused(self, world: World) -> None:
        fulfillment_id = await world.drafted(world.create(await world.channel("own_label"), parcels=()))
        for content, code in [
            (b"hello", "label_not_pdf"),
            (b"", "label_not_pdf"),
            (PDF + bytes(5 * 1024 * 1024), "label_too_large"),
        ]:
            answer = await world.http.post(
                f"/api/v1/fulfillments/{fulfillment_id}/label",
                files={"file": ("label.pdf", content, "application/pdf")},
                data={"tracking_number": "1Z999", "carrier": "UPS"},
                headers=admin(),
            )
            assert (answer.status_code, answer.json()["code"]) == (422, code)

    async def test_other_channels_take_none(self, world: World) -> None:
        fulfillment_id = await world.drafted(world.create(await world.channel()))
        answer = await world.http.post(
            f"/api/v1/fulfillments/{fulfillment_id}/label",
            files={"file": ("label.pdf", PDF, "application/pdf")},
            data={"tracking_number": "1Z999", "carrier": "UPS"},
            headers=admin(),
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "label_not_wanted")


async def test_personal_data_is_erased_in_time(world: World) -> None:
    channel = await world.channel("carrier")
    command = world.create(channel, parcels=())
    fulfillment_id = await world.drafted(command)
    await world.run_jobs(CARRIER_LABEL)
    (row,) = await world.sql("SELECT parcels->0->>'label_key' AS label FROM fulfillments")
    await world.deliver(world.cancel(command))
    await world.tick("erase_personal_data")
    assert (await world.show(fulfillment_id))["ship_to"]["name"] == "A. Buyer"
    await world.sql("UPDATE fulfillments SET closed_at = closed_at - interval '181 days'")
    await world.tick("erase_personal_data")
    await world.run_jobs("erase_documents")
    shown = await world.show(fulfillment_id)
    assert {name: value for name, value in shown["ship_to"].items() if value} == {"region": "NV", "country": "US"}
    assert not await world.sql("SELECT 1 FROM jobs WHERE kind = 'erase_documents'")
    gone = await world.http.get(f"/api/v1/fulfillments/{fulfillment_id}/label", headers=admin() | key())
    assert gone.status_code == 404
    assert row.label.startswith(str(world.seller))
