"""The third engine: a folder of files read, computed on and written by a Spark session (extra `spark`)."""
