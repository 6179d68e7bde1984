"""The API in OpenAPI 3.1: one table of operations per area, held against the routes by a test."""
