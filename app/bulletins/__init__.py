"""Flow bulletins: one reporting State, one measure, one period."""
