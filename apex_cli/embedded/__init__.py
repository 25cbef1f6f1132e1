"""The embedded servers (PostgreSQL, Valkey), and the home with the data of all embedded stores."""
