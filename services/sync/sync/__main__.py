"""`python -m sync api | worker | relay | migrate | check | dead-letters | all`."""

from common.service import Service, run

from sync.bootstrap import bootstrap
from sync.settings import SyncSettings

SERVICE = Service("sync", SyncSettings, bootstrap)

if __name__ == "__main__":
    run(SERVICE)
