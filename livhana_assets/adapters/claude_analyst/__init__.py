"""Claude behind the Analyst port: prices, ledger, client, calls; answers, analyst, agent."""
