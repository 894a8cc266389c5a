"""What people look at: pictures and replays of a recorded history, source, cards to commit to."""
