"""Tasks: what people ask devices to do, who signed it, how it went."""
