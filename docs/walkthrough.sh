#!/usr/bin/env bash
# From an empty installation to a shipped order, with curl. README.md explains the steps; a test runs this file.
#
#   make up                              in one terminal
#   docs/walkthrough.sh [RUN]            in another; RUN is the installation's folder below .run/, the newest by itself
set -euo pipefail
cd "$(dirname "$0")/.."
RUN=${1:-$(dirname "$(ls -td .run/up_*/settings | head -1)")}

# step: where everything is
field() { # field a.0.b: one value of the JSON on standard input
  .venv/bin/python -c '
import functools, json, sys
step = lambda at, key: at[int(key) if key.isdigit() else key]
print(functools.reduce(step, sys.argv[1].split("."), json.load(sys.stdin)))' "$1"
}
GATEWAY=http://127.0.0.1:$(field ORDERDOCK_PORT < "$RUN/settings/gateway.json")
SANDBOX=$(field ORDERDOCK_SHOPEE_HOST < "$RUN/settings/sync.json")

# step: sign in
EMAIL=$(field ORDERDOCK_ADMIN_EMAIL < "$RUN/settings/gateway.json")
PASSWORD=$(field ORDERDOCK_ADMIN_PASSWORD < "$RUN/settings/gateway.json")
ADMIN=$(curl -sS "$GATEWAY/api/v1/session" -H 'Content-Type: application/json' \
  -d "{\"email\": \"$EMAIL\", \"password\": \"$PASSWORD\"}" | field token)

# step: three helpers
api() { # api TOKEN METHOD PATH [curl options]
  curl -sS --fail-with-body -w '\n' -X "$2" "$GATEWAY/api/v1/$3" -H "Authorization: Bearer $1" \
    -H 'Content-Type: application/json' -H "Idempotency-Key: walk-$RANDOM$RANDOM$RANDOM" "${@:4}"
}
again() { # repeat a call until it is accepted
  for _ in {1..60}; do
    if answer=$("$@" 2>&1); then printf '%s\n' "$answer"; return; fi
    sleep 0.5
  done
  printf '%s\n' "$answer" >&2
  return 1
}
wait_for() { # wait_for VALUE FIELD call...: repeat a call until a field of its answer has the value
  for _ in {1..240}; do
    got=$("${@:3}" | field "$2" 2>/dev/null || true)
    if [[ $got == "$1" ]]; then echo "$2: $got"; return; fi
    sleep 0.5
  done
  echo "$2 is ${got:-missing}, not $1" >&2
  return 1
}

# step: a warehouse and a channel
WAREHOUSE=$(api "$ADMIN" POST warehouses -d '{
  "code": "NYC", "name": "New York", "country": "US", "time_zone": "America/New_York", "currency": "USD",
  "adapter": {"kind": "desk"}}' | field id)
CHANNEL=$(again api "$ADMIN" POST channels -d '{
  "warehouse_id": "'$WAREHOUSE'", "code": "GROUND", "name": "Ground", "kind": "carrier", "countries": ["US"]}' | field id)

# step: prices
again api "$ADMIN" POST fee-schedules -d '{
  "warehouse_id": "'$WAREHOUSE'", "name": "standard", "valid_from": "2020-01-01",
  "per_order": "2.40", "per_further_unit": "0.35", "bands": [{"up_to_grams": null, "amount": "1.50"}]}'

# step: a seller with a user
SELLER_ID=$(api "$ADMIN" POST sellers -d '{"code": "MUGS", "name": "Mugs Ltd", "currency": "USD"}' | field id)
api "$ADMIN" POST users -d '{
  "email": "owner@mugs.example", "password": "a-long-Passphrase-1", "name": "Mugs owner",
  "roles": ["seller_owner"], "seller_id": "'$SELLER_ID'"}'
SELLER=$(curl -sS "$GATEWAY/api/v1/session" -H 'Content-Type: application/json' \
  -d '{"email": "owner@mugs.example", "password": "a-long-Passphrase-1"}' | field token)
again api "$ADMIN" PUT "warehouses/$WAREHOUSE/sellers/$SELLER_ID"

# step: money
printf '%%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF\n' > "$RUN/receipt.pdf"
pay_in() {
  curl -sS --fail-with-body "$GATEWAY/api/v1/topups" -H "Authorization: Bearer $SELLER" \
    -H 'Idempotency-Key: first-payment' -F amount=500.00 -F currency=USD -F "proof=@$RUN/receipt.pdf;type=application/pdf"
}
TOPUP=$(again pay_in | field id)
api "$ADMIN" POST "topups/$TOPUP/approve" -H 'If-Match: "1"' -d '{}'
api "$SELLER" GET account

# step: a product and its stock
api "$SELLER" POST products/batch -d '{"rows": [{"sku": "MUG-BLUE", "title": "Blue mug", "weight_grams": 380}]}'
api "$SELLER" POST products/submit -d '{"skus": ["MUG-BLUE"]}'
api "$ADMIN" POST products/approve -d '{"seller_id": "'$SELLER_ID'", "skus": ["MUG-BLUE"]}'
api "$ADMIN" POST products/measure -d '{"rows": [{"seller_id": "'$SELLER_ID'", "sku": "MUG-BLUE",
  "weight_grams": 402, "length_mm": 120, "width_mm": 100, "height_mm": 110}]}'
again api "$ADMIN" POST stock/receive -d '{"warehouse_id": "'$WAREHOUSE'",
  "rows": [{"seller_id": "'$SELLER_ID'", "sku": "MUG-BLUE", "quantity": 10}]}'

# step: a shop outside
SECRET=$(field ORDERDOCK_SHOPIFY_CLIENT_SECRET < "$RUN/settings/sync.json")
curl -sS --fail-with-body -w '\n' "$SANDBOX/control/apps" -d '{
  "platform": "shopify", "client_id": "orderdock-local", "client_secret": "'$SECRET'"}'
curl -sS --fail-with-body -w '\n' "$SANDBOX/control/shops" -d '{
  "platform": "shopify", "shop": "mugs.myshopify.com", "app": "orderdock-local", "currency": "USD"}'

# step: the seller connects it
STORE=$(api "$SELLER" POST stores -d '{"platform": "shopify", "name": "Mugs", "shop": "mugs.myshopify.com"}')
STORE_ID=$(field id <<< "$STORE")
curl -sSL --fail-with-body -o /dev/null "$(field authorize_url <<< "$STORE")"
wait_for active state api "$SELLER" GET "stores/$STORE_ID"

# step: what ships for what, and from where
again api "$SELLER" POST mappings -d '{
  "store_id": "'$STORE_ID'", "platform_sku": "mug", "items": [{"sku": "MUG-BLUE", "quantity": 1}]}'
again api "$SELLER" POST routing-rules -d '{
  "name": "United States", "countries": ["US"], "warehouse_id": "'$WAREHOUSE'", "channel_id": "'$CHANNEL'",
  "auto_review": true}'

# step: somebody buys
curl -sS --fail-with-body -w '\n' "$SANDBOX/control/orders" -d '{"orders": [{
  "shop": "mugs.myshopify.com", "order": "#1001", "lines": [{"sku": "mug", "title": "Mug", "quantity": 2, "price": "12.50"}],
  "address": {"name": "Ana Silva", "line1": "1 Main St", "city": "New York", "region": "NY",
              "postal_code": "10001", "country": "US"}}]}'
again api "$SELLER" POST "stores/$STORE_ID/sync"
wait_for processing items.0.status api "$SELLER" GET orders
ORDER=$(api "$SELLER" GET orders | field items.0.id)

# step: submit
wait_for pending_submit items.0.draft_status api "$SELLER" GET fulfillments
FULFILLMENT=$(api "$SELLER" GET fulfillments | field items.0.id)
api "$SELLER" GET "fulfillments/$FULFILLMENT/label" -o "$RUN/label.pdf"
again api "$SELLER" POST "fulfillments/$FULFILLMENT/submit"
wait_for warehouse_processing status api "$SELLER" GET "orders/$ORDER"

# step: ship
api "$ADMIN" POST "fulfillments/$FULFILLMENT/ship" -d '{}'
wait_for shipped status api "$SELLER" GET "orders/$ORDER"
wait_for uploaded tracking_upload.state api "$SELLER" GET "orders/$ORDER"

# step: what is left of it
api "$SELLER" GET "orders/$ORDER/timeline"
wait_for 495.75 available api "$SELLER" GET account
wait_for 8 items.0.on_hand api "$SELLER" GET stock
api "$SELLER" GET "orders/$ORDER" | field parcels.0.tracking_number
curl -sS "$SANDBOX/control/orders" | field items.0.tracking_stored.0
