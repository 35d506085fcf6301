from alembic import context
from billing.adapters.tables import metadata
from common.db.migrate import run_env

run_env(context, metadata)
