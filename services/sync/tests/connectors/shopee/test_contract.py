from pathlib import Path

from sync.connectors.kit.testing import connector_contract
from sync.connectors.shopee.connector import ShopeeConnector

TestShopee = connector_contract(ShopeeConnector, fixtures=Path(__file__).parent)
