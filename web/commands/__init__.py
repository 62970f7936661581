"""The subcommands of `pathways`, by what they are about."""
