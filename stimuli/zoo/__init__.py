"""The demo zoo: how its networks beside the standard one are trained and measured."""
