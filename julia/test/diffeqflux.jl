# A second implementation of the same thing: DiffEqFlux's own NeuralODE layer on a chain made here,
# with parameters cut out of the row-major vector here.
include("examples.jl")
using ComponentArrays: ComponentArray
using DiffEqFlux: DiffEqFlux
using Lux: Chain, Dense, setup
using OrdinaryDiffEqTsit5: Tsit5
using SciMLSensitivity: InterpolatingAdjoint, ZygoteVJP
using Test
using Zygote: Zygote

const TIMES = [0.0 1.0 2.5 4.0; 0.0 0.5 1.5 3.0]
const INITIAL = [1.0 0.5 -0.4; 0.3 2.0 -0.2]
const OBSERVED = randn(Xoshiro(4), 2, 4, 3)
const WEIGHTS = rand(Xoshiro(5), 1, 2, 4, 3)
const TOLERANCE = 1.0e-10

"""Return a neural model of three states without inputs, and with scales of one."""
function autonomous(; method = "tsit5", sensitivity = :auto)
    layout = layout_of((), 3, 5, 3)
    field = P.NeuralODE(P.Network(layout, "tanh"), nothing)
    scaling = P.Scaling(ones(3), Float64[], Float64[], Float64[], 1.0, :none, 3.0)
    return P.TrainingProblem(
        P.Field[field], [scaling], layout, P.Objective(false, 1.0, false),
        P.Solver(method, TOLERANCE, TOLERANCE, 10_000, nothing), sensitivity, false, TIMES, INITIAL,
        OBSERVED, TIMES[:, [1, 4]], zeros(2, 2, 0), WEIGHTS, zeros(1, 2, 4), [0.0], ones(1, 3)
    )
end

"""Return a matrix of `rows` whose rows follow each other in `values`."""
row_by_row(values, rows) = permutedims(reshape(values, :, rows))

chain = Chain(Dense(3 => 5, tanh), Dense(5 => 3))
_, states = setup(Xoshiro(6), chain)
theta = vec(example_theta(autonomous()))
parameters = ComponentArray(
    layer_1 = (weight = row_by_row(theta[1:15], 5), bias = theta[16:20]),
    layer_2 = (weight = row_by_row(theta[21:35], 3), bias = theta[36:38])
)

function path(parameters, e)
    layer = DiffEqFlux.NeuralODE(chain, (TIMES[e, 1], TIMES[e, 4]), Tsit5(); saveat = TIMES[e, :],
        sensealg = InterpolatingAdjoint(; autojacvec = ZygoteVJP()), reltol = TOLERANCE,
        abstol = TOLERANCE)
    return Array(first(layer(INITIAL[e, :], parameters, states)))
end

misfit(parameters, e) = sum(WEIGHTS[1, e, :, :]' .* (path(parameters, e) .- OBSERVED[e, :, :]') .^ 2)
total(parameters) = misfit(parameters, 1) + misfit(parameters, 2)

@testset "trajectories, $method" for method in ("tsit5", "rosenbrock")
    found = P.solve_problem(autonomous(; method), theta', [1, 2], TIMES)
    for e in 1:2
        @test maximum(abs, found.z[1, e, :, :]' .- path(parameters, e)) < 1.0e-8
    end
end

slopes = only(Zygote.gradient(total, parameters))
expected = vcat(vec(slopes.layer_1.weight'), slopes.layer_1.bias, vec(slopes.layer_2.weight'),
    slopes.layer_2.bias)

@testset "loss and gradient, $sensitivity" for sensitivity in (:interpolating, :gauss)
    found = P.loss(autonomous(; sensitivity), theta', [1], [1, 2]; gradient = true)
    @test found.data[1] ≈ total(parameters) rtol = 1.0e-9
    @test sqrt(sum(abs2, vec(found.gradient) .- expected) / sum(abs2, expected)) < 1.0e-8
end
