"""What each role does next, as pure functions of what a participant sees: `step(view) -> actions`."""
