module arcos.dev/tests/tool

go 1.26.0
