"""The roles: each says what a participant does next, as a pure function of its view: `step(view) ->
actions`."""
