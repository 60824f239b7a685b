"""The command line of the library: it shows what the clients do, asks for credentials, and translates errors.

`app` lists the commands, `command` runs one, `endings` says how a run can end, `screen` what is shown, `accounts` where
credentials come from. Every other module holds a command or what it is made of. Nothing imports this package.
"""
