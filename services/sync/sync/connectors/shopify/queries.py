"""Every GraphQL document that the connector sends. They ask for what wire.py reads and no more: each object costs."""

_LINE = """
  id sku title variantTitle quantity currentQuantity requiresShipping
  variant { id }
  originalUnitPriceSet { shopMoney { amount currencyCode } }
"""

_FULFILLMENT_ORDER = """
  id status requestStatus fulfillBy
  supportedActions { action }
  deliveryMethod { methodType }
  assignedLocation { location { id isFulfillmentService } }
  fulfillmentHolds { reason }
"""

_FULFILLMENT_ORDER_LINES = """
  pageInfo { hasNextPage endCursor } nodes { id remainingQuantity lineItem { id } }
"""

_ORDER = f"""
fragment OrderFields on Order {{
  id name createdAt updatedAt cancelledAt cancelReason
  displayFinancialStatus displayFulfillmentStatus returnStatus
  currencyCode currentTotalPriceSet {{ shopMoney {{ amount currencyCode }} }}
  email phone note
  customer {{ displayName }}
  shippingAddress {{
    name firstName lastName company phone address1 address2 city province provinceCode zip countryCodeV2
  }}
  transactions(first: 10) {{ kind status processedAt }}
  fulfillments(first: 20) {{ status displayStatus }}
  lineItems(first: $lines) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {_LINE} }} }}
  fulfillmentOrders(first: 5) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ {_FULFILLMENT_ORDER} lineItems(first: $lines) {{ {_FULFILLMENT_ORDER_LINES} }} }}
  }}
}}
"""


def _compact(document: str) -> str:
    return " ".join(document.split())


PULL_ORDERS = _compact(
    f"""
query PullOrders($first: Int!, $after: String, $query: String!, $lines: Int!, $count: Boolean!) {{
  ordersCount(query: $query, limit: null) @include(if: $count) {{ count precision }}
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ ...OrderFields }}
  }}
}}
{_ORDER}"""
)

ORDERS_BY_ID = _compact(
    f"""
query OrdersById($ids: [ID!]!, $lines: Int!) {{
  nodes(ids: $ids) {{ ...OrderFields }}
}}
{_ORDER}"""
)

ORDER_LINES = _compact(
    f"""
query OrderLines($id: ID!, $after: String!) {{
  order(id: $id) {{
    lineItems(first: 100, after: $after) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {_LINE} }} }}
  }}
}}"""
)

ORDER_FULFILLMENT_ORDERS = _compact(
    f"""
query OrderFulfillmentOrders($id: ID!, $after: String!) {{
  order(id: $id) {{
    fulfillmentOrders(first: 10, after: $after) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ {_FULFILLMENT_ORDER} lineItems(first: 50) {{ {_FULFILLMENT_ORDER_LINES} }} }}
    }}
  }}
}}"""
)

FULFILLMENT_ORDER_LINES = _compact(
    f"""
query FulfillmentOrderLines($id: ID!, $after: String!) {{
  fulfillmentOrder(id: $id) {{ lineItems(first: 100, after: $after) {{ {_FULFILLMENT_ORDER_LINES} }} }}
}}"""
)

SHIPPING_STATE = _compact(
    f"""
query ShippingState($id: ID!) {{
  order(id: $id) {{
    id cancelledAt
    fulfillments(first: 50) {{
      id status
      location {{ id }}
      trackingInfo(first: 50) {{ company number url }}
      fulfillmentLineItems(first: 50) {{
        pageInfo {{ hasNextPage endCursor }} nodes {{ quantity lineItem {{ id }} }}
      }}
    }}
    fulfillmentOrders(first: 10) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ {_FULFILLMENT_ORDER} lineItems(first: 50) {{ {_FULFILLMENT_ORDER_LINES} }} }}
    }}
  }}
}}"""
)

CREATE_FULFILLMENT = _compact(
    """
mutation CreateFulfillment($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id status displayStatus trackingInfo { company number url } }
    userErrors { field message }
  }
}"""
)

INVENTORY_ITEMS = _compact(
    """
query InventoryItems($query: String!, $first: Int!) {
  inventoryItems(first: $first, query: $query) {
    pageInfo { hasNextPage endCursor }
    nodes { id sku tracked inventoryLevels(first: 10) { pageInfo { hasNextPage endCursor } nodes { location { id } } } }
  }
}"""
)

SET_STOCK = _compact(
    """
mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { reason referenceDocumentUri }
    userErrors { field message code }
  }
}"""
)
