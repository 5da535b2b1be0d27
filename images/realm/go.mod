module arcos.dev/images/realm

go 1.26.0
