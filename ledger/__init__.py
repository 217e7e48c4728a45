"""The law: tax rules as pure functions, exact numbers and dates, and the errors everyone raises."""
