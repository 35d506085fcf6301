"""Wires the service; the only module that imports every layer."""

from collections.abc import Callable
from typing import cast

from common.crypto import Keyring
from common.db.engine import make_engine
from common.db.unit_of_work import Transactions
from common.documents import Documents
from common.service import Runtime
from sqlalchemy.ext.asyncio import AsyncConnection

from fulfillment.adapters.call_facts import SqlCallFacts
from fulfillment.adapters.checks import CHECKS
from fulfillment.adapters.connections import SealedConnections
from fulfillment.adapters.fulfillment_queries import SqlViews
from fulfillment.adapters.house_carrier import HouseCarrier
from fulfillment.adapters.label_process import LabelProcess
from fulfillment.adapters.uow import SqlUow
from fulfillment.adapters.wms_client import WmsClient
from fulfillment.app.label_calls import LabelCalls
from fulfillment.app.ports import Uow
from fulfillment.app.views import Views
from fulfillment.app.warehouse_calls import CallPolicy, WarehouseCalls
from fulfillment.entrypoints import api_desk, api_fulfillments, api_hooks, api_labels, api_settings
from fulfillment.entrypoints.callback_inbox import CallbackInbox
from fulfillment.entrypoints.consumers import consumers
from fulfillment.entrypoints.jobs import make_jobs
from fulfillment.entrypoints.root import Root
from fulfillment.settings import FulfillmentSettings

DESCRIPTION = "Channels, fulfilment orders, labels, submissions to warehouses, and the warehouse desk."


def bootstrap(settings: FulfillmentSettings) -> Runtime:
    """The service with these settings."""
    engine = make_engine(settings)
    transactions: Transactions[Uow] = Transactions(engine, SqlUow)
    documents = Documents(settings.documents_url)
    connections = SealedConnections(transactions, Keyring.parse(settings.credential_keys.get_secret_value()))
    client = WmsClient(timeout_seconds=settings.warehouse_timeout.total_seconds(), connections=settings.warehouse_calls)
    callbacks = CallbackInbox(transactions)
    label_process = LabelProcess()
    carrier = HouseCarrier(transactions, label_process)
    root = Root(
        transactions=transactions,
        views=cast(Callable[[AsyncConnection], Views], SqlViews),
        documents=documents,
        connections=connections,
        callbacks=callbacks,
        to_zpl=label_process.zpl,
    )
    jobs = make_jobs(
        warehouse_calls=WarehouseCalls(
            connections=connections,
            warehouse=client,
            facts=SqlCallFacts(transactions, documents),
            policy=CallPolicy(submit_tries=settings.warehouse_submit_tries, base=settings.warehouse_retry_base),
        ),
        label_calls=LabelCalls(carrier, documents),
        concurrency=settings.warehouse_calls,
        personal_data_after=settings.personal_data_after,
        reseal=connections.reseal_old,
    )

    async def close() -> None:
        await callbacks.close()
        await carrier.close()
        await label_process.close()
        await client.close()

    return Runtime(
        transactions=transactions,
        root=root,
        consumers=consumers,
        jobs=jobs,
        # The desk's fixed paths come before the ones with an id in their place.
        routers=[
            api_desk.router,
            api_labels.router,
            api_fulfillments.router,
            api_settings.router,
            api_hooks.router,
        ],
        checks=CHECKS,
        description=DESCRIPTION,
        close=close,
    )
