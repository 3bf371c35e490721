include("examples.jl")
using ForwardDiff: ForwardDiff
using ReverseDiff: ReverseDiff
using Test

logistic(x) = 1 / (1 + exp(-x))
y, p = [0.5, 1.2, -0.3], [0.7, 40.0]

@testset "what a network sees of controls" begin
    u = P.transform_controls(scaling_of(), p)
    @test u ≈ [(log1p(0.7) - 0.4) / 0.7, 3.0]
    @test P.transform_controls(scaling_of(; transform = :linear), p) ≈ [0.3 / 0.7, 3.0]
    @test P.transform_controls(scaling_of(; transform = :none), p) == p
    ratio = exp.(P.log_enzyme_ratio(scaling_of(), u, 1.0e-4, 3.0))
    @test ratio[1] ≈ 0.7 / 2.5
    @test ratio[2] ≈ min(expm1(3 * 0.7 + 0.4) / 2.5, 3.0)
end

@testset "activations" begin
    @test P.ACTIVATIONS["softplus"](800.0) == 800.0
    @test P.ACTIVATIONS["silu"](1.3) ≈ 1.3 * logistic(1.3)
    @test P.ACTIVATIONS["gelu"](1.0) ≈ 0.8413447460685429
end

@testset "production minus degradation" begin
    problem = example(; kind = P.ProductionDegradation)
    theta = vec(example_theta(problem))
    field, scaling = problem.fields[1], problem.scalings[1]
    rates = log1p.(exp.(field.network(vcat(y, P.transform_controls(scaling, p)), theta)))
    @test P.slope(field, scaling, theta, y, p) ≈ (rates[1:3] .- rates[4:6] .* y) ./ 1.5
end

"""A -> 2 B by an enzyme, and B -> C with a learned yield; C is lost and exchanged."""
function pathway()
    blocks = ("rate" => [2], "saturation" => [2], "exponent" => [1], "yield" => [1], "loss" => [1])
    layout = layout_of(blocks, 6, 3, 4)
    learned = zeros(1, 3, 2)
    learned[1, 3, 2] = 1.5
    arrays = Dict{String, Any}(
        "structure_saturation_reaction" => [0, 1], "structure_saturation_state" => [0, 1],
        "structure_use_reaction" => [0], "structure_use_control" => [1],
        "structure_free" => [2], "structure_lost" => [2], "learned_amounts" => learned
    )
    constants = P.HybridConstants(; rate = 1.2, saturation = 0.8, exponent = 0.7, loss = 0.02,
        enzyme_floor = 1.0e-4, enzyme_cap = 3.0)
    names = (:rate, :saturation, :exponent, :yield, :loss)
    places = NamedTuple{names}(map(name -> P.block_range(layout, String(name)), names))
    return layout,
    P.HybridODE(P.Network(layout, "tanh"), 0.01, false, P.PathwayStructure(arrays, 3, 2),
        [-1.0 0.0; 2.0 -1.0; 0.0 0.0], constants, places)
end

@testset "hybrid" begin
    layout, field = pathway()
    theta = 0.3 .* randn(Xoshiro(3), length(layout))
    part(name) = theta[P.block_range(layout, name)]
    scaling = scaling_of()
    heads = field.network(vcat(y, log.(max.(y, 0) .+ 0.01)), theta)
    u = (log1p(40.0) - 0.4) / 0.7
    ratio = clamp(expm1(min(u, 3.0) * 0.7 + 0.4) / 2.5, 1.0e-4, 3.0)
    alpha = logistic(part("exponent")[1] + log(0.7 / 0.3))
    K = 0.8 .* exp.(part("saturation"))
    v = 1.2 .* exp.(part("rate")) .* exp.(tanh.(heads[1:2])) .* [ratio^alpha, 1.0] .*
        [y[1] / (K[1] + y[1]), y[2] / (K[2] + y[2])]
    exchange = log1p.(exp.(heads[3:4]))
    expected = [-v[1], 2v[1] - v[2],
        1.5 * exp(part("yield")[1]) * v[2] - 0.02 * exp(part("loss")[1]) * y[3] + exchange[1] -
        exchange[2] * y[3]] ./ 1.5
    @test P.slope(field, scaling, theta, y, p) ≈ expected
    consumed = P.slope(field, scaling, theta, [0.0, 1.0, 1.0], p)
    @test consumed[1] == 0.0

    function weighted(parameters)
        sum([1.0, -2.0, 0.5] .* P.slope(field, scaling, parameters, y, p))
    end
    @test ReverseDiff.gradient(weighted, theta) ≈ ForwardDiff.gradient(weighted, theta)
    @test P.substrate_places([1, 2, 2], 3) == [[1, 2, 4], [4, 3, 4]]
end
