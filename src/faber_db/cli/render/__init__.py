"""Pure functions from an operation's answer to the page that a person reads."""
