"""The chat centre of AgentIQ: conversations with customers of marketplaces, with suggested answers."""
