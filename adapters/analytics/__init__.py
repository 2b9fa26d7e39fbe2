"""The analytics' store: a star in PostgreSQL, or in SQLite on a laptop; knows no source and no flow."""
