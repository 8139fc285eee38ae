"""Links against the programs that they are for: brokers, chat servers, telephone exchanges, players.

`make test-links` runs these after `tests/prepare.py --links` installed the programs; the usual suite leaves this folder out
(tests/conftest.py). README.md beside this file says how a server is started.
"""
