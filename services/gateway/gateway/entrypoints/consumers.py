"""The gateway listens to nobody."""

from common.messaging.consumers import Consumers

consumers = Consumers("gateway")
