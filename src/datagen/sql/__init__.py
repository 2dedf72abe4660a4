"""SQL that users write, in derived tables and metrics: read by DuckDB's own parser, checked by a white list, run locked down."""
