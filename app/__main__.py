"""`python -m app` is `istmo`."""

from app.cli import main

if __name__ == "__main__":
    main()
