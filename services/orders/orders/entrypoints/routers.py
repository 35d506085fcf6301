"""All routes of orders."""

from collections.abc import Sequence

from fastapi import APIRouter

from orders.entrypoints.routes import actions, mappings, orders, rules

ROUTERS: Sequence[APIRouter] = (actions.router, orders.router, mappings.router, rules.router)
