"""`python -m inventory api | worker | relay | migrate | check | dead-letters | all`."""

from common.service import Service, run

from inventory.bootstrap import bootstrap
from inventory.settings import InventorySettings

SERVICE = Service("inventory", InventorySettings, bootstrap)

if __name__ == "__main__":
    run(SERVICE)
