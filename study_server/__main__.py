"""`python -m study_server`: the `secondlook` command without its script."""

from study_server.cli import main

if __name__ == "__main__":
    main(prog_name="secondlook")
