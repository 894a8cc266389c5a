"""What runs the course itself, and knows nothing of what it teaches: the pages, their editions, copies, the doctor."""
