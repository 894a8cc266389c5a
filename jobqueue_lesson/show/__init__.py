"""What people look at: pictures of a recorded history, and labs to play with."""
