include("examples.jl")
using ForwardDiff: ForwardDiff
using ReverseDiff: ReverseDiff
using Test

"""
S + E <-> A + F (hill_nn) with an enzyme, A <-> 2 B (convenience) displaced by H, B <-> S (mass
action). S, E, F and H are fixed; a third state X is no species.
"""
function kinetic_arrays()
    forward, backward = zeros(3, 6), zeros(3, 6)
    forward[1, [1, 5]] .= 1.0
    forward[2, 2] = forward[3, 3] = 1.0
    backward[1, [2, 6]] .= 1.0
    backward[2, 3], backward[2, 4], backward[3, 1] = 2.0, -1.0, 1.0
    return Dict{String, Any}(
        "kinetic_states" => [0, 2], "kinetic_dynamic" => [1, 2], "kinetic_free" => [1],
        "kinetic_free_km" => [4], "kinetic_free_vmax" => [0, 2],
        "kinetic_use_reaction" => [1], "kinetic_use_control" => [1],
        "kinetic_use_reference" => [20.0],
        "kinetic_amounts" => [1.0 -1.0 0.0; 0.0 0.0 0.0; 0.0 4.0 -2.0],
        "kinetic_constants" => [3.0, 1.0, 1.0, 0.2, 2.0, 0.5],
        "kinetic_ln_km" => log.([0.7, 1.5, 2.5, 0.4, 1.2, 0.9]),
        "kinetic_ln_vmax" => log.([4.0, 3.0, 1.1]),
        "kinetic_forward_orders" => forward, "kinetic_backward_orders" => backward,
        "kinetic_inverse_keq" => [0.5, 0.1, 0.0],
        "kinetic_species" => [0, 4, 1, 5, 1, 2], "kinetic_reaction" => [0, 0, 0, 0, 1, 1],
        "kinetic_km" => [0, 1, 2, 3, 4, 5], "kinetic_turns" => [1, 1, 1, 1, 1, 2],
        "kinetic_order" => [1.0, 1.0, 0.0, 0.0, 1.0, 0.0],
        "kinetic_pairs" => [0 2; 1 3], "kinetic_pair_reaction" => [0, 0],
        "kinetic_substrate_side" => [4;;], "kinetic_product_side" => [5;;],
        "kinetic_sided_reaction" => [1]
    )
end

"""Return v of the three reactions, law by law."""
function rates_by_hand(A, B, KA, V, level)
    hill = V[1] * 3 / 0.7 * 2 / 1.5 * (1 - A * 0.5 / (3 * 2) * 0.5) /
           ((1 + 3 / 0.7 + A / 2.5) * (1 + 2 / 1.5 + 0.5 / 0.4))
    convenience = level * V[2] * (A / KA) * (1 - B^2 / 0.2 / A * 0.1) /
                  (1 + A / KA + B / 0.9 + (B / 0.9)^2)
    return [hill, convenience, V[3] * B]
end

blocks = ("ln_km" => [1], "ln_vmax" => [2])
layout = layout_of(blocks, 3, 2, 5)
network = P.Network(layout, "tanh")
field = P.KineticODE(kinetic_arrays(), layout, network, nothing)
plain = P.KineticODE(kinetic_arrays(), layout, nothing, nothing)
scaling, y, p = scaling_of(), [0.5, 1.2, 0.3], [0.7, 5.0]
theta = 0.3 .* randn(Xoshiro(3), length(layout))
A, B = 0.5 * scaling.state_scale[1], 0.3 * scaling.state_scale[3]

@testset "rates without a network" begin
    V = [4.0, 3.0, 1.1] .* exp.([theta[2], 0.0, theta[3]])
    v = rates_by_hand(A, B, 1.2 * exp(theta[1]), V, 5 / 20)
    expected = [v[1] - v[2], 0.0, 4v[2] - 2v[3]] ./ scaling.state_scale
    @test P.slope(plain, scaling, theta, y, p) ≈ expected
    stopped = P.slope(plain, scaling, theta, y, [0.7, -1.0])
    @test stopped ≈ [v[1], 0.0, -2v[3]] ./ scaling.state_scale
end

@testset "a network corrects rates and learns the state that is no species" begin
    V = [4.0, 3.0, 1.1] .* exp.([theta[2], 0.0, theta[3]])
    heads = network(y, theta)
    v = rates_by_hand(A, B, 1.2 * exp(theta[1]), V, 5 / 20) .* exp.(tanh.(heads[1:3]))
    made, lost = log1p.(exp.(heads[4:5]))
    expected = [v[1] - v[2], 0.0, 4v[2] - 2v[3]] ./ scaling.state_scale
    expected[2] = (made - lost * y[2]) / 1.5
    @test P.slope(field, scaling, theta, y, p) ≈ expected
end

@testset "negative concentrations have signs, and count as zero in denominators" begin
    v = rates_by_hand(-0.2, 0.0, 1.2, [4.0, 3.0, 1.1], 1.0)
    laws = field.laws
    found = P.rates(laws, [3.0, -0.2, 0.0, 0.2, 2.0, 0.5], field.ln_km, field.ln_vmax)
    @test found[1] ≈ v[1] * (1 + 3 / 0.7 - 0.2 / 2.5) / (1 + 3 / 0.7)
    @test found[2] ≈ 3.0 * (-0.2 / 1.2)
    @test found[3] == 0.0
end

@testset "powers" begin
    powers = P.PowerProducts([2.0 -1.0 0.0; 0.0 0.0 0.5; 0.0 0.0 0.0])
    @test powers([-3.0, 2.0, 4.0]) ≈ [4.5, 2.0, 1.0]
    @test powers([-3.0, 2.0, -4.0]) ≈ [4.5, 0.0, 1.0]
end

"""Return the field of the reactions `chosen` alone, without a network."""
function part_of_pathway(chosen, terms)
    arrays = kinetic_arrays()
    for name in ("forward_orders", "backward_orders")
        arrays["kinetic_" * name] = arrays["kinetic_" * name][chosen, :]
    end
    for name in ("inverse_keq", "ln_vmax")
        arrays["kinetic_" * name] = arrays["kinetic_" * name][chosen]
    end
    for name in ("species", "reaction", "km", "turns", "order")
        arrays["kinetic_" * name] = arrays["kinetic_" * name][terms]
    end
    arrays["kinetic_amounts"] = arrays["kinetic_amounts"][:, chosen]
    arrays["kinetic_free_km"], arrays["kinetic_free_vmax"] = Int[], [0]
    arrays["kinetic_use_reaction"] = arrays["kinetic_use_control"] = Int[]
    arrays["kinetic_use_reference"] = Float64[]
    if !(1 in chosen)
        arrays["kinetic_pairs"], arrays["kinetic_pair_reaction"] = zeros(Int, 0, 2), Int[]
        arrays["kinetic_reaction"] = arrays["kinetic_reaction"] .- 1
        arrays["kinetic_substrate_side"], arrays["kinetic_product_side"] = [0;;], [1;;]
        arrays["kinetic_sided_reaction"] = [0]
    end
    if !(2 in chosen)
        arrays["kinetic_sided_reaction"] = Int[]
        arrays["kinetic_substrate_side"] = arrays["kinetic_product_side"] = zeros(Int, 0, 1)
    end
    layout = P.read_layout([block("ln_vmax", [1], 0)])
    return P.KineticODE(arrays, layout, nothing, nothing)
end

@testset "pathways without a law of some kind" begin
    v = rates_by_hand(A, B, 1.2, [4.0, 3.0, 1.1], 1.0)
    for (chosen, terms) in (([1], 1:4), ([2, 3], 5:6), ([3], 1:0))
        model = part_of_pathway(chosen, terms)
        rates = v[chosen] .* vcat(exp(0.2), ones(length(chosen) - 1))
        expected = (kinetic_arrays()["kinetic_amounts"][:, chosen] * rates) ./ scaling.state_scale
        @test P.slope(model, scaling, [0.2], y, p) ≈ expected
        weighted(parameters) = sum(P.slope(model, scaling, parameters, y, p) .* [1.0, 1.0, 2.0])
        @test ReverseDiff.gradient(weighted, [0.2]) ≈ ForwardDiff.gradient(weighted, [0.2])
    end
end

@testset "derivatives" begin
    for model in (field, plain)
        weighted(parameters, states) = sum([1.0, -2.0, 0.5] .*
                                           P.slope(model, scaling, parameters, states, p))
        inputs = (theta, y)
        tape = ReverseDiff.compile(ReverseDiff.GradientTape(weighted, inputs))
        for (parameters, states) in (inputs, (-0.5 .* theta, [0.1, 0.4, 2.0]),
            (theta, [-0.1, 0.4, -0.2]))
            found = ReverseDiff.gradient!(tape, (parameters, states))
            @test found[1] ≈ ForwardDiff.gradient(t -> weighted(t, states), parameters)
            @test found[2] ≈ ForwardDiff.gradient(s -> weighted(parameters, s), states)
        end
    end
end
