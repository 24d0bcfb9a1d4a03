"""`make coverage`: measures the cases and writes `docs/assumptions.md`."""

from coverage_cases.table import main

if __name__ == "__main__":
    main()
