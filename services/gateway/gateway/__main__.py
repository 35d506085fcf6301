"""`python -m gateway api | worker | relay | migrate | check | dead-letters | all`."""

from common.service import Service, run

from gateway.bootstrap import bootstrap
from gateway.settings import GatewaySettings

SERVICE = Service("gateway", GatewaySettings, bootstrap)

if __name__ == "__main__":
    run(SERVICE)
