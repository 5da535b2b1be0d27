module arcos.dev/images/gzip

go 1.26.0
