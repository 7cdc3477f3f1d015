"""What agents see and do: the accounts they brought, and new ones."""
