"""Other people's monitoring, started for real so that each bench can stand its figures beside them."""
