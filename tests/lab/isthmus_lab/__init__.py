"""A small Internet in network namespaces: real kernels, real routing daemons."""
