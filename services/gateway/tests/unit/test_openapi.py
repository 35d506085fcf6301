from gateway.entrypoints.openapi import merge


def document(path: str, detail: str) -> dict[str, object]:
    ref = {"$ref": "#/components/schemas/Page"}
    return {
        "openapi": "3.1.0",
        "paths": {path: {"get": {"operationId": "list", "responses": {"200": {"schema": ref}}}}},
        "components": {"schemas": {"Page": {"title": detail, "properties": {"next": ref}}}},
    }


def test_names_of_two_services_do_not_clash() -> None:
    merged = merge(document("/g", "own"), {"sync": document("/s", "one"), "orders": document("/o", "two")})
    assert set(merged["components"]["schemas"]) == {"gateway_Page", "sync_Page", "orders_Page"}
    assert merged["components"]["schemas"]["sync_Page"]["title"] == "one"
    inner = merged["components"]["schemas"]["orders_Page"]["properties"]["next"]
    assert inner == {"$ref": "#/components/schemas/orders_Page"}
    operation = merged["paths"]["/s"]["get"]
    assert operation["operationId"] == "sync_list"
    assert operation["responses"]["200"]["schema"] == {"$ref": "#/components/schemas/sync_Page"}
    assert merged["x-unavailable"] == []


def test_says_which_service_is_missing() -> None:
    assert merge(document("/g", "own"), {"sync": None})["x-unavailable"] == ["sync"]
