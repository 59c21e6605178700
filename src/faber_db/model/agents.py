"""Coding agents that we know, by what they leave in the shells that they start."""

VARIABLES = {
    "CLAUDECODE": "Claude Code",
    "CODEX_SANDBOX": "Codex",
    "CODEX_SANDBOX_NETWORK_DISABLED": "Codex",
    "CURSOR_AGENT": "Cursor",
    "GEMINI_CLI": "Gemini CLI",
    "OPENCODE": "opencode",
    "CLINE_ACTIVE": "Cline",
}
"""What agents set in the shells that they start."""
