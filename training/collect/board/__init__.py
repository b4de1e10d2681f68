"""What measures, in the standard library alone: it runs on this machine and, copied, on a board.

`archcost collect bundle` packs these modules into one file beside the models. They import nothing
but each other and, for what they run, a runtime; Python 3.9 is enough.
"""
