"""Questions before anything is spent or changed: `examine` asks a kind's own module, then the cluster if it is up."""
