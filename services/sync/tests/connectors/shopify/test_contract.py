from pathlib import Path

from sync.connectors.shopify.connector import ShopifyConnector

from ..contract import connector_contract

TestShopify = connector_contract(ShopifyConnector, fixtures=Path(__file__).parent)
