ALTER FUNCTION spotter.timeline() STABLE;
