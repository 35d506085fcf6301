"""`python -m orders api | worker | relay | migrate | check | dead-letters | all`."""

from common.service import Service, run

from orders.bootstrap import bootstrap
from orders.settings import OrdersSettings

SERVICE = Service("orders", OrdersSettings, bootstrap)

if __name__ == "__main__":
    run(SERVICE)
