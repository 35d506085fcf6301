"""Wires the gateway; the only file that knows every layer."""

import httpx2
import structlog
from common.db.engine import make_engine
from common.db.unit_of_work import Transactions
from common.http.identity import IdentitySigner
from common.http.transport import PooledTransport
from common.service import Runtime
from fastapi import APIRouter

from gateway.adapters.passwords import Argon2Passwords
from gateway.adapters.sign_in_limits import RedisSignInLimits
from gateway.adapters.uow import GatewayUow
from gateway.app.administration import NewUser, add_user, check_new_user
from gateway.app.gateway import Gateway
from gateway.app.ports import Uow
from gateway.app.sign_in import Lifetimes, Sessions, SignIn
from gateway.domain.access import AccessTable
from gateway.domain.users import normal_email
from gateway.entrypoints import admin_routes, openapi, session_routes
from gateway.entrypoints.checks import CHECKS
from gateway.entrypoints.consumers import consumers
from gateway.entrypoints.jobs import make_jobs
from gateway.entrypoints.proxy import ForwardingRoute
from gateway.settings import GatewaySettings

log = structlog.get_logger(__name__)

MAX_CONNECTIONS = 200
DESCRIPTION = "Sign-in, sellers, users, and the way to every service."


def bootstrap(settings: GatewaySettings, *, transport: httpx2.AsyncBaseTransport | None = None) -> Runtime:
    """The gateway as its processes run it; tests put their own services behind `transport`."""
    transactions: Transactions[Uow] = Transactions(make_engine(settings), GatewayUow)
    limits = RedisSignInLimits(
        settings.redis_url.get_secret_value(),
        per_email=settings.sign_ins_per_email,
        per_address=settings.sign_ins_per_address,
    )
    passwords = Argon2Passwords()
    lifetimes = Lifetimes(settings.session_lifetime, settings.session_idle)
    timeout = httpx2.Timeout(settings.upstream_timeout.total_seconds(), connect=2.0)
    transport = transport or PooledTransport(connections=MAX_CONNECTIONS)
    client = httpx2.AsyncClient(transport=transport, timeout=timeout, trust_env=False)
    root = Gateway(
        transactions=transactions,
        sign_in=SignIn(transactions, passwords, limits, lifetimes),
        sessions=Sessions(transactions, IdentitySigner(settings.identity_private_key.get_secret_value()), lifetimes),
        passwords=passwords,
        access=AccessTable(),
        client=client,
        transport=transport,
        timeout={phase: seconds for phase, seconds in timeout.as_dict().items() if seconds is not None},
        services={
            "sync": settings.sync_url,
            "orders": settings.orders_url,
            "inventory": settings.inventory_url,
            "fulfillment": settings.fulfillment_url,
            "billing": settings.billing_url,
        },
        secure_cookies=settings.secure_cookies,
    )

    async def close() -> None:
        await client.aclose()
        await limits.close()

    async def after_migrate() -> None:
        await make_first_operator(root, settings)
        await close()
        await transactions.engine.dispose()

    return Runtime(
        transactions=transactions,
        root=root,
        consumers=consumers,
        jobs=make_jobs(),
        routers=(proxy_router(), session_routes.router, admin_routes.router, openapi.router),
        checks=CHECKS,
        description=DESCRIPTION,
        close=close,
        after_migrate=after_migrate,
    )


def proxy_router() -> APIRouter:
    """The way to the services; it comes first, because nearly everything goes there."""
    router = APIRouter()
    router.routes.append(ForwardingRoute())
    return router


async def make_first_operator(root: Gateway, settings: GatewaySettings) -> None:
    """Make the operator whom the settings name, while there is none."""
    email = normal_email(settings.admin_email)
    password = settings.admin_password.get_secret_value()
    if not email:
        return
    new = NewUser(email, "Administrator", password, ("operator_admin",), None)
    check_new_user(new)
    async with root.transactions.begin() as uow:
        if await uow.users.any_operator():
            return
        await add_user(new, await root.passwords.hash(password), actor="system:migrate", uow=uow)
    log.info("first_operator_made", email=email)
