"""What `locales.py` says about the first four locales, for the others: one file per country."""

from __future__ import annotations

from packs_build.countries.brazil import BR
from packs_build.countries.france import FR
from packs_build.countries.italy import IT
from packs_build.countries.japan import JP
from packs_build.countries.netherlands import NL
from packs_build.countries.poland import PL
from packs_build.countries.spain import ES
from packs_build.countries.sweden import SE
from packs_build.locales import CZ, DE, GB, US

LOCALES = (US, GB, DE, CZ, FR, ES, IT, PL, BR, NL, SE, JP)
