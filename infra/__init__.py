"""What the installation on AWS is made of, and what it costs."""
