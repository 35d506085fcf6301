"""`python -m fulfillment api | worker | relay | migrate | check | dead-letters | all`."""

from common.service import Service, run

from fulfillment.bootstrap import bootstrap
from fulfillment.settings import FulfillmentSettings

SERVICE = Service("fulfillment", FulfillmentSettings, bootstrap)

if __name__ == "__main__":
    run(SERVICE)
