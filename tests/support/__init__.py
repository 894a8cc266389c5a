"""What more than one test needs. A test module imports from here, and never from another test module."""
