"""What people say of evaluations afterwards: appeals, corrections, sign-offs; knows no store, no flow."""
