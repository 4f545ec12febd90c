"""The MCP server `holdfast-mcp`: tools for agents, on standard input and output (the extra `holdfast[mcp]`)."""
