from alembic import context
from common.db.migrate import run_env
from gateway.adapters.tables import metadata

run_env(context, metadata)
