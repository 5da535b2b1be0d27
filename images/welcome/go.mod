module arcos.dev/images/welcome

go 1.26.0
