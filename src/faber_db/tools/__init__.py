"""The MCP tools: what a client sees, calls and reads. They parse, call, render and decide nothing."""
