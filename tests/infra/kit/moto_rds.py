"""What an event subscription of RDS watches, changed later: moto has no such operation."""

from moto.core.responses import ActionResult
from moto.rds.models import EventSubscription
from moto.rds.responses import RDSResponse


def the_subscription(response: RDSResponse) -> EventSubscription:
    return response.backend.event_subscriptions[response.params["SubscriptionName"]]


def add_source_identifier_to_subscription(response: RDSResponse) -> ActionResult:
    subscription = the_subscription(response)
    subscription.source_ids = [*subscription.source_ids, response.params["SourceIdentifier"]]
    return ActionResult({"EventSubscription": subscription})


def remove_source_identifier_from_subscription(response: RDSResponse) -> ActionResult:
    subscription, gone = the_subscription(response), response.params["SourceIdentifier"]
    subscription.source_ids = [name for name in subscription.source_ids if name != gone]
    return ActionResult({"EventSubscription": subscription})


RDSResponse.add_source_identifier_to_subscription = add_source_identifier_to_subscription
RDSResponse.remove_source_identifier_from_subscription = remove_source_identifier_from_subscription
