"""From what is live to a plan, from a plan to calls, and from their outcomes to the state; ports bring the world."""
