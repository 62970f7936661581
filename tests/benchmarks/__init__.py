"""How fast the engine is, as ratios against SpiffWorkflow in memory in the same run."""
