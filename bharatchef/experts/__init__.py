"""Films of people who can cook a dish: what is kept of them, what they propose, what a person confirmed."""
