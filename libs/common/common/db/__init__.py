"""The database: metadata, bulk statements, transactions, migrations."""
