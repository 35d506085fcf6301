"""Channels, submission settings, and the copies of other services' facts, in PostgreSQL."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from common.db.bulk import insert_rows
from sqlalchemy import Row, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from fulfillment.adapters.tables import channels, products, sellers, submission_settings, warehouses
from fulfillment.app.ports import ProductCopy, SellerCopy, SubmissionSettings, WarehouseCopy
from fulfillment.domain.channel import CarrierSettings, Channel
from fulfillment.domain.states import ChannelKind

_WEIGHTS = text(
    "SELECT p.seller_id, p.sku, p.weight_grams FROM products p "
    "JOIN unnest(CAST(:sellers AS uuid[]), CAST(:skus AS text[])) AS wanted(seller_id, sku) USING (seller_id, sku) "
    "WHERE p.weight_grams IS NOT NULL"
)


def channel_from(row: Row[Any]) -> Channel:
    """The channel of a row."""
    return Channel(
        id=row.id,
        warehouse_id=row.warehouse_id,
        code=row.code,
        kind=ChannelKind(row.kind),
        name=row.name,
        countries=tuple(row.countries),
        active=row.active,
        label_required=row.label_required,
        upload_tracking=row.upload_tracking,
        carrier=CarrierSettings(**row.carrier),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


class SqlChannelRepository:
    """Channels of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get_many(self, ids: Collection[UUID]) -> dict[UUID, Channel]:
        """Read."""
        result = await self._connection.execute(select(channels).where(channels.c.id.in_(ids)))
        return {row.id: channel_from(row) for row in result}

    async def get_for_update(self, channel_id: UUID) -> Channel | None:
        """Lock and read one."""
        result = await self._connection.execute(select(channels).where(channels.c.id == channel_id).with_for_update())
        row = result.one_or_none()
        return channel_from(row) if row else None

    async def add(self, channel: Channel) -> bool:
        """Insert; False where the warehouse has a channel of that code."""
        values = {**asdict(channel), "kind": channel.kind.value, "countries": list(channel.countries)}
        statement = insert(channels).values(values).on_conflict_do_nothing().returning(channels.c.id)
        return (await self._connection.execute(statement)).first() is not None

    async def save(self, channel: Channel) -> None:
        """Write what may change."""
        await self._connection.execute(
            update(channels)
            .where(channels.c.id == channel.id)
            .values(
                name=channel.name,
                countries=list(channel.countries),
                active=channel.active,
                label_required=channel.label_required,
                upload_tracking=channel.upload_tracking,
                carrier=asdict(channel.carrier),
                version=channel.version,
                updated_at=channel.updated_at,
            )
        )


class SqlSettingsRepository:
    """Submission settings of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get_many(self, seller_ids: Collection[UUID]) -> dict[UUID, SubmissionSettings]:
        """The settings of these sellers; the defaults for who has set nothing."""
        found = {seller_id: SubmissionSettings(seller_id) for seller_id in seller_ids}
        if found:
            result = await self._connection.execute(
                select(submission_settings).where(submission_settings.c.seller_id.in_(seller_ids))
            )
            found.update({row.seller_id: _settings_from(row) for row in result})
        return found

    async def put(self, settings: SubmissionSettings, *, now: datetime) -> SubmissionSettings:
        """Write, and return what is in force now with its version."""
        values = {
            "auto_submit": settings.auto_submit,
            "delay_seconds": int(settings.delay.total_seconds()),
            "updated_at": now,
        }
        statement = (
            insert(submission_settings)
            .values(seller_id=settings.seller_id, version=1, **values)
            .on_conflict_do_update(
                index_elements=["seller_id"], set_={**values, "version": submission_settings.c.version + 1}
            )
            .returning(submission_settings)
        )
        return _settings_from((await self._connection.execute(statement)).one())


def _settings_from(row: Row[Any]) -> SubmissionSettings:
    return SubmissionSettings(row.seller_id, row.auto_submit, timedelta(seconds=row.delay_seconds), row.version)


class SqlCopyRepository:
    """Copies of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put_warehouses(self, copies: Sequence[WarehouseCopy]) -> None:
        """Insert or replace."""
        await insert_rows(
            self._connection,
            warehouses,
            sorted((asdict(copy) for copy in copies), key=lambda row: str(row["id"])),
            on_conflict="(id) DO UPDATE SET version = EXCLUDED.version, code = EXCLUDED.code, name = EXCLUDED.name, "
            "country = EXCLUDED.country, active = EXCLUDED.active, adapter = EXCLUDED.adapter, "
            "base_url = EXCLUDED.base_url WHERE warehouses.version < EXCLUDED.version",
        )

    async def put_sellers(self, copies: Sequence[SellerCopy]) -> None:
        """Insert or replace."""
        await insert_rows(
            self._connection,
            sellers,
            sorted((asdict(copy) for copy in copies), key=lambda row: str(row["id"])),
            on_conflict="(id) DO UPDATE SET version = EXCLUDED.version, code = EXCLUDED.code, name = EXCLUDED.name, "
            "active = EXCLUDED.active WHERE sellers.version < EXCLUDED.version",
        )

    async def put_products(self, copies: Sequence[ProductCopy]) -> None:
        """Insert or replace."""
        await insert_rows(
            self._connection,
            products,
            sorted((asdict(copy) for copy in copies), key=lambda row: (str(row["seller_id"]), row["sku"])),
            on_conflict="(seller_id, sku) DO UPDATE SET product_id = EXCLUDED.product_id, version = EXCLUDED.version, "
            "weight_grams = EXCLUDED.weight_grams "
            "WHERE products.product_id <> EXCLUDED.product_id OR products.version < EXCLUDED.version",
        )

    async def warehouses(self, ids: Collection[UUID]) -> dict[UUID, WarehouseCopy]:
        """The warehouses that are known."""
        result = await self._connection.execute(select(warehouses).where(warehouses.c.id.in_(ids)))
        return {row.id: WarehouseCopy(**row._mapping) for row in result}

    async def seller_codes(self, ids: Collection[UUID]) -> dict[UUID, str]:
        """The codes of the sellers that are known."""
        result = await self._connection.execute(select(sellers.c.id, sellers.c.code).where(sellers.c.id.in_(ids)))
        return {row.id: row.code for row in result}

    async def weights(self, wanted: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], int]:
        """Weights in grams by seller and SKU, where they are known."""
        result = await self._connection.execute(
            _WEIGHTS, {"sellers": [seller for seller, _ in wanted], "skus": [sku for _, sku in wanted]}
        )
        return {(row.seller_id, row.sku): row.weight_grams for row in result}
