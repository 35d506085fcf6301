"""`python -m billing api | worker | relay | migrate | check | dead-letters | all`."""

from common.service import Service, run

from billing.bootstrap import bootstrap
from billing.settings import BillingSettings

SERVICE = Service("billing", BillingSettings, bootstrap)

if __name__ == "__main__":
    run(SERVICE)
