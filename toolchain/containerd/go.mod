module arcos.dev/toolchain/containerd

go 1.26.6
