"""What tests of every service use."""
