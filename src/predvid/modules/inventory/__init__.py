"""Sites, devices, their identity and what is known of them."""
