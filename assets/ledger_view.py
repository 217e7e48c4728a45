"""The two books of one set of lots: the taxpayer's, which the law asks for, and the custodian's, the broker's view.

26 U.S.C. 1091 sees all accounts of a taxpayer and all substantially identical securities. A broker reports wash sales
within one account and one identical security only (26 U.S.C. 6045(g)(2)(B)(ii); 26 CFR 1.6045-1(d)(6)(iii)), by its
own readings of what the law leaves open. The second is therefore the first with every account a household of its own
and every security a group of its own: the same statements age both, on accounts and securities staged otherwise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from assets.book import BookSettings
from ledger.policy import Readings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Whose wash sales an asset of lots follows."""

    asset: str
    """The asset that keeps these lots, from night to night."""
    stage_accounts: str
    """The statement that says within which accounts a loss is seen."""
    stage_securities: str
    """The statement that says within which securities a loss is seen."""
    readings: Callable[[BookSettings], Readings]
    """What this book reads into the law."""


TAXPAYER = View(
    asset="lots",
    stage_accounts="lots/stage_accounts",
    stage_securities="lots/stage_securities",
    readings=lambda settings: settings.tax.readings(),
)
BROKER = View(
    asset="broker_lots",
    stage_accounts="broker_lots/stage_accounts",
    stage_securities="broker_lots/stage_securities",
    readings=lambda settings: settings.custodian.readings(),
)
