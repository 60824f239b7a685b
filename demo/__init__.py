"""A real Home Assistant between simulated clouds, for people to click through and for the tests to torment."""
