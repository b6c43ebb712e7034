"""A guestbook: the application of a project that is built on Ostro."""
