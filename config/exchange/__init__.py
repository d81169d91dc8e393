"""Exchange files in and out (spec/exchange.md): reading, staging, merging, dumping.

Framework only: which files there are is declared by each app's `exchange.py`.
"""
