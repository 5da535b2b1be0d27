module arcos.dev/images/seeder

go 1.26.0
