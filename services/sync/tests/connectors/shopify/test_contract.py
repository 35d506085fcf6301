from pathlib import Path

from sync.connectors.kit.testing import connector_contract
from sync.connectors.shopify.connector import ShopifyConnector

TestShopify = connector_contract(ShopifyConnector, fixtures=Path(__file__).parent)
