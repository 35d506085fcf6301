"""The messaging core: outbox, relay, inbox, runner, jobs, dead letters, topology."""
