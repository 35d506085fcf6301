"""Migrations: Alembic, one history per service, run by `python -m <service> migrate` before anything else starts."""

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import MetaData, pool, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from common.db.engine import async_url

LOCK_TIMEOUT = "5s"
_ADVISORY_LOCK = 7_201_943


def alembic_config(package: str, url: str) -> Config:
    """The configuration for the migrations folder beside a service's package."""
    config = Config()
    config.set_main_option("script_location", str(Path(str(files(package))).parent / "migrations"))
    config.attributes["url"] = url
    config.attributes["package"] = package
    return config


def upgrade(package: str, url: str) -> None:
    """Bring the database up to the newest revision; concurrent runs wait for each other."""
    command.upgrade(alembic_config(package, url), "head")


def run_env(context: EnvironmentContext, metadata: MetaData) -> None:
    """What a service's migrations/env.py does."""
    import asyncio

    config = context.config
    existing = config.attributes.get("connection")
    if existing is not None:
        _run(context, existing, metadata)
        return
    asyncio.run(_run_online(context, str(config.attributes["url"]), metadata))


async def _run_online(context: EnvironmentContext, url: str, metadata: MetaData) -> None:
    engine = create_async_engine(async_url(url), poolclass=pool.NullPool, connect_args={"timeout": 10})
    async with engine.connect() as connection:
        await connection.run_sync(lambda sync: _run(context, sync, metadata))
        await connection.commit()
    await engine.dispose()


def _run(context: EnvironmentContext, connection: Connection, metadata: MetaData) -> None:
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
