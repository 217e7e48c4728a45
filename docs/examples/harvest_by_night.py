"""Losses harvested, tax saved and accounts held, night by night: the catalogue from Python.

Run it as `python docs/examples/harvest_by_night.py BOOK`.
"""

import sys

from assets.catalogue import Catalogue

BY_NIGHT = """
    select
        night,
        count(*) as accounts,
        count(*) filter (where status like 'HELD%') as held,
        sum(harvested_loss_usd) as harvested_usd,
        sum(tax_saved_usd) as tax_saved_usd
    from published.accounts
    group by night
    order by night
"""
LONGEST_WINDOWS = """
    select household_id, identical_group, last_day, in_dollars(loss_microusd) as loss_usd
    from wash_windows.no_buy
    where night = (select max(night) from published.manifest)
    order by loss_microusd desc, household_id, identical_group
    limit 5
"""

catalogue = Catalogue.of(sys.argv[1])
print(catalogue.polars(BY_NIGHT))
print(catalogue.polars(LONGEST_WINDOWS))
