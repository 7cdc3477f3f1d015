"""Stories: acceptance tests that people can read, played through the real engine on a clock of their own."""
