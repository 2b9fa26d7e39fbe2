"""What people say about evaluations afterwards: appeals, corrections, sign-offs; knows no store and no flow."""
