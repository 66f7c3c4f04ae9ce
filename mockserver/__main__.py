"""The program `mockserver`, also as `python -m mockserver`."""

import gc


def main() -> None:
    """Run the command line."""
    # Imports and a load leave no garbage; the collector took 37 ms of a start to find none.
    # `mockserver serve` switches it on again.
    gc.disable()
    from .cli import main as run

    run()


if __name__ == "__main__":
    main()
