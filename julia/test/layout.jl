include("examples.jl")
using Test

layout = P.read_layout([block("net.0.weight", [2, 3], 0), block("net.0.bias", [2], 6),
    block("net.1.weight", [1, 2], 8), block("net.1.bias", [1], 10)])
theta = collect(1.0:11.0)
inside = P.column_major(layout, theta)

@test length(layout) == 11
@test reshape(inside[1:6], 2, 3) == [1 2 3; 4 5 6]
@test inside[7:11] == theta[7:11]
@test P.row_major(layout, inside) == theta
@test P.block_range(layout, "net.0.bias") == 7:8
@test isempty(P.block_range(layout, "rate"))

network = P.Network(layout, "tanh")
x = [0.3, -0.2, 0.5]
hidden = tanh.([1 2 3; 4 5 6] * x .+ [7, 8])
@test network(x, inside) ≈ [9 10] * hidden .+ 11
