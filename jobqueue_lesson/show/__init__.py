"""What people look at: pictures and replays of a recorded history, labs to play with, cards to commit to."""
