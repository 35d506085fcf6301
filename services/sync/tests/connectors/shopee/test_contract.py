from pathlib import Path

from sync.connectors.shopee.connector import ShopeeConnector

from ..contract import connector_contract

TestShopee = connector_contract(ShopeeConnector, fixtures=Path(__file__).parent)
