"""The HTTP API of inventory."""

from inventory.entrypoints.api import products, stock, warehouses

ROUTERS = (warehouses.router, products.router, stock.router)
