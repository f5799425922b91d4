"""The directory: conferences, States, offices and the code lists, with their labels in English, Spanish and Portuguese."""
