"""The database engine of a process, with its limits written out."""

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from common.settings import ServiceSettings

STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000


def async_url(url: str) -> str:
    """The URL with the driver that we use."""
    return "postgresql+asyncpg://" + url.split("://", 1)[1]


def make_engine(settings: ServiceSettings) -> AsyncEngine:
    """A pool of connections; broken ones are replaced when they are found broken."""
    return create_async_engine(
        async_url(settings.database_url.get_secret_value()),
        pool_size=settings.pool_size,
        max_overflow=4,
        pool_timeout=30,
        pool_recycle=1800,
        connect_args={
            "timeout": 5,
            "command_timeout": 60,
            "server_settings": {
                "application_name": "orderdock",
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
                "timezone": "UTC",
                "jit": "off",
            },
        },
    )
