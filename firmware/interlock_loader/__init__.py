"""What starts a unit's application, and which of its two: never updated over the air. `boot.run` is the door."""
