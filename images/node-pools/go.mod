module arcos.dev/images/node-pools

go 1.26.0
