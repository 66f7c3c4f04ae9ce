"""`python -m mockserver` is the command `mockserver`."""

import gc


def main() -> None:
    """Run the command."""
    gc.disable()  # imports and a load make nothing that it finds; `serve` switches it on
    from .cli import main as run

    run()


if __name__ == "__main__":
    main()
