"""Finish: validate everything, merge once, clean up; killed at any instant, the next command tells what is and goes on."""
