"""How fast the solve is: the figures of ``openbell bench solve``, from a checkout.

python -m bench.solve --names 200 --factors 20 --accounts 400 --seed 950
"""

from __future__ import annotations

import argparse
import json

from pipelines.measure import measure_solve


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("names", 200), ("factors", 20), ("accounts", 200), ("seed", 950)):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(measure_solve(**vars(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
