"""The yearly clean-up campaign: not built yet. The app is here so that its place in the order of apps is held."""
