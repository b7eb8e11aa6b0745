"""FedJury's clients: the executable specification, the roles, the learning and the commands."""
