"""What the API offers, a file for each kind of thing; `loading` finds them, nobody lists them."""
