"""What training and evaluation of all packages share; answering uses nothing of it."""
