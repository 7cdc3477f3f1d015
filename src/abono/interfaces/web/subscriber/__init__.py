"""What subscribers see and do: their accounts, services, money and messages."""
