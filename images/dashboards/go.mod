module arcos.dev/images/dashboards

go 1.26.0
