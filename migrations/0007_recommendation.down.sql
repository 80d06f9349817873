-- Removes all recommendations.
DROP TABLE spotter.recommendation;
