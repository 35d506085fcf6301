"""A warehouse system that speaks the WMS protocol of docs/wms-protocol.md."""
