from alembic import context
from common.db.migrate import run_env
from fulfillment.adapters.tables import metadata

run_env(context, metadata)
