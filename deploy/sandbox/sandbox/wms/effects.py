"""What happens in a warehouse."""

import base64
from typing import Any

from sandbox.journal import effect
from sandbox.shopee.effects import scan
from sandbox.specs import WarehouseSpec
from sandbox.wms.model import HELD, Callback, Parcel, Submission, Warehouse
from sandbox.world import World


@effect
def set_warehouse(world: World, *, spec: dict[str, Any]) -> None:
    """Make a warehouse, or change the given fields of one."""
    known = world.warehouses.get(spec["code"])
    merged = WarehouseSpec.model_validate((known.spec.model_dump() if known else {}) | spec)
    if known is None:
        known = world.warehouses[merged.code] = Warehouse(merged)
    known.spec = merged
    encoded = merged.secret.removeprefix("whsec_")
    known.key = base64.b64decode(encoded + "=" * (-len(encoded) % 4))


@effect
def submit(
    world: World,
    *,
    warehouse: str,
    reference: str,
    number: str,
    seller: str,
    fingerprint: str,
    parcels: list[dict[str, Any]],
    decision: str,
    after_seconds: float,
    reason: str,
    twice: bool,
) -> Submission:
    """Take an order in; `decision` accept or refuse comes after some seconds, `accept_now` at once, `none` never."""
    place = world.warehouses[warehouse]
    weight = place.spec.weight_grams
    made = [Parcel(each["package_number"], each["tracking_number"], each["carrier"], weight) for each in parcels]
    own = f"X-{world.next_id()}"
    submission = Submission(
        place, reference, number, seller, fingerprint, own, made, planned_reason=reason, twice=twice
    )
    place.submissions[reference] = submission
    world.submissions_by_number.setdefault(number, []).append(submission)
    if decision == "accept_now":
        _accept(world, submission, tell=twice)
    elif decision in ("accept", "refuse"):
        submission.action, submission.due = decision, world.now() + after_seconds
    world.on_submission(submission)
    return submission


@effect
def act(world: World, *, warehouse: str, reference: str, action: str, reason: str = "") -> bool:
    """Accept, refuse, ship, cancel or refuse to cancel; return whether anything changed."""
    submission = world.warehouses[warehouse].submissions[reference]
    before = submission.status
    submission.action = ""
    match action, submission.status:
        case "accept", "received":
            _accept(world, submission, tell=True)
        case "refuse", "received" | "accepted":
            submission.reason = reason or submission.planned_reason or "The warehouse cannot ship this order."
            _end(world, submission, "refused", "refused")
        case "ship", "accepted":
            _ship(world, submission)
        case "cancel", "received" | "accepted" | "cancel_pending":
            _end(world, submission, "canceled", "canceled")
        case "refuse_cancel", "cancel_pending":
            submission.reason = reason or "The order is already being packed."
            submission.status = "accepted"
            _tell(world, submission, "cancel_refused")
            submission.reason = ""
            _plan_shipping(world, submission)
    world.on_submission(submission)
    return submission.status != before


@effect
def cancel_by_call(
    world: World, *, warehouse: str, reference: str, pending_seconds: float | None, refuse_later: bool
) -> Submission:
    """Stop an order at once, or (with seconds) decide later."""
    submission = world.warehouses[warehouse].submissions[reference]
    if pending_seconds is None:
        submission.status, submission.action = "canceled", ""
    else:
        submission.status = "cancel_pending"
        submission.action, submission.due = "refuse_cancel" if refuse_later else "cancel", world.now() + pending_seconds
    world.on_submission(submission)
    return submission


@effect
def delivered(world: World, *, warehouse: str, reference: str, callback: str) -> None:
    """Take note that a callback was answered with a 2xx."""
    submission = world.warehouses[warehouse].submissions[reference]
    for each in submission.callbacks:
        if each.id == callback and not each.delivered:
            each.delivered = True
            submission.delivered[each.type] += 1


def _accept(world: World, submission: Submission, *, tell: bool) -> None:
    submission.status, submission.was_accepted = "accepted", True
    rivals = [
        other
        for other in world.submissions_by_number[submission.number]
        if other is not submission and other.seller == submission.seller and other.status in HELD
    ]
    for rival in rivals:
        text = f"{submission.reference} accepted while {rival.reference} is {rival.status}"
        world.duplicates.append(
            {"kind": "submission", "seller": submission.seller, "order": submission.number, "detail": text}
        )
    if tell:
        _tell(world, submission, "accepted")
    _plan_shipping(world, submission)


def _plan_shipping(world: World, submission: Submission) -> None:
    spec = submission.warehouse.spec
    if spec.ship == "auto":
        submission.action, submission.due = "ship", world.now() + spec.ship_seconds


def _ship(world: World, submission: Submission) -> None:
    submission.status, submission.shipped_at = "shipped", world.now()
    spec = submission.warehouse.spec
    if not submission.parcels:
        submission.parcels = [Parcel("", "", "", spec.weight_grams)]
    for parcel in submission.parcels:
        if not parcel.tracking_number:
            parcel.tracking_number = f"{spec.code}{world.next_id():010d}"
            parcel.carrier = parcel.carrier or "Warehouse Carrier"
        scan(world, parcel.tracking_number)
    _tell(world, submission, "shipped")


def _end(world: World, submission: Submission, status: str, callback: str) -> None:
    submission.status = status
    _tell(world, submission, callback)


def _tell(world: World, submission: Submission, kind: str) -> None:
    if not submission.warehouse.spec.callbacks:
        return
    for _ in range(2 if submission.twice else 1):
        submission.callbacks.append(
            Callback(f"msg_{submission.warehouse.spec.code}_{world.next_id()}", kind, world.now(), submission.reason)
        )
