"""Running the course itself, whatever it teaches: its pages, their editions, a learner's copies, the doctor."""
