"""What a lookup says when the name of a key stands where `this_key` is wanted."""

from __future__ import annotations

from tests.parts.columns import column, schema, table
from tests.support import findings_of


def test_a_lookup_along_a_key_without_this_key_is_told_how_to_say_it() -> None:
    key = column("product_id", {"lookup": {"from": "product.product_id"}})
    price = column("price", {"lookup": {"from": "product.price", "on": {"product_id": "product_id"}}})
    product = table("product", 3, column("price", {"sequence": {"start": 5}}))
    findings = findings_of(schema(product, table("sale", 3, key, price)))
    missing = [finding for finding in findings if finding.code == "language.missing_key"]
    assert [finding.expected for finding in missing] == [
        "the column of this table whose key leads to the row, as in on: {this_key: product_id}"
    ]
