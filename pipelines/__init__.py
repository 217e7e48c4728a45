"""How the night runs: definitions, partitions, jobs, sensors, the command line and the simulated market."""
