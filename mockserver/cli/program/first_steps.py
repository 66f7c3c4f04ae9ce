"""What `mockserver` without a command says: what people do first."""

FIRST_STEPS = """\
mockserver is a stand-in for Prefect's flow-run API. What people do first:

  mockserver serve --open
      Serve 60 flow runs, and look at them in a browser; nothing is needed.
  mockserver dump URL -o copy.ndjson.gz
      Copy a server's flow runs; this only reads.
  mockserver explain FILTER --runs copy.ndjson.gz
      Tell what a bulk_delete would delete, and why.
  mockserver rehearse --runs copy.ndjson.gz -- python clean_up.py
      Run a clean-up script against a private copy, and see what it deleted.
  mockserver verify --spawn prefect
      Check whether a server keeps the contract.

'mockserver --help' lists all commands; 'mockserver serve --help' explains one.
"""
