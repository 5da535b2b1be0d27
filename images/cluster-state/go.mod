module arcos.dev/images/cluster-state

go 1.26.0
