"""Standard Webhooks signatures, as the protocol's page defines them."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

TOLERANCE_SECONDS = 300


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of webhook-signature."""
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def signed_headers(key: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a call."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(key, message_id, timestamp, body),
    }


def problem_with(key: bytes, headers: Mapping[str, str], body: bytes, now: float) -> str:
    """Return what is wrong with a call's signature, or an empty string."""
    message_id, stamp, signatures = (
        headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    )
    if not (message_id and stamp and signatures):
        return "webhook-id, webhook-timestamp and webhook-signature are required"
    if not stamp.isdigit() or abs(now - int(stamp)) > TOLERANCE_SECONDS:
        return f"webhook-timestamp {stamp!r} is more than {TOLERANCE_SECONDS} seconds off"
    expected = sign(key, message_id, int(stamp), body)
    if not any(hmac.compare_digest(expected.encode(), each.encode()) for each in signatures.split(" ")):
        return "webhook-signature does not fit the body"
    return ""
