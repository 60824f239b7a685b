# Inside Home Assistant `voluptuous` is an alias of probatio: the types are probatio's.
from probatio import *
